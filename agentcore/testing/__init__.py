"""What is shipped for tests: models whose answers you write, and a suite that every LLM passes.

To test an agent: `ScriptedLLM`, `FunctionLLM`, and `HashingEmbedder` for its memory. To test a
backend of your own: subclass `LLMConformance`, `HTTPConformance` or `LiveConformance`
(docs/writing-a-backend.md).
"""

from ..brain.scripted import FunctionLLM, Reply, ScriptedLLM, call
from ..memory.embedders.hashing import HashingEmbedder
from .conformance import HTTPConformance, LLMConformance
from .exchange import Exchange, Stall
from .live import LiveConformance
from .server import Breakdown, HTTPReply, MockServer, Refusal, RefusalKind
from .suite import Suite, failing_checks

__all__ = [
    "Breakdown",
    "Exchange",
    "FunctionLLM",
    "HTTPConformance",
    "HTTPReply",
    "HashingEmbedder",
    "LLMConformance",
    "LiveConformance",
    "MockServer",
    "Refusal",
    "RefusalKind",
    "Reply",
    "ScriptedLLM",
    "Stall",
    "Suite",
    "call",
    "failing_checks",
]
