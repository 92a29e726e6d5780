"""Short-term memory: conversations by session, the last turns of each within a token budget."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from ..errors import ConfigurationError
from ..events import MemoryHit
from ..messages import Message, UserMessage, estimate_tokens, settle_calls
from ..planning import Run
from ..values import JsonValue

__all__ = ["Conversation"]

_WORD = re.compile(r"\w+")


class Conversation:
    """Keeps the messages of each session in this process, and notes that are found by their words.

    A session's history is cut to whole turns (a user's message and all that followed from it), so
    that no call is ever parted from its result. Nothing is deleted: a larger `max_tokens` shows
    more.

    Args:
        max_tokens: The most tokens of history that a run sees, estimated at three bytes a token.
            None: all of it.

    Example:
        >>> from agentcore import Agent
        >>> from agentcore.memory import Conversation
        >>> from agentcore.testing import ScriptedLLM
        >>> llm = ScriptedLLM("Hello Ann.", "Ann.")
        >>> agent = Agent(llm=llm, memory=Conversation(max_tokens=500))
        >>> agent.run_sync("I am Ann.", session="ann").output
        'Hello Ann.'
        >>> agent.run_sync("Who am I?", session="ann").output
        'Ann.'
    """

    def __init__(self, *, max_tokens: int | None = None) -> None:
        if max_tokens is not None and max_tokens < 1:
            raise ConfigurationError(f"max_tokens is {max_tokens}: it must be at least 1, or None")
        self._max_tokens = max_tokens
        self._sessions: dict[str, list[Message]] = {}
        self._notes: list[MemoryHit] = []

    async def history(self, session: str, *, run: Run | None = None) -> tuple[Message, ...]:
        """Return the latest turns that fit, oldest first. The last turn is always among them."""
        kept: list[Message] = []
        size = 0
        for turn in reversed(_turns(self._sessions.get(session, []))):
            size += sum(estimate_tokens(message) for message in turn)
            if kept and self._max_tokens is not None and size > self._max_tokens:
                break
            kept = [*turn, *kept]
        return settle_calls(kept)

    async def extend(
        self, session: str, messages: Sequence[Message], *, run: Run | None = None
    ) -> None:
        """Append messages to a session."""
        self._sessions.setdefault(session, []).extend(messages)

    def forget(self, session: str) -> None:
        """Delete a session; one that does not exist is no error."""
        self._sessions.pop(session, None)

    async def add(
        self,
        text: str,
        *,
        source: str = "",
        metadata: Mapping[str, JsonValue] | None = None,
        run: Run | None = None,
    ) -> None:
        """Store a note."""
        self._notes.append(
            MemoryHit(text=text, score=0.0, source=source, metadata=dict(metadata or {}))
        )

    async def search(
        self, query: str, *, top_k: int = 5, run: Run | None = None
    ) -> list[MemoryHit]:
        """Return the notes that share words with the query; the score is the share of its words."""
        wanted = Counter(_words(query))
        hits: list[MemoryHit] = []
        for note in self._notes:
            shared = sorted((wanted & Counter(_words(note.text))).elements())
            if shared:
                score = len(shared) / wanted.total()
                why = f"shares {', '.join(shared)}"
                hits.append(note.model_copy(update={"score": score, "why": why}))
        return sorted(hits, key=lambda hit: -hit.score)[:top_k]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _turns(messages: Sequence[Message]) -> list[list[Message]]:
    """Cut before every user message."""
    turns: list[list[Message]] = []
    for message in messages:
        if isinstance(message, UserMessage) or not turns:
            turns.append([])
        turns[-1].append(message)
    return turns
