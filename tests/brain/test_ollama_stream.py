from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import respx

from agentcore.brain.ollama import OllamaLLM
from agentcore.completions import Completion, LLMRequest, Sampling, TextDelta
from agentcore.errors import LLMUnavailableError, ModelNotFoundError
from agentcore.messages import UserMessage

HELLO = LLMRequest((UserMessage(content="hi"),))
DONE: Any = {
    "model": "m",
    "message": {"role": "assistant", "content": ""},
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 9,
    "eval_count": 1,
}


class Pieces(httpx.AsyncByteStream):
    """A body that arrives in pieces; with `stalls` it never ends."""

    def __init__(self, *pieces: bytes, stalls: bool = False) -> None:
        self.pieces = pieces
        self.stalls = stalls
        self.is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece
        if self.stalls:
            await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.is_closed = True


def line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def text(content: str, name: str = "content") -> bytes:
    return line({"message": {name: content}, "done": False})


async def streamed(
    api: respx.MockRouter, body: httpx.AsyncByteStream, request: LLMRequest = HELLO
) -> tuple[Completion, list[TextDelta]]:
    api.post("/api/chat").respond(stream=body)
    llm = OllamaLLM("m")
    deltas: list[TextDelta] = []

    async def sink(delta: TextDelta) -> None:
        deltas.append(delta)

    try:
        return await llm.complete(request, on_delta=sink), deltas
    finally:
        await llm.aclose()


async def test_text_and_thinking_are_streamed_apart(ollama_api: respx.MockRouter) -> None:
    body = Pieces(text("2+2", "thinking"), text("It "), text("is 4."), line(DONE))

    completion, deltas = await streamed(ollama_api, body)

    assert deltas == [
        TextDelta(text="2+2", thinking=True),
        TextDelta(text="It "),
        TextDelta(text="is 4."),
    ]
    assert (completion.text, completion.message.thinking) == ("It is 4.", "2+2")
    assert body.is_closed


async def test_a_streamed_answer_equals_the_answer_in_one_piece(
    ollama_api: respx.MockRouter,
) -> None:
    calls = [{"function": {"name": name, "arguments": {"a": 1}}} for name in ("add", "sub")]
    token = {"token": "4", "logprob": -0.5}
    message = {"content": "It is 4.", "thinking": "2+2", "tool_calls": calls}
    request = LLMRequest(HELLO.messages, sampling=Sampling(logprobs=0))
    ollama_api.post("/api/chat").respond(json={**DONE, "message": message, "logprobs": [token] * 2})
    llm = OllamaLLM("m")
    whole = await llm.complete(request)
    await llm.aclose()

    body = Pieces(
        text("2+2", "thinking"),
        line({"message": {"content": "It ", "tool_calls": calls[:1]}, "logprobs": [token]}),
        line({"message": {"content": "is 4.", "tool_calls": calls[1:]}, "logprobs": [token]}),
        line(DONE),
    )
    completion, _ = await streamed(ollama_api, body, request)

    assert completion == whole


async def test_half_a_character_at_the_end_is_shown_as_unreadable(
    ollama_api: respx.MockRouter,
) -> None:
    half = json.dumps({"message": {"content": "a\ud83d"}}).encode() + b"\n"

    completion, deltas = await streamed(ollama_api, Pieces(half, line(DONE)))

    assert [delta.text for delta in deltas] == ["a", "\ufffd"]
    assert completion.text == "a\ufffd"


async def test_the_last_line_needs_no_end(ollama_api: respx.MockRouter) -> None:
    completion, _ = await streamed(ollama_api, Pieces(text("4"), line(DONE).rstrip()))

    assert completion.text == "4"


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([text("half an ans")], "the stream ended before the answer did"),
        ([text("a"), b"not json\n"], "not an answer of a model: 'not json'"),
        ([text("a"), line({"error": "the runner crashed"})], "the runner crashed"),
        ([text("a"), line({"error": "busy", "status": 503})], r"\(HTTP 503\): busy"),
    ],
)
async def test_a_stream_that_breaks_is_no_answer(
    ollama_api: respx.MockRouter, pieces: list[bytes], words: str
) -> None:
    with pytest.raises(LLMUnavailableError, match=words):
        await streamed(ollama_api, Pieces(*pieces))


async def test_a_refused_stream_is_an_error_like_any_other(ollama_api: respx.MockRouter) -> None:
    ollama_api.get("/api/tags").respond(json={"models": [{"name": "mm"}]})
    ollama_api.post("/api/chat").respond(404, json={"error": "model 'm' not found"})

    async def sink(delta: TextDelta) -> None:
        raise AssertionError(delta)

    llm = OllamaLLM("m")
    with pytest.raises(ModelNotFoundError, match="Did you mean 'mm'"):
        await llm.complete(HELLO, on_delta=sink)
    await llm.aclose()
