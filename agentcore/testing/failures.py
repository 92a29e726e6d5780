"""Checks of what goes wrong on the way to a server: each has its class, and shows no key."""

from __future__ import annotations

import json
import pickle
import traceback
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from ..completions import Completion, TextDelta
from ..errors import (
    AuthenticationError,
    ContextLengthError,
    LLMError,
    LLMTimeoutError,
    LLMUnavailableError,
    ModelNotFoundError,
    RateLimitError,
)
from ..interfaces import LLM
from . import scenes
from .server import Breakdown, HTTPReply, MockServer, Refusal, to_reply
from .suite import Suite, check, expect, expect_equal

__all__ = ["FailureChecks", "ServedSuite"]

E = TypeVar("E", bound=LLMError)

_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
_BUSY = Refusal("rate_limit", 429, "Too many requests.", {"retry-after": "7"})
_TOO_LONG = Refusal(
    "too_long",
    400,
    "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 "
    "tokens.",
)


class ServedSuite(Suite):
    """What the author of a backend writes of its server's wire: a `Wire`, for the checks of one."""

    stream_type = "text/event-stream"
    """The content type of a stream."""
    streams = True
    """Whether the server can stream. Where not, its answers are streamed in one piece."""

    def whole(self, completion: Completion, /) -> bytes:
        """Write an answer as the server sends it in one piece."""
        raise NotImplementedError(f"{type(self).__name__} has to write an answer in one piece")

    def frames(self, completion: Completion, /) -> Sequence[bytes]:
        """Write an answer as the server streams it: frame by frame, characters unescaped.

        The first half of the frames holds text, where there is text, and does not end the answer.
        """
        raise NotImplementedError(f"{type(self).__name__} has to write a streamed answer")

    def refused(self, refusal: Refusal, /) -> HTTPReply:
        """Write a refusal as the server sends it; its words have to be in it."""
        body = {"error": {"message": refusal.words}}
        return HTTPReply(status=refusal.status, pieces=[json.dumps(body).encode()])

    def breakdown(self, kind: Breakdown, /) -> Exception:
        """Return what the HTTP client raises where the connection fails in this way."""
        raise NotImplementedError(f"{type(self).__name__} has to say what its HTTP client raises")

    def half(self, *, stream: bool) -> HTTPReply:
        """The first half of an answer: of its bytes, or of the frames of its stream."""
        reply = to_reply(self, scenes.TEXT, stream=stream)
        if stream:
            return replace(reply, pieces=reply.pieces[: len(reply.pieces) // 2])
        (body,) = reply.pieces
        return replace(reply, pieces=[body[: len(body) // 2]])


class FailureChecks(ServedSuite):
    """The world's failures become errors of the `LLMError` tree, with the backend's name."""

    @check
    async def test_a_wrong_key_is_an_authentication_error_that_does_not_show_it(self) -> None:
        words = f"Incorrect API key provided: {MockServer.key}."
        await self._fails(Refusal("bad_key", 401, words), AuthenticationError)

    @check
    async def test_an_unknown_model_is_a_model_not_found_error(self) -> None:
        words = "The model 'model-1' does not exist."
        await self._fails(Refusal("no_model", 404, words), ModelNotFoundError)

    @check
    async def test_a_rate_limit_says_when_to_come_back(self) -> None:
        for error in await self._fails(_BUSY, RateLimitError):
            expect_equal(error.retry_after_s, 7.0, "retry_after_s")

    @check
    async def test_a_conversation_that_is_too_long_is_a_context_length_error(self) -> None:
        await self._fails(_TOO_LONG, ContextLengthError)

    @check
    async def test_an_overloaded_server_is_unavailable(self) -> None:
        for status in (500, 503):
            refusal = Refusal("overloaded", status, "The server is overloaded.")
            await self._fails(refusal, LLMUnavailableError)

    @check
    async def test_a_server_that_is_down_is_unavailable(self) -> None:
        await self._fails(self.breakdown("refused"), LLMUnavailableError)

    @check
    async def test_no_answer_in_time_is_a_timeout(self) -> None:
        await self._fails(self.breakdown("timed_out"), LLMTimeoutError)

    @check
    async def test_a_connection_that_breaks_before_the_answer_is_unavailable(self) -> None:
        await self._fails(self.breakdown("disconnected"), LLMUnavailableError)

    @check
    async def test_a_connection_that_breaks_inside_the_answer_is_unavailable(self) -> None:
        def broken(stream: bool) -> HTTPReply:  # noqa: FBT001 - the form of a ReplyMaker
            return replace(self.half(stream=stream), ends="breaks")

        await self._fails(broken, LLMUnavailableError)

    @check
    async def test_an_answer_that_ends_too_early_is_unavailable(self) -> None:
        def ended(stream: bool) -> HTTPReply:  # noqa: FBT001 - the form of a ReplyMaker
            return self.half(stream=stream)

        await self._fails(ended, LLMUnavailableError)

    @check
    async def test_an_answer_that_is_no_json_is_unavailable(self) -> None:
        def garbled(stream: bool) -> HTTPReply:  # noqa: FBT001 - the form of a ReplyMaker
            reply = to_reply(self, scenes.TEXT, stream=stream)
            return replace(reply, pieces=[piece.replace(b'"', b"'") for piece in reply.pieces])

        await self._fails(garbled, LLMUnavailableError)

    @check
    async def test_the_error_page_of_a_proxy_is_unavailable(self) -> None:
        page = HTTPReply(status=502, content_type="text/html", pieces=[_PAGE])
        await self._fails(page, LLMUnavailableError)

    @check
    async def test_a_page_instead_of_an_answer_is_unavailable(self) -> None:
        page = HTTPReply(content_type="text/html", pieces=[_PAGE])
        await self._fails(page, LLMUnavailableError)

    @check
    async def test_the_repr_does_not_show_the_key(self) -> None:
        async with self.playing() as (llm, _):
            expect(MockServer.key not in repr(llm), f"the repr shows the key: {llm!r}")

    async def _fails(self, turn: object, kind: type[E]) -> list[E]:
        """Check a failure of a plain call and of a streamed one; the next call works."""
        errors: list[E] = []
        async with self.playing(turn, scenes.TEXT, turn, scenes.TEXT) as (llm, _):
            for is_streamed in (False, True):
                error = await _error_of(llm, stream=is_streamed)
                how = "streamed" if is_streamed else "plain"
                if not isinstance(error, kind) or type(error) is not kind:
                    cause = error if isinstance(error, Exception) else None
                    raise AssertionError(
                        f"a {how} call has to raise {kind.__name__}: it ended with {error!r}"
                    ) from cause
                errors.append(error)
                _expect_good(error, llm)
                completion = await llm.complete(scenes.HELLO)
                expect_equal(completion.text, scenes.TEXT.text, "the answer after a failure")
        return errors


async def _error_of(llm: LLM, *, stream: bool) -> object:
    """What the call raises, or else returns."""

    async def sink(delta: TextDelta) -> None:
        pass

    try:
        return await llm.complete(scenes.HELLO, on_delta=sink if stream else None)
    except Exception as error:  # noqa: BLE001 - the check looks at whatever it is
        return error


def _expect_good(error: LLMError, llm: LLM) -> None:
    """Every error names its backend, pickles, and shows no key, nor do its causes."""
    expect_equal(error.backend, llm.name, "error.backend")
    copy: object = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    expect_equal(repr(copy), repr(error), "the error, pickled and back")
    shown = f"{error!r} {vars(error)!r} {''.join(traceback.format_exception(error))}"
    expect(MockServer.key not in shown, f"the key is shown: {shown}")
