"""Short-term memory: conversations by session, as much of each as fits, or a summary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Self

from ..errors import ConfigurationError
from ..events import MemoryHit
from ..messages import Message, estimate_tokens, settle_calls
from ..planning import Run
from ..values import JsonValue
from .compaction import cut_point, summarise, summary_message
from .session_store import FileSessions, ProcessSessions, SessionStore

__all__ = ["Conversation"]

_WORD = re.compile(r"\w+")


class Conversation:
    """Keeps the messages of each session, and notes that are found by their words.

    Where a session is longer than `max_tokens` a run sees its last whole turns (a user's message
    and all that followed from it), so that no call is ever parted from its result. What came before
    is dropped from view, or stands as a summary at the start: the model of the run writes it,
    within the run's budget, once for each time that the view is full, and goes on from the last.
    Without a run, or when the model fails, turns are dropped. Nothing is deleted: a larger
    `max_tokens` shows more.

    Args:
        max_tokens: The most tokens of history that a run sees, estimated at three bytes a token;
            only the last turn may be longer. None: all of it.
        compaction: `drop`, or `summarise`, which costs a model call when the view is full. Then the
            view is cut to half of `max_tokens`, so that this does not happen at every turn.
        path: A SQLite file to keep it all in, such as that of a `VectorMemory`. None: this process.
        busy_timeout_s: How long a write waits for another process that writes to the file.

    Raises:
        MemoryStoreError: the file cannot be opened, read or written.
        CorruptStoreError: the file is something else; it is left as it is.

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

    def __init__(
        self,
        *,
        max_tokens: int | None = None,
        compaction: Literal["drop", "summarise"] = "drop",
        path: str | Path | None = None,
        busy_timeout_s: float = 5.0,
    ) -> None:
        if max_tokens is not None and max_tokens < 1:
            raise ConfigurationError(f"max_tokens is {max_tokens}: it must be at least 1, or None")
        if compaction not in ("drop", "summarise"):
            raise ConfigurationError(f"compaction is {compaction!r}: say 'drop' or 'summarise'")
        self._max_tokens = max_tokens
        self._summarises = compaction == "summarise"
        self._store: SessionStore = (
            ProcessSessions()
            if path is None
            else FileSessions(Path(path), busy_timeout_s=busy_timeout_s)
        )

    async def history(self, session: str, *, run: Run | None = None) -> tuple[Message, ...]:
        """Return the latest turns that fit, oldest first. The last turn is always among them.

        Raises:
            LimitError: a summary is due, and the budget of the run is used up.
        """
        messages, (covered, summary) = await self._store.messages(session)
        if self._max_tokens is None:
            return settle_calls(messages)
        if not self._summarises:
            return settle_calls(messages[cut_point(messages, max_tokens=self._max_tokens) :])
        view = self._view(messages[covered:], summary)
        if sum(map(estimate_tokens, view)) > self._max_tokens and run is not None:
            place = covered + cut_point(messages[covered:], max_tokens=self._max_tokens // 2)
            written = await self._summary(run, summary, messages[covered:place])
            if written is not None:
                await self._store.keep_summary(session, (place, written))
                return settle_calls(self._view(messages[place:], written))
        return settle_calls(self._cut(messages[covered:], summary, self._max_tokens))

    async def _summary(self, run: Run, earlier: str, messages: Sequence[Message]) -> str | None:
        """Have it written, a quarter of the view long; None: there is nothing to sum up yet."""
        if not messages or self._max_tokens is None:
            return None
        return await summarise(run, earlier, messages, max_tokens=max(self._max_tokens // 4, 1))

    def _view(self, messages: Sequence[Message], summary: str) -> list[Message]:
        return [*([summary_message(summary)] if summary else []), *messages]

    def _cut(self, messages: Sequence[Message], summary: str, max_tokens: int) -> list[Message]:
        room = max_tokens - (estimate_tokens(summary_message(summary)) if summary else 0)
        return self._view(messages[cut_point(messages, max_tokens=room) :], summary)

    async def extend(
        self, session: str, messages: Sequence[Message], *, run: Run | None = None
    ) -> None:
        """Append messages to a session, all or none."""
        await self._store.extend(session, messages)

    async def forget(self, session: str) -> None:
        """Delete a session; one that does not exist is no error."""
        await self._store.forget(session)

    async def add(
        self,
        text: str,
        *,
        source: str = "",
        metadata: Mapping[str, JsonValue] | None = None,
        run: Run | None = None,
    ) -> None:
        """Store a note."""
        await self._store.add_note(
            MemoryHit(text=text, score=0.0, source=source, metadata=dict(metadata or {}))
        )

    async def search(
        self, query: str, *, top_k: int = 5, run: Run | None = None
    ) -> list[MemoryHit]:
        """Return the notes that share words with the query; the score is the share of its words."""
        wanted = Counter(_words(query))
        hits: list[MemoryHit] = []
        for note in await self._store.notes():
            shared = sorted((wanted & Counter(_words(note.text))).elements())
            if shared:
                score = len(shared) / wanted.total()
                why = f"shares {', '.join(shared)}"
                hits.append(note.model_copy(update={"score": score, "why": why}))
        return sorted(hits, key=lambda hit: -hit.score)[:top_k]

    async def aclose(self) -> None:
        """Close the file, where there is one."""
        await self._store.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
