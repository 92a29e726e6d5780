"""What holds for every test: no network, no keys, a place of its own for what is stored.

Servers are played at the wire: what is sent can be read, and a test writes what comes back.

Sockets are blocked by pytest-socket (see pyproject.toml); tests marked `slow` may reach loopback.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import respx
from hypothesis import settings

from tests.httpcore2 import HTTPCore2Mocker

# Other work on the machine must not fail a test.
settings.register_profile("agentcore", deadline=None)
settings.load_profile("agentcore")

_FROM_THE_USER = re.compile(
    r"(API_KEY|_TOKEN|_PROXY)$"
    r"|^(AGENTCORE|GPT4ALL|HF|JAN|LLAMA|LLAMACPP|LMSTUDIO|OLLAMA|OPENAI|OPENROUTER|VLLM)_",
    re.IGNORECASE,
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let slow tests connect to this machine, and to nothing else."""
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1", "::1"]))


@pytest.fixture(autouse=True)
def isolated_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the user's keys, servers and settings, and keep what a test stores apart."""
    for name in filter(_FROM_THE_USER.search, tuple(os.environ)):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("CACHE", "CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))


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
