"""Servers at the wire: what is sent can be read, and what comes back is written by the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import respx

from tests.httpcore2 import HTTPCore2Mocker


@pytest.fixture
def openai_api() -> Iterator[respx.MockRouter]:
    """An OpenAI-compatible server at http://models.test/v1 that lists no models."""
    with respx.mock(
        base_url="http://models.test/v1", using=HTTPCore2Mocker.name, assert_all_called=False
    ) as router:
        router.get("/models").respond(json={"data": []})
        yield router


@pytest.fixture
def ollama_api() -> Iterator[respx.MockRouter]:
    """An Ollama server on this machine that knows the model of the tests."""
    with respx.mock(base_url="http://127.0.0.1:11434", assert_all_called=False) as router:
        router.post("/api/show").respond(
            json={
                "capabilities": ["completion", "tools", "thinking"],
                "model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40_960},
            }
        )
        yield router
