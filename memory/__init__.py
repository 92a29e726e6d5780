"""Memory: what an agent keeps beyond one run."""

from .conversation import Conversation

__all__ = ["Conversation"]
