from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpcore2
import httpx
import pytest
import respx

from agentcore.brain.openai import OpenAILLM
from agentcore.completions import LLMRequest
from agentcore.errors import (
    AgentCoreError,
    AuthenticationError,
    ConfigurationError,
    ContextLengthError,
    LLMError,
    LLMTimeoutError,
    LLMUnavailableError,
    ModelNotFoundError,
    RateLimitError,
)
from agentcore.messages import UserMessage
from agentcore.servers.presets import OPENAI, VLLM
from agentcore.servers.reading import retry_after_s

ADDRESS = "http://models.test/v1"
KEY = "sk-secret-0123456789"
HELLO = LLMRequest((UserMessage(content="hi"),))


async def error_of(
    api: respx.MockRouter, response: httpx.Response | Exception, model: str = "gpt-x"
) -> AgentCoreError:
    api.post("/chat/completions").mock(side_effect=[response])
    llm = OpenAILLM(model, base_url=ADDRESS, api_key=KEY, server=OPENAI, max_retries=0)
    with pytest.raises(AgentCoreError) as caught:
        await llm.complete(HELLO)
    await llm.aclose()
    return caught.value


def refusal(status: int, message: str = "the server's words", **fields: Any) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": message, **fields}})


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (refusal(401), AuthenticationError),
        (refusal(403), AuthenticationError),
        (refusal(400, code="invalid_api_key"), AuthenticationError),
        (refusal(404), ModelNotFoundError),
        (refusal(400, "the model `x-2.5` does not exist"), ModelNotFoundError),
        (refusal(400, "x is not a valid model ID"), ModelNotFoundError),
        (refusal(400, code="context_length_exceeded"), ContextLengthError),
        (refusal(500, type="exceed_context_size_error"), ContextLengthError),
        (refusal(400, code="unsupported_parameter"), ConfigurationError),
        (refusal(400, code="unsupported_value"), ConfigurationError),
        (refusal(400), LLMError),
        (refusal(422), LLMError),
        (refusal(402), LLMError),
        (refusal(408), LLMTimeoutError),
        (refusal(409), LLMUnavailableError),
        (refusal(429), RateLimitError),
        (refusal(500), LLMUnavailableError),
        (refusal(503), LLMUnavailableError),
    ],
)
async def test_a_refusal_has_its_kind(
    openai_api: respx.MockRouter, response: httpx.Response, kind: type[AgentCoreError]
) -> None:
    assert type(await error_of(openai_api, response)) is kind


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
async def test_the_words_of_the_server_and_the_backend_are_told(
    openai_api: respx.MockRouter, status: int
) -> None:
    error = await error_of(openai_api, refusal(status))

    assert isinstance(error, LLMError)
    assert error.backend == "openai:gpt-x"
    assert f"openai:gpt-x (HTTP {status}): the server's words" in str(error)


@pytest.mark.parametrize(
    "body", [{"detail": "no"}, {"error": "no"}, {"message": "no"}, {"error": {"error": "no"}}]
)
async def test_the_words_are_found_where_servers_put_them(
    openai_api: respx.MockRouter, body: Any
) -> None:
    error = await error_of(openai_api, httpx.Response(400, json=body))

    assert str(error) == "openai:gpt-x (HTTP 400): no"


async def test_a_wrong_key_says_where_the_right_one_goes(openai_api: respx.MockRouter) -> None:
    error = await error_of(openai_api, refusal(401))

    assert "set the environment variable OPENAI_API_KEY, or pass api_key=" in str(error)


async def test_a_key_that_the_server_repeats_is_shown_nowhere(
    openai_api: respx.MockRouter,
) -> None:
    error = await error_of(openai_api, refusal(401, f"Incorrect API key: {KEY}"))

    assert "Incorrect API key: ***" in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__


@pytest.mark.parametrize(
    ("response", "tokens", "limit"),
    [
        (
            refusal(400, type="exceed_context_size_error", n_prompt_tokens=1407, n_ctx=256),
            1407,
            256,
        ),
        (
            refusal(
                400,
                "This model's maximum context length is 8192 tokens. However, your messages "
                "resulted in 9000 tokens.",
                code="context_length_exceeded",
            ),
            9000,
            8192,
        ),
        (
            refusal(
                400,
                "This model's maximum context length is 2048 tokens. However, you requested 3000 "
                "tokens (2900 in the messages, 100 in the completion).",
            ),
            3000,
            2048,
        ),
    ],
)
async def test_a_conversation_that_is_too_long_tells_its_length(
    openai_api: respx.MockRouter, response: httpx.Response, tokens: int, limit: int
) -> None:
    error = await error_of(openai_api, response)

    assert isinstance(error, ContextLengthError)
    assert (error.tokens, error.limit) == (tokens, limit)


