"""Memory: what an agent keeps beyond one run."""

from .conversation import Conversation
from .embedders.cached import CachedEmbedder
from .embedders.default import default_embedder
from .embedders.hashing import HashingEmbedder
from .embedders.ollama import OllamaEmbedder
from .embedders.onnx import OnnxEmbedder
from .embedders.openai import OpenAIEmbedder
from .embedders.sentence_transformer import SentenceTransformerEmbedder
from .embedders.static import StaticEmbedder
from .exact_index import ExactIndex
from .examples import SimilarExamples
from .faiss_index import FaissIndex
from .filters import AllOf, AnyOf, Between, Equals, Filter, Not, OneOf
from .index_conformance import check_vector_index
from .knowledge.diversity import diversify
from .knowledge.expansion import Expanded, HyDE, MultiQuery, QueryExpansion, RAGFusion
from .knowledge.fusion import Fusion, RankFusion, ScoreFusion
from .knowledge.hybrid import Candidates
from .knowledge.keyword_index import KeywordIndex
from .knowledge.knowledge_base import Ingested, KnowledgeBase
from .knowledge.reranking import ModelReranker, Reranker
from .knowledge.retrieval import Retrieval
from .knowledge.splitters import (
    HeadingSplitter,
    RecursiveSplitter,
    SentenceSplitter,
    TokenSplitter,
    WholeSplitter,
)
from .knowledge.sql_check import SQLRefusedError, check_sql
from .knowledge.sql_question import SQLAnswer, SQLKnowledge
from .knowledge.sql_source import DuckDBSource, SQLiteSource, SQLSource
from .knowledge.words import Analyzer
from .record_changes import Changes, Revision
from .records import Namespace, NewRecord, Record
from .vector_index import VectorIndex
from .vector_memory import VectorMemory

__all__ = [
    "AllOf",
    "Analyzer",
    "AnyOf",
    "Between",
    "CachedEmbedder",
    "Candidates",
    "Changes",
    "Conversation",
    "DuckDBSource",
    "Equals",
    "ExactIndex",
    "Expanded",
    "FaissIndex",
    "Filter",
    "Fusion",
    "HashingEmbedder",
    "HeadingSplitter",
    "HyDE",
    "Ingested",
    "KeywordIndex",
    "KnowledgeBase",
    "ModelReranker",
    "MultiQuery",
    "Namespace",
    "NewRecord",
    "Not",
    "OllamaEmbedder",
    "OneOf",
    "OnnxEmbedder",
    "OpenAIEmbedder",
    "QueryExpansion",
    "RAGFusion",
    "RankFusion",
    "Record",
    "RecursiveSplitter",
    "Reranker",
    "Retrieval",
    "Revision",
    "SQLAnswer",
    "SQLKnowledge",
    "SQLRefusedError",
    "SQLSource",
    "SQLiteSource",
    "ScoreFusion",
    "SentenceSplitter",
    "SentenceTransformerEmbedder",
    "SimilarExamples",
    "StaticEmbedder",
    "TokenSplitter",
    "VectorIndex",
    "VectorMemory",
    "WholeSplitter",
    "check_sql",
    "check_vector_index",
    "default_embedder",
    "diversify",
]
