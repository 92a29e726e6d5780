"""Memory: what an agent keeps beyond one run."""

from .conversation import Conversation
from .examples import SimilarExamples

__all__ = ["Conversation", "SimilarExamples"]
