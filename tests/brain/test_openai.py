from __future__ import annotations

import json
from typing import Any

import httpx2
import openai
import pytest
import respx

from agentcore.brain.openai import OpenAILLM
from agentcore.completions import Abilities, LLMRequest, Sampling, TextDelta
from agentcore.errors import AuthenticationError, ConfigurationError
from agentcore.messages import UserMessage
from agentcore.servers.presets import COMPATIBLE, GPT4ALL, LMSTUDIO, OPENAI, VLLM

ADDRESS = "http://models.test/v1"
KEY = "sk-secret-0123456789"
HELLO = LLMRequest((UserMessage(content="héllo"),))
REPLY = {"choices": [{"message": {"content": "4"}, "finish_reason": "stop"}]}


def answering(api: respx.MockRouter, reply: Any = REPLY) -> respx.Route:
    return api.post("/chat/completions").respond(json=reply)


def sent(route: respx.Route) -> Any:
    return json.loads(route.calls.last.request.content)


async def test_the_request_is_sent_with_the_key(openai_api: respx.MockRouter) -> None:
    route = answering(openai_api)
    llm = OpenAILLM("gpt-x", base_url=ADDRESS, api_key=KEY)

    completion = await llm.complete(HELLO)
    await llm.aclose()

    assert completion.text == "4"
    assert sent(route) == {"model": "gpt-x", "messages": [{"role": "user", "content": "héllo"}]}
    assert route.calls.last.request.headers["authorization"] == f"Bearer {KEY}"


async def test_the_key_is_read_when_the_model_is_first_asked(
    openai_api: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = answering(openai_api)
    llm = OpenAILLM("gpt-x")
    monkeypatch.setenv("OPENAI_BASE_URL", ADDRESS)
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n")

    await llm.complete(HELLO)
    await llm.aclose()

    assert route.calls.last.request.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("server", [VLLM, COMPATIBLE])
async def test_no_other_server_is_told_what_openai_is_told(
    server: Any, openai_api: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = answering(openai_api)
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, KEY)
    llm = OpenAILLM("m", base_url=ADDRESS, server=server)

    await llm.complete(HELLO)
    await llm.aclose()

    assert KEY not in str(route.calls.last.request.headers.raw)


async def test_a_missing_key_is_an_error_when_the_model_is_asked() -> None:
    llm = OpenAILLM("gpt-x")

    with pytest.raises(AuthenticationError, match="OPENAI_API_KEY") as caught:
        await llm.complete(HELLO)

    assert caught.value.backend == "openai:gpt-x"


async def test_a_garbled_key_is_an_error_that_does_not_show_it() -> None:
    llm = OpenAILLM("gpt-x", api_key=f"{KEY}\x00é")

    with pytest.raises(AuthenticationError, match="paste it again") as caught:
        await llm.complete(HELLO)

    assert KEY not in str(caught.value)


def test_the_key_is_not_in_the_repr() -> None:
    llm = OpenAILLM("m", base_url="http://user:password@models.test/v1", api_key=KEY)

    assert repr(llm) == ("OpenAILLM('m', server='compatible', base_url='http://models.test/v1')")


async def test_a_client_that_is_passed_in_is_used_and_stays_open() -> None:
    requests: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(200, json=REPLY)

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    async with openai.AsyncOpenAI(api_key=KEY, base_url=ADDRESS, http_client=http) as client:
        llm = OpenAILLM("gpt-x", client=client)
        completion = await llm.complete(HELLO)
        await llm.aclose()

        assert not client.is_closed()
    assert completion.text == "4"
    assert str(requests[0].url) == f"{ADDRESS}/chat/completions"


@pytest.mark.parametrize(
    ("server", "sampling", "named"),
    [
        (OPENAI, Sampling(top_k=3), "top_k=3"),
        (LMSTUDIO, Sampling(logprobs=1), "logprobs=1"),
        (GPT4ALL, Sampling(seed=1, stop=("x",)), r"seed=1, stop=\('x',\)"),
    ],
)
async def test_sampling_that_the_server_does_not_support_is_refused(
    server: Any, sampling: Sampling, named: str
) -> None:
    llm = OpenAILLM("m", base_url=ADDRESS, server=server)

    with pytest.raises(ConfigurationError, match=named):
        await llm.complete(LLMRequest(HELLO.messages, sampling=sampling))


async def test_the_user_may_know_better_what_is_supported(openai_api: respx.MockRouter) -> None:
    route = answering(openai_api)
    llm = OpenAILLM("m", base_url=ADDRESS, abilities=Abilities())
    request = LLMRequest(HELLO.messages, sampling=Sampling(top_k=3))
    assert request.digest

    await llm.complete(request)
    await llm.aclose()

    assert sent(route)["top_k"] == 3


async def test_log_probabilities_that_never_come_are_an_error(openai_api: respx.MockRouter) -> None:
    answering(openai_api)
    llm = OpenAILLM("m", base_url=ADDRESS, server=VLLM)

    with pytest.raises(ConfigurationError, match="logprobs=2 and sent none"):
        await llm.complete(LLMRequest(HELLO.messages, sampling=Sampling(logprobs=2)))
    await llm.aclose()


async def test_a_server_that_cannot_stream_is_not_asked_to(openai_api: respx.MockRouter) -> None:
    message = {"content": "4", "reasoning_content": "2 + 2"}
    route = answering(openai_api, {"choices": [{"message": message}]})
    llm = OpenAILLM("m", base_url=ADDRESS, server=GPT4ALL)
    deltas: list[TextDelta] = []

    async def sink(delta: TextDelta) -> None:
        deltas.append(delta)

    await llm.complete(HELLO, on_delta=sink)
    await llm.aclose()

    assert "stream" not in sent(route)
    assert deltas == [TextDelta(text="2 + 2", thinking=True), TextDelta(text="4")]


def test_options_that_contradict_each_other_are_refused() -> None:
    client = openai.AsyncOpenAI(api_key=KEY)

    with pytest.raises(ConfigurationError, match="either client"):
        OpenAILLM("m", client=client, base_url=ADDRESS)


@pytest.mark.parametrize("address", ["", "models.test/v1", "ftp://models.test", "http://"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        OpenAILLM("m", base_url=address)


def test_a_model_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="is empty"):
        OpenAILLM(" ")
