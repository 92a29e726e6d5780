"""The suite fails, in the right check, where a backend behind HTTP does something wrong."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any

import httpx
import pytest

from agentcore.brain.checks import check_request
from agentcore.brain.wire import with_ids
from agentcore.completions import Abilities, Completion, LLMRequest, TextDelta
from agentcore.errors import (
    LLMError,
    LLMUnavailableError,
    RateLimitError,
)
from agentcore.interfaces import LLM, DeltaSink
from agentcore.messages import AssistantMessage, ToolCall
from agentcore.servers.failures import Failure, Origin, to_error
from agentcore.testing import Breakdown, HTTPConformance, MockServer, Suite, failing_checks
from agentcore.testing.failures import FailureChecks
from agentcore.testing.streams import StreamChecks
from agentcore.testing.suite import checks_of
from agentcore.usage import Usage


class Backend:
    """A backend that is sound; each subclass breaks one thing."""

    abilities = Abilities(json_schema=False, sampling=frozenset({"seed"}))
    name = "plain:m"

    def __init__(self, client: httpx.AsyncClient, key: str) -> None:
        self.client = client
        self.key = key
        self.origin = Origin(self.name, str(client.base_url), key=key)

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        check_request(request, self.abilities, backend=self.name)
        lines: list[Any] = []
        async with aclosing(self.lines(self.body(request))) as stream:
            async for line in stream:
                lines.append(line)
                for kind in ("thinking", "text"):
                    if on_delta is not None and line.get(kind):
                        await on_delta(TextDelta(text=line[kind], thinking=kind == "thinking"))
        if not lines or "done" not in lines[-1]:
            return self.cut_short()
        message = AssistantMessage(
            content="".join(line.get("text", "") for line in lines),
            thinking="".join(line.get("thinking", "") for line in lines),
            tool_calls=self.calls([ToolCall(**line["call"]) for line in lines if "call" in line]),
        )
        usage = Usage(steps=1, input_tokens=lines[-1]["in"], output_tokens=lines[-1]["out"])
        return Completion(message=message, finish_reason=lines[-1]["done"], usage=usage)

    def body(self, request: LLMRequest) -> Any:
        sampling = request.sampling.model_dump(exclude_none=True)
        said = [item.model_dump(exclude={"thinking"}) for item in request.messages]
        return {"messages": said, "tools": [t.model_dump() for t in request.tools], **sampling}

    def calls(self, calls: list[ToolCall]) -> tuple[ToolCall, ...]:
        return with_ids(calls)

    def cut_short(self) -> Completion:
        raise self.origin.unavailable("the stream ended before the answer did")

    async def lines(self, body: Any) -> AsyncGenerator[Any]:
        try:
            async with self.client.stream("POST", "/", json=body) as response:
                if response.is_error:
                    await response.aread()
                    raise self.refusal(response)
                async for line in self.split(response):
                    yield json.loads(line)
        except (httpx.HTTPError, ValueError) as error:
            raise self.failure(error) from error

    async def split(self, response: httpx.Response) -> AsyncGenerator[bytes | str]:
        rest = b""
        async for piece in response.aiter_bytes():
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                yield line

    def failure(self, error: Exception) -> Exception:
        if isinstance(error, httpx.ConnectError):
            return self.origin.refused()
        if isinstance(error, httpx.TimeoutException):
            return self.origin.timed_out()
        return self.origin.unavailable(repr(error))

    def refusal(self, response: httpx.Response) -> Exception:
        wait_s = float(response.headers.get("retry-after", 0)) or None
        return to_error(
            Failure(response.text, response.status_code, retry_after_s=wait_s), self.origin
        )

    async def aclose(self) -> None:
        """The client belongs to the test."""


class ShowsTheKeyOfTheServer(Backend):
    def __init__(self, client: httpx.AsyncClient, key: str) -> None:
        super().__init__(client, key)
        self.origin = Origin(self.name, str(client.base_url))


class ShowsTheKeyInTheCause(Backend):
    def refusal(self, response: httpx.Response) -> Exception:
        error = super().refusal(response)
        error.__cause__ = ValueError(response.text)
        return error


class ShowsTheKeyInItsRepr(Backend):
    def __repr__(self) -> str:
        return f"Backend(key={self.key!r})"


class ForgetsWhoFailed(Backend):
    def __init__(self, client: httpx.AsyncClient, key: str) -> None:
        super().__init__(client, key)
        self.origin = Origin("", str(client.base_url), key=key)


class LetsTheVendorsErrorsOut(Backend):
    def failure(self, error: Exception) -> Exception:
        return error


class TakesEveryFailureForOne(Backend):
    def refusal(self, response: httpx.Response) -> Exception:
        return LLMUnavailableError("failed", backend=self.name)

    def failure(self, error: Exception) -> Exception:
        return LLMUnavailableError("failed", backend=self.name)


class ForgetsHowLongToWait(Backend):
    def refusal(self, response: httpx.Response) -> Exception:
        error = super().refusal(response)
        if isinstance(error, RateLimitError):
            error.retry_after_s = None
        return error


class RaisesWhatDoesNotPickle(Backend):
    def refusal(self, response: httpx.Response) -> Exception:
        error = super().refusal(response)
        if isinstance(error, LLMError):
            error.__dict__["response"] = lambda: response
        return error


class TakesHalfAnAnswer(Backend):
    def cut_short(self) -> Completion:
        return Completion(message=AssistantMessage(content="half"))


class DecodesEachPiece(Backend):
    async def split(self, response: httpx.Response) -> AsyncGenerator[bytes | str]:
        rest = ""
        async for piece in response.aiter_bytes():
            *lines, rest = (rest + piece.decode(errors="replace")).split("\n")
            for line in lines:
                yield line


class TakesAPieceForALine(Backend):
    async def split(self, response: httpx.Response) -> AsyncGenerator[bytes | str]:
        async for piece in response.aiter_bytes():
            yield piece


class WaitsForTheWholeStream(Backend):
    async def split(self, response: httpx.Response) -> AsyncGenerator[bytes | str]:
        for line in (await response.aread()).split(b"\n")[:-1]:
            yield line


class LeavesTheStreamOpen(Backend):
    open: list[Any]

    async def lines(self, body: Any) -> AsyncGenerator[Any]:
        request = self.client.build_request("POST", "/", json=body)
        response = await self.client.send(request, stream=True)
        pieces = self.split(response)
        self.open = [*getattr(self, "open", []), response, pieces]
        async for line in pieces:
            yield json.loads(line)


class SendsThinkingBack(Backend):
    def body(self, request: LLMRequest) -> Any:
        return super().body(request) | {"messages": [m.model_dump() for m in request.messages]}


class LeavesCallsWithoutIds(Backend):
    def calls(self, calls: list[ToolCall]) -> tuple[ToolCall, ...]:
        return tuple(calls)


class Stream(httpx.AsyncByteStream):
    def __init__(self, body: Any) -> None:
        self.body = body

    def __aiter__(self) -> Any:
        return aiter(self.body)

    async def aclose(self) -> None:
        await self.body.aclose()


def broken(backend: Callable[[httpx.AsyncClient, str], LLM]) -> HTTPConformance:
    class Broken(HTTPConformance):
        def connect(self, server: MockServer, /) -> LLM:
            async def answer(request: httpx.Request) -> httpx.Response:
                response = await server.respond(request.content, stream=True)
                headers = dict(response.headers)
                return httpx.Response(
                    response.status, headers=headers, stream=Stream(response.body)
                )

            transport = httpx.MockTransport(answer)
            client = httpx.AsyncClient(transport=transport, base_url="http://plain.test")
            return backend(client, server.key)

        def frames(self, completion: Completion, /) -> Sequence[bytes]:
            said, usage = completion.message, completion.usage
            lines: list[Any] = [{"thinking": said.thinking}] if said.thinking else []
            lines += [{"text": letter} for letter in said.content]
            lines += [{"call": call.model_dump()} for call in said.tool_calls]
            lines.append(
                {
                    "done": completion.finish_reason,
                    "in": usage.input_tokens,
                    "out": usage.output_tokens,
                }
            )
            return [json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines]

        def breakdown(self, kind: Breakdown, /) -> Exception:
            if kind == "refused":
                return httpx.ConnectError(kind)
            return (httpx.ReadTimeout if kind == "timed_out" else httpx.ReadError)(kind)

    return Broken()


KEY = {"test_a_wrong_key_is_an_authentication_error_that_does_not_show_it"}
LATE = {"test_a_rate_limit_says_when_to_come_back"}
NO_MODEL = {"test_an_unknown_model_is_a_model_not_found_error"}
TOO_LONG = {"test_a_conversation_that_is_too_long_is_a_context_length_error"}
OVERLOADED = {
    "test_an_overloaded_server_is_unavailable",
    "test_the_error_page_of_a_proxy_is_unavailable",
}
TIMED_OUT = {"test_no_answer_in_time_is_a_timeout"}
CONNECTION = {
    "test_a_connection_that_breaks_before_the_answer_is_unavailable",
    "test_a_connection_that_breaks_inside_the_answer_is_unavailable",
    "test_a_server_that_is_down_is_unavailable",
    *TIMED_OUT,
}
GARBLED = {"test_an_answer_that_is_no_json_is_unavailable"}
CUT_SHORT = {
    "test_a_page_instead_of_an_answer_is_unavailable",
    "test_an_answer_that_ends_too_early_is_unavailable",
}
REPR = {"test_the_repr_does_not_show_the_key"}
STATUSES = KEY | LATE | NO_MODEL | TOO_LONG
CUT = {
    "test_a_character_cut_in_two_anywhere_arrives_whole",
    "test_a_stream_of_single_bytes_arrives_whole",
}
LET_GO = {
    "test_an_error_of_the_reader_closes_the_stream",
    "test_text_is_streamed_while_it_comes_and_a_cancelled_stream_is_closed",
}


@pytest.mark.parametrize(
    ("backend", "family", "failing"),
    [
        (ShowsTheKeyOfTheServer, FailureChecks, KEY),
        (ShowsTheKeyInTheCause, FailureChecks, KEY),
        (ShowsTheKeyInItsRepr, FailureChecks, REPR),
        (ForgetsWhoFailed, FailureChecks, set(checks_of(FailureChecks)) - REPR),
        (LetsTheVendorsErrorsOut, FailureChecks, CONNECTION | GARBLED),
        (TakesEveryFailureForOne, FailureChecks, STATUSES | TIMED_OUT),
        (ForgetsHowLongToWait, FailureChecks, LATE),
        (RaisesWhatDoesNotPickle, FailureChecks, STATUSES | OVERLOADED),
        (TakesHalfAnAnswer, FailureChecks, CUT_SHORT),
        (DecodesEachPiece, StreamChecks, CUT),
        (TakesAPieceForALine, StreamChecks, CUT | {"test_a_stream_in_one_piece_arrives_whole"}),
        (SendsThinkingBack, StreamChecks, {"test_thinking_is_never_sent_back"}),
        (LeavesCallsWithoutIds, StreamChecks, {"test_calls_that_come_without_ids_get_some"}),
    ],
)
def test_what_is_wrong_with_a_backend_fails_in_its_checks_and_in_no_other_of_the_family(
    backend: type[Backend], family: type[Suite], failing: set[str]
) -> None:
    assert failing_checks(broken(backend), checks_of(family)).keys() == failing


@pytest.mark.parametrize(
    ("backend", "failing"),
    [
        (WaitsForTheWholeStream, LET_GO),
        (LeavesTheStreamOpen, {"test_an_error_of_the_reader_closes_the_stream"}),
    ],
)
def test_what_never_ends_fails_when_patience_does(
    backend: type[Backend], failing: set[str]
) -> None:
    suite = broken(backend)
    suite.patience_s = 0.05  # all of these checks wait in vain, however fast the machine is

    assert failing_checks(suite, failing).keys() == failing


def test_a_backend_that_is_sound_fails_nowhere() -> None:
    assert failing_checks(broken(Backend)) == {}
