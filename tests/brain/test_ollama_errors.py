from __future__ import annotations

import json

import httpx
import pytest
import respx

from agentcore.brain.ollama import OllamaLLM
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

HELLO = LLMRequest((UserMessage(content="hi"),))


async def error_of(
    api: respx.MockRouter, response: httpx.Response | Exception, model: str = "qwen3:4b"
) -> AgentCoreError:
    api.post("/api/chat").mock(side_effect=[response])
    llm = OllamaLLM(model)
    with pytest.raises(AgentCoreError) as caught:
        await llm.complete(HELLO)
    await llm.aclose()
    return caught.value


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (400, '"m" does not support tools', LLMError),
        (401, "unauthorized", AuthenticationError),
        (404, 'model "m" not found, try pulling it first', ModelNotFoundError),
        (429, "too many", RateLimitError),
        (500, "model requires more system memory", LLMUnavailableError),
        (400, "the prompt is longer than the context length", ContextLengthError),
    ],
)
async def test_a_refusal_has_its_kind_and_the_words_of_the_server(
    ollama_api: respx.MockRouter, status: int, words: str, kind: type[LLMError]
) -> None:
    ollama_api.get("/api/tags").respond(json={"models": []})

    error = await error_of(ollama_api, httpx.Response(status, json={"error": words}))

    assert type(error) is kind
    assert f"ollama:qwen3:4b (HTTP {status}): {words}" in str(error)


async def test_a_conversation_that_is_too_long_tells_its_length(
    ollama_api: respx.MockRouter,
) -> None:
    inner = {"type": "exceed_context_size_error", "n_prompt_tokens": 351, "n_ctx": 256}
    words = json.dumps({"error": {"code": 400, "message": "too long", **inner}})

    error = await error_of(ollama_api, httpx.Response(400, json={"error": words}))

    assert isinstance(error, ContextLengthError)
    assert (error.tokens, error.limit) == (351, 256)


async def test_a_wrong_model_is_told_the_right_ones(ollama_api: respx.MockRouter) -> None:
    ollama_api.post("/api/show").respond(404, json={"error": "model 'qwn3:4b' not found"})
    ollama_api.get("/api/tags").respond(json={"models": [{"name": "qwen3:4b"}, {"name": "phi4"}]})

    error = await error_of(ollama_api, httpx.Response(200), model="qwn3:4b")

    assert isinstance(error, ModelNotFoundError)
    assert error.known == ("qwen3:4b", "phi4")
    assert str(error).endswith(
        "Did you mean 'qwen3:4b'? The server has qwen3:4b, phi4. Get it with `ollama pull qwn3:4b`."
    )


async def test_a_server_that_is_down_says_how_to_start_it(ollama_api: respx.MockRouter) -> None:
    error = await error_of(ollama_api, httpx.ConnectError("refused"))

    assert isinstance(error, LLMUnavailableError)
    assert str(error) == (
        "ollama:qwen3:4b: nothing answers at http://127.0.0.1:11434: is the server started? "
        "Start it with `ollama serve`."
    )


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (httpx.ReadTimeout("late"), LLMTimeoutError),
        (httpx.ReadError("broken"), LLMUnavailableError),
    ],
)
async def test_a_broken_connection_has_its_kind(
    ollama_api: respx.MockRouter, raised: Exception, kind: type[LLMError]
) -> None:
    assert type(await error_of(ollama_api, raised)) is kind


@pytest.mark.parametrize("content", ["", "<html>", "[]", "null", "{}", '{"message": 3}'])
async def test_what_is_no_answer_is_unavailable(ollama_api: respx.MockRouter, content: str) -> None:
    error = await error_of(ollama_api, httpx.Response(200, text=content))

    assert type(error) is LLMUnavailableError
    assert "not an answer of a model" in str(error)


async def test_a_key_that_the_server_repeats_is_not_shown(
    ollama_api: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "secret-0123456789")

    error = await error_of(
        ollama_api, httpx.Response(401, json={"error": "bad key secret-0123456789"})
    )

    assert "bad key ***" in str(error)
    assert "OLLAMA_API_KEY" in str(error)


async def test_where_models_cannot_be_listed_the_model_is_missing_all_the_same(
    ollama_api: respx.MockRouter,
) -> None:
    ollama_api.get("/api/tags").mock(side_effect=httpx.ReadTimeout("late"))

    error = await error_of(ollama_api, httpx.Response(404, json={"error": "model not found"}))

    assert isinstance(error, ModelNotFoundError)
    assert error.known == ()
