from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import respx

from agentcore.brain.openai import OpenAILLM
from agentcore.completions import Completion, LLMRequest, Sampling, TextDelta
from agentcore.errors import LLMError, LLMUnavailableError, RateLimitError
from agentcore.messages import UserMessage
from agentcore.servers.presets import VLLM

ADDRESS = "http://models.test/v1"
HELLO = LLMRequest((UserMessage(content="hi"),))
SSE = {"content-type": "text/event-stream"}
DONE = b"data: [DONE]\n\n"
END = {"choices": [{"delta": {"content": None}, "finish_reason": "stop"}]}


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


def event(chunk: Any) -> bytes:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()


def text(content: str, name: str = "content") -> bytes:
    return event({"choices": [{"delta": {name: content}}]})


async def streamed(
    api: respx.MockRouter, body: httpx.AsyncByteStream, request: LLMRequest = HELLO
) -> tuple[Completion, list[TextDelta], Any]:
    route = api.post("/chat/completions").respond(headers=SSE, stream=body)
    llm = OpenAILLM("m", base_url=ADDRESS, server=VLLM, max_retries=0)
    deltas: list[TextDelta] = []

    async def sink(delta: TextDelta) -> None:
        deltas.append(delta)

    try:
        completion = await llm.complete(request, on_delta=sink)
    finally:
        await llm.aclose()
    return completion, deltas, json.loads(route.calls.last.request.content)


async def test_text_and_thinking_are_streamed_apart(openai_api: respx.MockRouter) -> None:
    body = Pieces(text("2+2", "reasoning"), text("It "), text(""), text("is 4."), event(END), DONE)

    completion, deltas, request = await streamed(openai_api, body)

    assert deltas == [
        TextDelta(text="2+2", thinking=True),
        TextDelta(text="It "),
        TextDelta(text="is 4."),
    ]
    assert (completion.text, completion.message.thinking) == ("It is 4.", "2+2")
    assert request["stream"] is True
    assert request["stream_options"] == {"include_usage": True}
    assert body.is_closed


async def test_a_streamed_answer_equals_the_answer_in_one_piece(
    openai_api: respx.MockRouter,
) -> None:
    call = {"index": 0, "id": "a", "function": {"name": "add", "arguments": '{"a": 1}'}}
    token = {"token": "It", "logprob": -0.5}
    usage = {"prompt_tokens": 9, "completion_tokens": 3}
    message = {"content": "It is 4.", "reasoning_content": "2+2", "tool_calls": [call]}
    choice = {"message": message, "finish_reason": "stop", "logprobs": {"content": [token]}}
    openai_api.post("/chat/completions").respond(
        json={"choices": [choice], "usage": usage, "model": "m-1"}
    )
    llm = OpenAILLM("m", base_url=ADDRESS, server=VLLM)
    request = LLMRequest(HELLO.messages, sampling=Sampling(logprobs=0))
    whole = await llm.complete(request)
    await llm.aclose()

    head = {"index": 0, "id": "a", "function": {"name": "add", "arguments": '{"a"'}}
    tail = {"index": 0, "function": {"arguments": ": 1}"}}
    logprobs = {"content": [token]}
    chunks: list[Any] = [
        {"choices": [{"delta": {"reasoning_content": "2+2"}}], "model": "m-1"},
        {"choices": [{"delta": {"content": "It is 4."}, "logprobs": logprobs}]},
        {"choices": [{"delta": {"content": None, "tool_calls": [head]}}]},
        {"choices": [{"delta": {"tool_calls": [tail]}}]},
        END,
        {"choices": [], "usage": usage},
    ]
    completion, _, _ = await streamed(openai_api, Pieces(*map(event, chunks), DONE), request)

    assert completion == whole


async def test_an_escaped_surrogate_pair_cut_in_two_arrives_whole(
    openai_api: respx.MockRouter,
) -> None:
    halves = [json.dumps({"choices": [{"delta": {"content": half}}]}) for half in "\ud83d\ude00"]
    body = Pieces(*(f"data: {half}\n\n".encode() for half in halves), event(END), DONE)

    completion, deltas, _ = await streamed(openai_api, body)

    assert completion.text == "😀"
    assert deltas == [TextDelta(text="😀")]


async def test_half_a_character_at_the_end_is_shown_as_unreadable(
    openai_api: respx.MockRouter,
) -> None:
    half = json.dumps({"choices": [{"delta": {"content": "a\ud83d"}}]})
    body = Pieces(f"data: {half}\n\n".encode(), event(END), DONE)

    completion, deltas, _ = await streamed(openai_api, body)

    assert [delta.text for delta in deltas] == ["a", "\ufffd"]
    assert completion.text == "a\ufffd"


async def test_a_stream_of_garbage_is_no_answer(openai_api: respx.MockRouter) -> None:
    with pytest.raises(LLMUnavailableError, match="broke off or is garbled"):
        await streamed(openai_api, Pieces(b"data: {not json\n\n"))


async def test_a_stream_of_bytes_that_are_no_text_is_no_answer(
    openai_api: respx.MockRouter,
) -> None:
    with pytest.raises(LLMUnavailableError, match="broke off or is garbled"):
        await streamed(openai_api, Pieces(b"data: \xff\n\n"))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "overloaded", "code": 429}, RateLimitError),
        ({"message": "overloaded"}, LLMUnavailableError),
        ({"message": "bad tool", "code": 400}, LLMError),
    ],
)
async def test_an_error_inside_the_stream_is_raised(
    openai_api: respx.MockRouter, error: Any, kind: type[LLMError]
) -> None:
    with pytest.raises(LLMError, match=error["message"]) as caught:
        await streamed(openai_api, Pieces(text("It "), event({"error": error})))

    assert type(caught.value) is kind


async def test_an_answer_in_one_piece_is_taken_where_a_stream_was_asked_for(
    openai_api: respx.MockRouter,
) -> None:
    calls = [{"function": {"name": name, "arguments": "{}"}} for name in ("a", "b")]
    message = {"content": "4", "tool_calls": calls}
    openai_api.post("/chat/completions").respond(json={"choices": [{"message": message}]})
    llm = OpenAILLM("m", base_url=ADDRESS)
    deltas: list[TextDelta] = []

    async def sink(delta: TextDelta) -> None:
        deltas.append(delta)

    completion = await llm.complete(HELLO, on_delta=sink)
    await llm.aclose()

    assert deltas == [TextDelta(text="4")]
    assert [call.name for call in completion.message.tool_calls] == ["a", "b"]
