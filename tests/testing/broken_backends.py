"""Backends behind HTTP each of which does one thing wrong."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any

import httpx

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
from agentcore.testing import Breakdown, HTTPConformance, MockServer
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
