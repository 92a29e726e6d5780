"""Every backend passes the suite that is shipped; what is special to a wire is tested elsewhere."""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import httpcore2
import httpx
import pytest
import respx

from agentcore.brain.llamacpp import LlamaCppLLM
from agentcore.brain.llamacpp_engine import Engine
from agentcore.brain.ollama import OllamaLLM
from agentcore.brain.openai import OpenAILLM
from agentcore.completions import Completion
from agentcore.interfaces import LLM
from agentcore.messages import ToolCall
from agentcore.servers.presets import GPT4ALL, OPENAI, VLLM, Server
from agentcore.servers.reading import Body
from agentcore.testing import (
    Breakdown,
    Exchange,
    HTTPConformance,
    HTTPReply,
    LiveConformance,
    LLMConformance,
    MockServer,
    Refusal,
)
from agentcore.values import JsonObject

ADDRESS = "http://models.test/v1"


class Stream(httpx.AsyncByteStream):
    """A body for a mocked transport, which tells its server when it is closed."""

    def __init__(self, body: Any) -> None:
        self.body = body

    def __aiter__(self) -> AsyncIterator[bytes]:
        chunks: AsyncIterator[bytes] = aiter(self.body)
        return chunks

    async def aclose(self) -> None:
        await self.body.aclose()


def encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def words_of(text: str) -> list[str]:
    return text.replace(" ", " \0").split("\0") if text else []


def serve(api: respx.MockRouter, path: str, server: MockServer) -> None:
    async def answer(request: httpx.Request) -> httpx.Response:
        body = request.content
        response = await server.respond(body, stream=bool(json.loads(body).get("stream")))
        stream = Stream(response.body)
        return httpx.Response(response.status, headers=dict(response.headers), stream=stream)

    api.post(path).mock(side_effect=answer)


# --- chat completions, also as llama.cpp speaks them inside the process


def openai_usage(completion: Completion) -> Any:
    usage = completion.usage
    return {"prompt_tokens": usage.input_tokens, "completion_tokens": usage.output_tokens}


def openai_calls(calls: Sequence[ToolCall]) -> list[Any]:
    return [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
        | {"function": {"name": call.name, "arguments": call.arguments}}
        for call in calls
    ]


def logprobs_of(completion: Completion) -> list[Any]:
    return [
        {
            "token": item.token,
            "logprob": item.logprob,
            "top_logprobs": [{"token": name, "logprob": p} for name, p in item.alternatives],
        }
        for item in completion.logprobs or ()
    ]


def openai_chunks(completion: Completion) -> list[JsonObject]:
    """The answer word by word, and each call in a head and two halves of its arguments."""
    message = completion.message
    deltas: list[Any] = [{"reasoning_content": word} for word in words_of(message.thinking)]
    deltas += [{"content": word} for word in words_of(message.content)]
    for index, call in enumerate(message.tool_calls):
        half = len(call.arguments) // 2
        head = {"name": call.name, "arguments": ""}
        deltas.append({"tool_calls": [{"index": index, "id": call.id, "function": head}]})
        for part in (call.arguments[:half], call.arguments[half:]):
            fragment = {"index": index, "function": {"arguments": part}}
            deltas.append({"tool_calls": [fragment]})
    chunks: list[Any] = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    if completion.logprobs:
        chunks[0]["choices"][0]["logprobs"] = {"content": logprobs_of(completion)}
    ending: Any = {"index": 0, "delta": {}, "finish_reason": completion.finish_reason}
    chunks += [{"choices": [ending]}, {"choices": [], "usage": openai_usage(completion)}]
    return [{"model": completion.model, **chunk} for chunk in chunks]


class OpenAIWire(HTTPConformance):
    server: Server
    api: respx.MockRouter

    @pytest.fixture(autouse=True)
    def mocked(self, openai_api: respx.MockRouter) -> None:
        self.api = openai_api

    def connect(self, server: MockServer, /) -> LLM:
        serve(self.api, "/chat/completions", server)
        return OpenAILLM(
            "m", base_url=ADDRESS, api_key=server.key, server=self.server, max_retries=0
        )

    def whole(self, completion: Completion, /) -> bytes:
        message = {
            "content": completion.text,
            "reasoning_content": completion.message.thinking,
            "tool_calls": openai_calls(completion.message.tool_calls),
        }
        choice: Any = {"message": message, "finish_reason": completion.finish_reason}
        if completion.logprobs:
            choice["logprobs"] = {"content": logprobs_of(completion)}
        usage = openai_usage(completion)
        return encode({"model": completion.model, "choices": [choice], "usage": usage})

    def frames(self, completion: Completion, /) -> Sequence[bytes]:
        chunks = [b"data: %b\n\n" % encode(chunk) for chunk in openai_chunks(completion)]
        return [*chunks, b"data: [DONE]\n\n"]

    def breakdown(self, kind: Breakdown, /) -> Exception:
        kinds = {
            "refused": httpcore2.ConnectError,
            "timed_out": httpcore2.ReadTimeout,
            "disconnected": httpcore2.ReadError,
        }
        return kinds[kind](kind)


