"""What users meet: a wrong key, an unknown model, a server that hangs or is something else."""

from __future__ import annotations

import httpx
import pytest
import respx

from agentcore import (
    Agent,
    AuthenticationError,
    LLMTimeoutError,
    LLMUnavailableError,
    ModelNotFoundError,
    RateLimitError,
)
from agentcore.brain.ollama import OllamaLLM
from agentcore.brain.openai import OpenAILLM
from agentcore.brain.passport import ContextFinding, Passport
from agentcore.brain.probed import Probed
from agentcore.probing import probe_model

ADDRESS = "http://models.test/v1"
PAGE = "<html><title>Router</title></html>"


def openai() -> Probed:
    return Probed(OpenAILLM("m", base_url=ADDRESS, api_key="sk-wrong-key", max_retries=0))


async def test_a_wrong_key_is_told_from_everything_else(openai_api: respx.MockRouter) -> None:
    refusal = {"error": {"message": "bad key sk-wrong-key", "code": "invalid_api_key"}}
    openai_api.post("/chat/completions").respond(401, json=refusal)

    with pytest.raises(AuthenticationError, match="pass api_key=") as caught:
        await Agent(llm=openai()).run("?")

    assert "sk-wrong-key" not in str(caught.value)


async def test_an_unknown_model_names_those_that_openai_has(openai_api: respx.MockRouter) -> None:
    openai_api.post("/chat/completions").respond(
        404, json={"error": {"message": "The model `m` does not exist", "code": "model_not_found"}}
    )
    openai_api.get("/models").respond(json={"data": [{"id": "m2"}, {"id": "large"}]})

    with pytest.raises(ModelNotFoundError, match="The server has m2, large") as caught:
        await Agent(llm=openai()).run("?")

    assert caught.value.known == ("m2", "large")


async def test_an_unknown_model_names_those_that_ollama_has(ollama_api: respx.MockRouter) -> None:
    ollama_api.post("/api/show").respond(404, json={"error": "model 'm' not found"})
    ollama_api.get("/api/tags").respond(json={"models": [{"name": "qwen3:4b", "digest": "d"}]})

    with pytest.raises(ModelNotFoundError, match=r"The server has qwen3:4b\. Get it with `ollama"):
        await Agent(llm=Probed("ollama:m")).run("?")


async def test_a_server_that_hangs_is_a_timeout(openai_api: respx.MockRouter) -> None:
    openai_api.post("/chat/completions").mock(side_effect=httpx.ReadTimeout("slow"))

    with pytest.raises(LLMTimeoutError, match="raise timeout_s"):
        await Agent(llm=openai()).run("?")


async def test_an_ollama_that_hangs_is_a_timeout(ollama_api: respx.MockRouter) -> None:
    ollama_api.get("/api/tags").respond(json={"models": []})
    ollama_api.post("/api/chat").mock(side_effect=httpx.ReadTimeout("slow"))

    with pytest.raises(LLMTimeoutError, match="raise timeout_s"):
        await Agent(llm=Probed("ollama:m")).run("?")


async def test_a_server_that_answers_with_a_page_is_no_model(openai_api: respx.MockRouter) -> None:
    openai_api.post("/chat/completions").respond(200, html=PAGE)

    with pytest.raises(LLMUnavailableError, match="not an answer of a model: '<html>"):
        await Agent(llm=openai()).run("?")


async def test_a_page_where_ollama_should_be_is_no_model(ollama_api: respx.MockRouter) -> None:
    ollama_api.post("/api/show").respond(200, html=PAGE)

    with pytest.raises(LLMUnavailableError, match="not an answer of a model: '<html>"):
        await probe_model("ollama:m", is_fresh=False)


@pytest.mark.parametrize(("headers", "wait_s"), [({"retry-after": "7"}, 7.0), ({}, None)])
async def test_a_server_that_is_busy_says_for_how_long_if_it_does(
    headers: dict[str, str], wait_s: float | None, openai_api: respx.MockRouter
) -> None:
    openai_api.post("/chat/completions").respond(429, headers=headers, json={"error": "busy"})

    with pytest.raises(RateLimitError) as caught:
        await Agent(llm=openai()).run("?")

    assert caught.value.retry_after_s == wait_s


async def test_ollamas_digest_tells_models_of_one_name_apart(ollama_api: respx.MockRouter) -> None:
    tags = ollama_api.get("/api/tags")
    tags.respond(json={"models": [{"name": "m:latest", "digest": "sha256:1"}]})
    llm = OllamaLLM("m")

    first = await llm.identity()
    tags.respond(json={"models": [{"name": "other", "digest": "sha256:2"}]})
    unlisted = await llm.identity()
    await llm.aclose()

    assert first == "sha256:1"
    assert unlisted.endswith("|m")


async def test_the_single_model_of_a_server_answers_to_any_name(
    openai_api: respx.MockRouter,
) -> None:
    openai_api.get("/models").respond(json={"data": [{"id": "/models/qwen.gguf"}]})
    llm = OpenAILLM("default", base_url=ADDRESS)

    identity = await llm.identity()
    await llm.aclose()

    assert identity == f"{ADDRESS}|/models/qwen.gguf"


async def test_the_window_of_a_passport_is_sent_to_ollama(ollama_api: respx.MockRouter) -> None:
    chat = ollama_api.post("/api/chat").respond(
        json={"message": {"role": "assistant", "content": "hi"}, "done": True}
    )
    cut = ContextFinding(outcome="no", why="", tokens=2048, is_silent=True)
    llm = Probed(OllamaLLM("m"), passport=Passport(name="ollama:m", identity="d", context=cut))

    await Agent(llm=llm).run("?")

    assert b'"num_ctx":2048' in chat.calls.last.request.content
