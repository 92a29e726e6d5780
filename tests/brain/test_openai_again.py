"""A second request goes a shorter way than the first: what holds for one holds for the other."""

from __future__ import annotations

import asyncio
import json
import traceback
from typing import Any

import httpcore2
import httpx
import openai
import pytest
import respx

from agentcore.brain.openai import OpenAILLM
from agentcore.completions import LLMRequest
from agentcore.errors import (
    AgentCoreError,
    AuthenticationError,
    ContextLengthError,
    LLMError,
    LLMTimeoutError,
    LLMUnavailableError,
    ModelNotFoundError,
    RateLimitError,
)
from agentcore.messages import UserMessage
from agentcore.servers.presets import OPENAI

ADDRESS = "http://models.test/v1"
KEY = "sk-secret-0123456789"
HELLO = LLMRequest((UserMessage(content="hi"),))
REPLY = httpx.Response(
    200, json={"choices": [{"message": {"content": "4"}, "finish_reason": "stop"}]}
)
NOW = {"retry-after-ms": "1"}


@pytest.fixture
async def llm() -> Any:
    made = OpenAILLM("gpt-x", base_url=ADDRESS, api_key=KEY, server=OPENAI, max_retries=2)
    yield made
    await made.aclose()


def refusal(status: int, message: str = "no", **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json={"error": {"message": message}}, headers=names)


async def test_it_is_sent_as_the_official_client_sends_it(
    openai_api: respx.MockRouter, llm: OpenAILLM
) -> None:
    route = openai_api.post("/chat/completions").mock(return_value=REPLY)

    await llm.complete(HELLO)
    await llm.complete(LLMRequest((UserMessage(content="a longer question, héllo"),)))

    calls: Any = route.calls
    first, second = (call.request for call in calls)
    assert json.loads(second.content)["messages"][0]["content"] == "a longer question, héllo"
    assert second.url == first.url
    assert second.headers["content-length"] == str(len(second.content))
    varying = {"content-length", "x-stainless-retry-count"}
    assert {k: v for k, v in first.headers.items() if k not in varying} == {
        k: v for k, v in second.headers.items() if k not in varying
    }
    assert second.extensions["timeout"] == first.extensions["timeout"]


@pytest.mark.parametrize(
    "failure",
    [
        refusal(429, **NOW),
        refusal(500, **NOW),
        refusal(503, **NOW),
        refusal(409, **NOW),
        refusal(400, x_should_retry="true", **NOW),
    ],
)
async def test_a_passing_failure_is_tried_again_as_often_as_was_asked(
    failure: httpx.Response, openai_api: respx.MockRouter, llm: OpenAILLM
) -> None:
    route = openai_api.post("/chat/completions")
    route.side_effect = [REPLY, failure, failure, REPLY, failure, failure, failure]

    await llm.complete(HELLO)
    assert (await llm.complete(HELLO)).text == "4"
    assert route.call_count == 4

    with pytest.raises(LLMError):
        await llm.complete(HELLO)
    assert route.call_count == 7


