"""What is sent to embedding servers, and what is made of their answers, good and bad."""

from __future__ import annotations

import json
from typing import Any

import httpx
import numpy as np
import pytest
import respx

from agentcore import (
    AuthenticationError,
    ConfigurationError,
    LLMUnavailableError,
    ModelNotFoundError,
    RateLimitError,
)
from agentcore.memory import OllamaEmbedder, OpenAIEmbedder

BASE = "http://models.test/v1"


def openai_reply(*vectors: list[float]) -> dict[str, object]:
    return {"data": [{"index": i, "embedding": vector} for i, vector in enumerate(vectors)]}


def sent(router: respx.MockRouter) -> list[Any]:
    calls: list[Any] = list(router.calls)
    return [json.loads(call.request.content) for call in calls]


def keys(router: respx.MockRouter) -> list[str]:
    calls: list[Any] = list(router.calls)
    return [call.request.headers["authorization"] for call in calls]


def embedder(**options: int | bool) -> OpenAIEmbedder:
    batch_size, is_shortened = int(options.get("batch_size", 9)), bool(options.get("short"))
    return OpenAIEmbedder(
        "embed-1",
        dim=2,
        base_url=BASE,
        api_key="sk-secret-key",
        max_retries=0,
        batch_size=batch_size,
        is_shortened=is_shortened,
    )


async def test_openai_is_sent_the_texts_in_batches(openai_api: respx.MockRouter) -> None:
    route = openai_api.post("/embeddings")
    route.side_effect = [
        httpx.Response(200, json=openai_reply([3, 4], [0, 2])),
        httpx.Response(200, json=openai_reply([5, 0])),
    ]

    matrix = await embedder(batch_size=2).embed(["a", "", "\ud83d\ude00"])

    assert sent(openai_api) == [
        {"model": "embed-1", "input": ["a", " "], "encoding_format": "float"},
        {"model": "embed-1", "input": ["\U0001f600"], "encoding_format": "float"},
    ]
    assert keys(openai_api) == ["Bearer sk-secret-key"] * 2
    assert np.array_equal(matrix, np.array([[0.6, 0.8], [0, 1], [1, 0]], dtype=np.float32))


async def test_openai_is_asked_for_fewer_numbers_where_that_is_wished(
    openai_api: respx.MockRouter,
) -> None:
    openai_api.post("/embeddings").respond(json=openai_reply([1, 0]))

    await embedder(short=True).embed(["a"])

    assert sent(openai_api)[0]["dimensions"] == 2


async def test_vectors_that_come_out_of_order_are_put_in_order(
    openai_api: respx.MockRouter,
) -> None:
    reply = {
        "data": [{"index": 1, "embedding": [0, 1]}, {"index": 0, "embedding": [1, 0]}],
    }
    openai_api.post("/embeddings").respond(json=reply)

    assert (await embedder().embed(["a", "b"])).tolist() == [[1, 0], [0, 1]]


async def test_another_size_is_named_with_what_to_say(openai_api: respx.MockRouter) -> None:
    openai_api.post("/embeddings").respond(json=openai_reply([1, 2, 3]))

    with pytest.raises(ConfigurationError, match=r"embed-1 gives vectors of 3 numbers.*say dim=3"):
        await embedder().embed(["a"])


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"data": []},
        {"data": [{"index": 0}]},
        {"data": [{"index": 0, "embedding": ["x", "y"]}]},
        {"data": [{"index": 0, "embedding": [1, 2]}, {"index": 1, "embedding": [1, 2]}]},
        {"data": "nonsense"},
        [1],
    ],
)
async def test_an_answer_that_is_none_is_an_unavailable_server(
    reply: object, openai_api: respx.MockRouter
) -> None:
    openai_api.post("/embeddings").respond(json=reply)

    with pytest.raises(LLMUnavailableError):
        await embedder().embed(["a"])


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AuthenticationError), (429, RateLimitError), (503, LLMUnavailableError)],
)
async def test_failures_are_of_the_tree_and_do_not_show_the_key(
    status: int, error: type[Exception], openai_api: respx.MockRouter
) -> None:
    openai_api.post("/embeddings").respond(status, json={"error": {"message": "no: sk-secret-key"}})

    with pytest.raises(error) as caught:
        await embedder().embed(["a"])

    assert "sk-secret-key" not in str(caught.value)


