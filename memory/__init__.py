"""Memory: what an agent keeps beyond one run."""

from .conversation import Conversation
from .exact_index import ExactIndex
from .faiss_index import FaissIndex
from .filters import AllOf, AnyOf, Between, Equals, Filter, Not, OneOf
from .index_conformance import check_vector_index
from .records import Namespace, NewRecord, Record
from .vector_index import VectorIndex
from .vector_memory import VectorMemory

__all__ = [
    "AllOf",
    "AnyOf",
    "Between",
    "Conversation",
    "Equals",
    "ExactIndex",
    "FaissIndex",
    "Filter",
    "Namespace",
    "NewRecord",
    "Not",
    "OneOf",
    "Record",
    "VectorIndex",
    "VectorMemory",
    "check_vector_index",
]