class TestOpenAI(OpenAIWire):
    server = OPENAI


@pytest.mark.slow
class TestVLLM(OpenAIWire):
    server = VLLM


@pytest.mark.slow
class TestGPT4All(OpenAIWire):
    server = GPT4ALL
    streams = False


# --- Ollama


class TestOllama(HTTPConformance):
    stream_type = "application/x-ndjson"
    capabilities = ("completion", "tools", "thinking", "vision")
    api: respx.MockRouter

    @pytest.fixture(autouse=True)
    def mocked(self, ollama_api: respx.MockRouter, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OLLAMA_API_KEY", MockServer.key)
        self.api = ollama_api
        self.api.post("/api/show").respond(json={"capabilities": self.capabilities})
        self.api.get("/api/tags").respond(json={"models": []})

    def connect(self, server: MockServer, /) -> LLM:
        serve(self.api, "/api/chat", server)
        return OllamaLLM("m")

    def whole(self, completion: Completion, /) -> bytes:
        return encode(self.line(completion, **self.message(completion)))

    def frames(self, completion: Completion, /) -> Sequence[bytes]:
        said = completion.message
        lines: list[Any] = [{"thinking": word} for word in words_of(said.thinking)]
        lines += [{"content": word} for word in words_of(said.content)]
        lines += [{"content": "", "tool_calls": [call]} for call in self.calls(completion)]
        bodies: list[Any] = [{"message": line, "done": False} for line in lines]
        if completion.logprobs:
            bodies[0]["logprobs"] = logprobs_of(completion)
        last = self.line(completion, content="")
        del last["logprobs"]
        return [encode(body) + b"\n" for body in (*bodies, last)]

    def refused(self, refusal: Refusal, /) -> HTTPReply:
        return HTTPReply(status=refusal.status, pieces=[encode({"error": refusal.words})])

    def breakdown(self, kind: Breakdown, /) -> Exception:
        kinds = {
            "refused": httpx.ConnectError,
            "timed_out": httpx.ReadTimeout,
            "disconnected": httpx.ReadError,
        }
        return kinds[kind](kind)

    def calls(self, completion: Completion) -> list[Any]:
        return [
            {"id": c.id, "function": {"name": c.name, "arguments": json.loads(c.arguments)}}
            for c in completion.message.tool_calls
        ]

    def message(self, completion: Completion) -> Any:
        said = completion.message
        return {
            "content": said.content,
            "thinking": said.thinking,
            "tool_calls": self.calls(completion),
        }

    def line(self, completion: Completion, **message: Any) -> Any:
        return {
            "model": completion.model,
            "message": {"role": "assistant", **message},
            "done": True,
            "done_reason": "length" if completion.finish_reason == "length" else "stop",
            "prompt_eval_count": completion.usage.input_tokens,
            "eval_count": completion.usage.output_tokens,
            "logprobs": logprobs_of(completion) or None,
        }


@pytest.mark.slow
class TestOllamaWithoutAbilities(TestOllama):
    capabilities = ("completion",)


# --- llama.cpp inside the process: first what surrounds it, then with a real model


class FakeLlama:
    """Stands where llama.cpp does: in a thread, and asked after each chunk whether to go on."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def handle_chat_completions(
        self, body: Body, on_chunk: Callable[[JsonObject], bool], /
    ) -> object:
        turn = self.exchange.take(body)
        if isinstance(turn, Completion):
            return any(on_chunk(chunk) for chunk in openai_chunks(turn))
        pause = threading.Event()
        while not on_chunk({"prompt_progress": {"processed": 1}}):
            pause.wait(0.001)
        self.exchange.stop()
        return None


class TestLlamaCpp(LLMConformance):
    native_tools = False
    path: Path

    @pytest.fixture(autouse=True)
    def empty_model(self, tmp_path: Path) -> None:
        pytest.importorskip("xllamacpp")
        self.path = tmp_path / "empty.gguf"
        self.path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 0))

    def make(self, exchange: Exchange, /) -> LLM:
        llm = LlamaCppLLM(self.path, native_tools=self.native_tools)
        llm._engine = Engine(lambda: FakeLlama(exchange), name=llm.name)  # pyright: ignore[reportPrivateUsage] - llama.cpp is what is faked
        return llm


class TestLlamaCppThatCallsTools(TestLlamaCpp):
    native_tools = True


@pytest.mark.slow
class TestSmolLM2(LiveConformance):
    def model(self) -> LLM:
        return LlamaCppLLM("smollm2", context_tokens=1024)