async def test_a_broken_connection_is_tried_again(
    openai_api: respx.MockRouter, llm: OpenAILLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("agentcore.servers.openai_client.asyncio.sleep", sleep)
    route = openai_api.post("/chat/completions")
    route.side_effect = [REPLY, httpcore2.RemoteProtocolError("closed"), REPLY]

    await llm.complete(HELLO)

    assert (await llm.complete(HELLO)).text == "4"
    assert len(waits) == 1
    assert 0.3 < waits[0] <= 0.5


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (refusal(401), AuthenticationError),
        (refusal(404), ModelNotFoundError),
        (refusal(400, "maximum context length is 10 tokens"), ContextLengthError),
        (refusal(422), LLMError),
        (refusal(429, retry_after="121"), RateLimitError),
        (refusal(503, x_should_retry="false"), LLMUnavailableError),
        (httpx.Response(400, html="<h1>Bad gateway</h1>"), LLMError),
    ],
)
async def test_any_other_failure_is_asked_once_and_is_the_same_error_as_before(
    failure: httpx.Response,
    kind: type[AgentCoreError],
    openai_api: respx.MockRouter,
    llm: OpenAILLM,
) -> None:
    route = openai_api.post("/chat/completions")
    route.side_effect = [failure, REPLY, failure]
    with pytest.raises(kind) as first:
        await llm.complete(HELLO)
    await llm.complete(HELLO)

    with pytest.raises(kind) as second:
        await llm.complete(HELLO)

    assert route.call_count == 3
    assert type(second.value) is type(first.value)
    assert str(second.value) == str(first.value)
    assert vars(second.value) == vars(first.value)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (httpcore2.ConnectError("refused"), LLMUnavailableError),
        (httpcore2.ReadTimeout("slow"), LLMTimeoutError),
        (httpcore2.ReadError("broke"), LLMUnavailableError),
    ],
)
async def test_without_retries_a_dead_server_is_the_same_error_as_before(
    failure: Exception, kind: type[AgentCoreError], openai_api: respx.MockRouter
) -> None:
    llm = OpenAILLM("gpt-x", base_url=ADDRESS, api_key=KEY, max_retries=0)
    route = openai_api.post("/chat/completions")
    route.side_effect = [failure, REPLY, failure]
    with pytest.raises(kind) as first:
        await llm.complete(HELLO)
    await llm.complete(HELLO)

    with pytest.raises(kind) as second:
        await llm.complete(HELLO)
    await llm.aclose()

    assert route.call_count == 3
    assert str(second.value) == str(first.value)


async def test_a_key_that_the_server_quotes_is_masked(
    openai_api: respx.MockRouter, llm: OpenAILLM
) -> None:
    openai_api.post("/chat/completions").side_effect = [REPLY, refusal(401, f"bad key {KEY}")]
    await llm.complete(HELLO)

    with pytest.raises(AuthenticationError) as caught:
        await llm.complete(HELLO)

    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_client_of_the_users_own_is_asked_each_time(
    openai_api: respx.MockRouter,
) -> None:
    class Signing(openai.AsyncOpenAI):
        signed = 0

        async def _prepare_options(self, options: Any) -> Any:
            self.signed += 1
            return await super()._prepare_options(options)

    openai_api.post("/chat/completions").mock(return_value=REPLY)
    client = Signing(api_key=KEY, base_url=ADDRESS)
    llm = OpenAILLM("gpt-x", client=client)

    for _ in range(3):
        await llm.complete(HELLO)
    await client.close()

    assert client.signed == 3


async def test_an_answer_from_another_address_is_no_mould(
    openai_api: respx.MockRouter, llm: OpenAILLM
) -> None:
    moved = httpx.Response(307, headers={"location": f"{ADDRESS}/elsewhere"})
    first = openai_api.post("/chat/completions").mock(return_value=moved)
    openai_api.post("/elsewhere").mock(return_value=REPLY)

    await llm.complete(HELLO)
    await llm.complete(HELLO)

    assert first.call_count == 2


async def test_cancelling_stops_it_and_the_next_one_works(
    openai_api: respx.MockRouter, llm: OpenAILLM
) -> None:
    asked = asyncio.Event()

    async def hang(request: Any) -> httpx.Response:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    route = openai_api.post("/chat/completions")
    route.mock(return_value=REPLY)
    await llm.complete(HELLO)
    route.side_effect = hang
    task = asyncio.create_task(llm.complete(HELLO))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    route.side_effect = None
    route.mock(return_value=REPLY)

    assert (await llm.complete(HELLO)).text == "4"


async def test_a_password_in_the_address_is_in_no_traceback(openai_api: respx.MockRouter) -> None:
    llm = OpenAILLM("gpt-x", base_url="http://ann:pass@models.test/v1", api_key=KEY)
    route = openai_api.post("/chat/completions").mock(return_value=REPLY)
    await llm.complete(HELLO)
    route.mock(return_value=refusal(401))

    with pytest.raises(AuthenticationError) as caught:
        await llm.complete(HELLO)

    await llm.aclose()
    assert "ann:pass" not in "".join(traceback.format_exception(caught.value))