async def test_a_wrong_model_is_told_the_right_ones(openai_api: respx.MockRouter) -> None:
    openai_api.get("/models").respond(json={"data": [{"id": "gpt-x-mini"}, {"id": "whisper"}]})

    error = await error_of(openai_api, refusal(404), model="gpt-x-mni")

    assert isinstance(error, ModelNotFoundError)
    assert error.known == ("gpt-x-mini", "whisper")
    assert "Did you mean 'gpt-x-mini'?" in str(error)


async def test_where_models_cannot_be_listed_the_address_may_be_wrong(
    openai_api: respx.MockRouter,
) -> None:
    openai_api.get("/models").respond(404)

    error = await error_of(openai_api, httpx.Response(404, text="<html>not found</html>"))

    assert str(error).endswith("Does the base_url lack its /v1?")


async def test_a_limit_of_requests_says_how_long_to_wait(openai_api: respx.MockRouter) -> None:
    response = refusal(429)
    response.headers["retry-after"] = "2.5"

    error = await error_of(openai_api, response)

    assert isinstance(error, RateLimitError)
    assert (error.retry_after_s, error.retryable) == (2.5, True)


async def test_an_empty_account_is_not_worth_another_try(openai_api: respx.MockRouter) -> None:
    error = await error_of(openai_api, refusal(429, code="insufficient_quota"))

    assert isinstance(error, RateLimitError)
    assert not error.retryable


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_the_time_to_wait_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds


def test_a_date_is_a_time_to_wait() -> None:
    date = datetime.now(UTC) + timedelta(hours=1)

    seconds = retry_after_s({"retry-after": format_datetime(date)})

    assert seconds == pytest.approx(3600, abs=60)


async def test_where_nothing_listens_the_address_is_told(openai_api: respx.MockRouter) -> None:
    error = await error_of(openai_api, httpcore2.ConnectError("refused"))

    assert isinstance(error, LLMUnavailableError)
    assert f"nothing answers at {ADDRESS}" in str(error)


async def test_a_local_server_that_is_down_says_how_to_start_it(
    openai_api: respx.MockRouter,
) -> None:
    openai_api.post("/chat/completions").mock(side_effect=httpcore2.ConnectError("refused"))
    llm = OpenAILLM("m", base_url=ADDRESS, server=VLLM, max_retries=0)

    with pytest.raises(LLMUnavailableError, match=r"started\? Start it with `vllm serve MODEL`\."):
        await llm.complete(HELLO)
    await llm.aclose()


@pytest.mark.parametrize("kind", [httpcore2.ReadTimeout, httpcore2.ConnectTimeout])
async def test_no_answer_in_time_is_a_timeout(
    openai_api: respx.MockRouter, kind: type[Exception]
) -> None:
    assert type(await error_of(openai_api, kind("late"))) is LLMTimeoutError


@pytest.mark.parametrize("kind", [httpcore2.ReadError, httpcore2.RemoteProtocolError])
async def test_a_connection_that_breaks_is_unavailable(
    openai_api: respx.MockRouter, kind: type[Exception]
) -> None:
    error = await error_of(openai_api, kind("broken"))

    assert type(error) is LLMUnavailableError
    assert "the connection broke" in str(error)


@pytest.mark.parametrize(
    "content",
    ["", "<html>Bad gateway</html>", "null", "[]", "{}", '{"choices": []}', '{"choices": [{}]}'],
)
async def test_what_is_no_answer_is_quoted(openai_api: respx.MockRouter, content: str) -> None:
    error = await error_of(openai_api, httpx.Response(200, text=content + " " * 300 + "end"))

    assert type(error) is LLMUnavailableError
    assert repr(content) in str(error)
    assert "end'" not in str(error)


@pytest.mark.parametrize(
    "reply",
    [
        {"error": {"message": "overloaded", "code": 502}},
        {"error": "overloaded"},
        {"choices": [{"message": {"content": ""}, "error": {"message": "overloaded"}}]},
    ],
)
async def test_an_error_inside_a_success_is_raised(
    openai_api: respx.MockRouter, reply: Any
) -> None:
    error = await error_of(openai_api, httpx.Response(200, json=reply))

    assert type(error) is LLMUnavailableError
    assert "overloaded" in str(error)


async def test_the_client_tries_again(openai_api: respx.MockRouter) -> None:
    reply = {"choices": [{"message": {"content": "4"}, "finish_reason": "stop"}]}
    later = httpx.Response(429, headers={"retry-after-ms": "1"})
    route = openai_api.post("/chat/completions").mock(
        side_effect=[later, httpx.Response(200, json=reply)]
    )
    llm = OpenAILLM("m", base_url=ADDRESS)

    completion = await llm.complete(HELLO)
    await llm.aclose()

    assert (completion.text, route.call_count) == ("4", 2)