async def test_an_unknown_model_names_the_known_ones(openai_api: respx.MockRouter) -> None:
    openai_api.get("/models").respond(json={"data": [{"id": "embed-2"}]})
    openai_api.post("/embeddings").respond(
        404, json={"error": {"message": "The model `embed-1` does not exist"}}
    )

    with pytest.raises(ModelNotFoundError, match="embed-2"):
        await embedder().embed(["a"])


async def test_nothing_is_sent_for_no_texts(openai_api: respx.MockRouter) -> None:
    assert (await embedder().embed([])).shape == (0, 2)
    assert openai_api.calls.call_count == 0


async def test_ollama_is_sent_the_texts_in_batches(ollama_api: respx.MockRouter) -> None:
    route = ollama_api.post("/api/embed")
    route.side_effect = [
        httpx.Response(200, json={"embeddings": [[3, 4], [0, 2]]}),
        httpx.Response(200, json={"embeddings": [[5, 0]]}),
    ]

    matrix = await OllamaEmbedder("nomic", dim=2, batch_size=2).embed(["a", "", "c"])

    assert sent(ollama_api) == [
        {"model": "nomic", "input": ["a", " "], "truncate": True},
        {"model": "nomic", "input": ["c"], "truncate": True},
    ]
    assert np.array_equal(matrix, np.array([[0.6, 0.8], [0, 1], [1, 0]], dtype=np.float32))


async def test_ollama_without_the_model_says_how_to_get_it(ollama_api: respx.MockRouter) -> None:
    ollama_api.get("/api/tags").respond(json={"models": [{"name": "other"}]})
    ollama_api.post("/api/embed").respond(404, json={"error": "model 'nomic' not found"})

    with pytest.raises(ModelNotFoundError, match="ollama pull nomic"):
        await OllamaEmbedder("nomic", dim=2).embed(["a"])


@pytest.mark.parametrize("reply", [{}, {"embeddings": [[1, 2], [3, 4]]}, {"embeddings": "x"}])
async def test_an_answer_of_ollama_that_is_none_is_an_unavailable_server(
    reply: object, ollama_api: respx.MockRouter
) -> None:
    ollama_api.post("/api/embed").respond(json=reply)

    with pytest.raises(LLMUnavailableError):
        await OllamaEmbedder("nomic", dim=2).embed(["a"])


async def test_another_size_of_ollama_is_named(ollama_api: respx.MockRouter) -> None:
    ollama_api.post("/api/embed").respond(json={"embeddings": [[1, 2, 3]]})

    with pytest.raises(ConfigurationError, match=r"vectors of 3 numbers, and dim is 2: say dim=3"):
        await OllamaEmbedder("nomic", dim=2).embed(["a"])


def test_names_tell_the_model_and_the_size() -> None:
    assert OpenAIEmbedder("m", dim=3).name == "openai:m:3"
    assert OllamaEmbedder("m", dim=3).name == "ollama:m:3"


@pytest.mark.parametrize(("dim", "batch_size"), [(0, 1), (1, 0)])
def test_sizes_under_one_are_refused(dim: int, batch_size: int) -> None:
    with pytest.raises(ConfigurationError, match="both must be at least 1"):
        OllamaEmbedder("m", dim=dim, batch_size=batch_size)
    with pytest.raises(ConfigurationError, match="both must be at least 1"):
        OpenAIEmbedder("m", dim=dim, batch_size=batch_size)
