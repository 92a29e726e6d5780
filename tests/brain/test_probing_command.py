from __future__ import annotations

import json
from typing import Any

import pytest
import respx

from agentcore.cli import main


@pytest.fixture
def chat(openai_api: respx.MockRouter, monkeypatch: pytest.MonkeyPatch) -> respx.Route:
    """A server on which every question is answered with 42."""
    monkeypatch.setenv("VLLM_BASE_URL", "http://models.test/v1")
    body: dict[str, Any] = {
        "choices": [{"message": {"content": "42"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 1},
    }
    return openai_api.post("/chat/completions").respond(json=body)


def test_the_passport_is_printed_as_a_table(
    chat: respx.Route, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["probe", "vllm:m"])

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert lines[0] == "vllm:m (http://models.test/v1|m)"
    assert 'tools               no       wrote "42" instead of a call' in lines
    assert "planner: ReAct" in lines
    assert "typed output: prompt, with repair" in lines
    assert lines[-1] == f"cost: {chat.call_count + 1} calls, 120 tokens in, 12 out"


def test_what_was_found_is_kept_until_it_is_probed_afresh(
    chat: respx.Route, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["probe", "vllm:m"])
    once = chat.call_count
    main(["probe", "vllm:m"])

    assert chat.call_count == once

    main(["probe", "--fresh", "vllm:m"])

    assert chat.call_count == 2 * once


def test_the_passport_is_printed_as_json(
    chat: respx.Route, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["probe", "--json", "vllm:m"])

    passport = json.loads(capsys.readouterr().out)
    assert passport["name"] == "vllm:m"
    assert passport["tools"]["outcome"] == "no"


def test_a_model_that_cannot_be_asked_is_an_exit_code(
    openai_api: respx.MockRouter,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("VLLM_BASE_URL", "http://models.test/v1")
    openai_api.post("/chat/completions").respond(401, json={"error": "no"})

    assert main(["probe", "vllm:m"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "Asking vllm:m what it can do: some 20 short calls, if it is new."
    assert said[1].startswith("AuthenticationError: vllm:m (HTTP 401)")


def test_a_wrong_name_is_an_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "zzz:m"]) == 1
    assert "unknown prefix" in capsys.readouterr().err
