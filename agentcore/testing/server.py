"""A server that is not there: it plays a check's turns in the wire form of a backend."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from ..completions import Completion
from .exchange import Exchange

__all__ = [
    "Body",
    "Breakdown",
    "HTTPReply",
    "MockServer",
    "Refusal",
    "RefusalKind",
    "ReplyMaker",
    "Response",
    "Wire",
    "to_reply",
]

Breakdown: TypeAlias = Literal["refused", "timed_out", "disconnected"]
"""How a connection fails: nobody listens; nothing comes in time; it breaks."""

RefusalKind: TypeAlias = Literal["bad_key", "no_model", "rate_limit", "too_long", "overloaded"]

_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A turn in which the server refuses the request."""

    kind: RefusalKind
    status: int
    """The usual one: 401, 404, 429, 400, 503. Some servers have another."""
    words: str
    """What the server says."""
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS)


@dataclass(frozen=True, slots=True)
class HTTPReply:
    """What a server sends."""

    status: int = 200
    content_type: str = "application/json"
    pieces: Sequence[bytes] = ()
    """The body, in the pieces in which it arrives."""
    ends: Literal["closes", "stalls", "breaks"] = "closes"
    """What comes after the last piece: the end, nothing ever, or a broken connection."""


class Body:
    """A body that arrives piece by piece: iterate over it, and close it when it is let go."""

    def __init__(self, reply: HTTPReply, breakdown: Exception, exchange: Exchange) -> None:
        self._reply = reply
        self._breakdown = breakdown
        self._exchange = exchange
        self._is_over = False

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        try:
            for piece in self._reply.pieces:
                yield piece
            if self._reply.ends == "breaks":
                self._is_over = True
                raise self._breakdown
            if self._reply.ends == "stalls":
                await asyncio.Event().wait()
            self._is_over = True
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Say that nobody reads on; it counts as a stop where there was more to come."""
        if not self._is_over:
            self._is_over = True
            self._exchange.stop()


@dataclass(frozen=True, slots=True)
class Response:
    """What a mocked transport passes on to the backend."""

    status: int
    headers: Mapping[str, str]
    body: Body


class Wire(Protocol):
    """The form in which a server speaks, which the author of a backend writes."""

    stream_type: str

    def whole(self, completion: Completion, /) -> bytes:
        """An answer in one piece."""
        ...

    def frames(self, completion: Completion, /) -> Sequence[bytes]:
        """A streamed answer."""
        ...

    def refused(self, refusal: Refusal, /) -> HTTPReply:
        """What the server sends where it refuses."""
        ...

    def breakdown(self, kind: Breakdown, /) -> Exception:
        """What the HTTP client raises where the connection fails."""
        ...


class MockServer:
    """What stands behind a mocked transport.

    Hand the body of each request to `respond`, and pass on what it returns, or raises.
    """

    key = "sk-conformance-0123456789"
    """The key to give to the backend. The suite looks for it where it must not be."""

    def __init__(self, exchange: Exchange, wire: Wire) -> None:
        self._exchange = exchange
        self._wire = wire

    async def respond(self, body: bytes, *, stream: bool) -> Response:
        """Answer a request for a completion.

        Args:
            body: What the backend sent.
            stream: Whether it asked for a stream.

        Raises:
            Exception: what `breakdown` made, where the connection is to fail.
        """
        turn = self._exchange.take(body)
        if isinstance(turn, Exception):
            raise turn
        reply = self._reply_for(turn, stream=stream)
        if reply is None:
            await self._exchange.stall()
            raise AssertionError  # it never comes to this
        headers = {"content-type": reply.content_type}
        if isinstance(turn, Refusal):
            headers |= turn.headers
        broken = self._wire.breakdown("disconnected")
        return Response(reply.status, headers, Body(reply, broken, self._exchange))

    def _reply_for(self, turn: object, *, stream: bool) -> HTTPReply | None:
        """What the server sends in a turn; None: it never answers."""
        if isinstance(turn, Completion):
            return to_reply(self._wire, turn, stream=stream)
        if isinstance(turn, Refusal):
            return self._wire.refused(turn)
        if callable(turn):
            made: object = turn(stream)
            return made if isinstance(made, HTTPReply) else None
        return turn if isinstance(turn, HTTPReply) else None


ReplyMaker: TypeAlias = Callable[[bool], HTTPReply]


def to_reply(wire: Wire, completion: Completion, *, stream: bool) -> HTTPReply:
    """An answer as the server sends it, whole or as a stream."""
    if stream:
        return HTTPReply(content_type=wire.stream_type, pieces=wire.frames(completion))
    return HTTPReply(pieces=[wire.whole(completion)])
