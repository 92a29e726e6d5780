"""Protocols for what a model, or an agent, may have on top; a class with the methods is enough."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from .completions import LLMRequest
from .messages import Message
from .planning import Run

__all__ = ["ExampleStore", "Explaining"]


@runtime_checkable
class Explaining(Protocol):
    """An LLM that can show what it sends.

    Example:
        >>> class Shouting:
        ...     def payload(self, request): return request.messages[-1].content.upper().encode()
        >>> isinstance(Shouting(), Explaining)
        True
    """

    def payload(self, request: LLMRequest) -> bytes:
        """Return the body of the request, byte for byte, as `complete` sends it without a sink."""
        ...


class ExampleStore(Protocol):
    """Keeps solved tasks, and finds those that are like a new one.

    Example:
        >>> class Fixed:
        ...     async def select(self, task, *, run=None):
        ...         return (UserMessage(content="2 + 2"), AssistantMessage(content="4"))
    """

    async def select(self, task: str, *, run: Run | None = None) -> tuple[Message, ...]:
        """Return turns of user and assistant, the most useful last; none is no error.

        What it needs of an embedder or a model it asks of `run`.
        """
        ...
