"""The other side of an LLM under test: what it is to be told, and what it has sent."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from ..completions import Completion, LLMRequest
from ..values import Value

__all__ = ["Exchange", "Sent", "Stall", "leaves_of"]

Sent: TypeAlias = LLMRequest | Mapping[str, object] | bytes | str
"""A request as the backend put it: the body for a server, or the request itself."""

_POLL_S = 0.001


@dataclass(frozen=True, slots=True)
class Stall:
    """A turn that never comes to its end: the call has to be cancelled."""


class Exchange:
    """The turns that a model takes in one check, and what it was sent. Safe to use from threads.

    Each request takes the next turn. Where several requests come at once, `cues` say which turn
    belongs to which.

    Args:
        turns: A `Completion` to answer with, or something that a harness knows how to play.
        cues: One text for each turn; a request that holds it takes that turn, and no other.

    Example:
        >>> from agentcore import AssistantMessage
        >>> exchange = Exchange([Completion(message=AssistantMessage(content="4"))])
        >>> asyncio.run(exchange.reply("2 + 2?")).text
        '4'
        >>> exchange.sent
        ['2 + 2?']
    """

    def __init__(self, turns: Iterable[object], *, cues: Sequence[str] = ()) -> None:
        self.turns = tuple(turns)
        """All turns, in order."""
        self.sent: list[Sent] = []
        """What the backend sent, in order."""
        self.stops = 0
        """How many turns were stopped, from the other side, before their end."""
        self._left = list(enumerate(self.turns))
        self._cues = tuple(cues)
        self._lock = threading.Lock()

    def take(self, sent: Sent) -> object:
        """Record what was sent, and return the turn that it gets; a `Stall` where none is left."""
        with self._lock:
            self.sent.append(sent)
            text = " ".join(leaves_of(sent)) if self._cues else ""
            for place, (number, turn) in enumerate(self._left):
                if not self._cues or self._cues[number] in text:
                    del self._left[place]
                    return turn
        return Stall()

    async def reply(self, sent: Sent) -> Completion:
        """Answer as a model inside the process does: with a completion, or never."""
        turn = self.take(sent)
        if isinstance(turn, Completion):
            return turn
        await self.stall()
        raise AssertionError  # it never comes to this

    async def stall(self) -> None:
        """Wait until the other side stops waiting, and count that."""
        try:
            await asyncio.Event().wait()
        finally:
            self.stop()

    def stop(self) -> None:
        """Say that the other side has stopped waiting for a turn."""
        with self._lock:
            self.stops += 1

    async def until(self, condition: Callable[[Exchange], bool]) -> None:
        """Wait until something has happened here, in whatever thread."""
        while not condition(self):  # noqa: ASYNC110 - an asyncio.Event belongs to one thread
            await asyncio.sleep(_POLL_S)


def leaves_of(sent: object) -> list[str]:
    """The texts, names and numbers in what was sent, in order; JSON inside of texts is opened."""
    if isinstance(sent, Value):
        sent = sent.encoded
    if isinstance(sent, bytes):
        sent = sent.decode("utf-8", "replace")
    if isinstance(sent, str):
        opened = _json_in(sent)
        return [sent] if opened is None else leaves_of(opened)
    if isinstance(sent, LLMRequest):
        return leaves_of([sent.messages, sent.tools, sent.output_schema, sent.sampling])
    if isinstance(sent, Mapping):
        items = cast("Mapping[object, object]", sent).items()
        return [leaf for pair in items for item in pair for leaf in leaves_of(item)]
    if isinstance(sent, Sequence):
        return [leaf for item in cast("Sequence[object]", sent) for leaf in leaves_of(item)]
    return [json.dumps(sent)] if isinstance(sent, (int, float)) else []


def _json_in(text: str) -> object:
    """The array or object that a text is, or nothing."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None
