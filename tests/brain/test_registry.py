from __future__ import annotations

import pytest

from agentcore.brain.openai import OpenAILLM
from agentcore.brain.probed import Probed
from agentcore.brain.registry import load_backend, load_llm
from agentcore.brain.scripted import ScriptedLLM
from agentcore.errors import ConfigurationError
from agentcore.servers.presets import SERVERS


@pytest.mark.parametrize(
    "name", ["openai:gpt-x", "ollama:qwen3:4b", "hf:org/model:cheapest", "vllm:org/model"]
)
def test_a_name_is_a_prefix_and_the_whole_rest(name: str) -> None:
    assert load_llm(name).name == name


@pytest.mark.parametrize("prefix", SERVERS)
def test_each_server_has_its_prefix(prefix: str) -> None:
    llm = load_backend(f"{prefix}:m")

    assert isinstance(llm, OpenAILLM)
    assert SERVERS[prefix].address in repr(llm)


def test_an_llm_is_returned_as_it_is() -> None:
    llm = ScriptedLLM("hi")

    assert load_llm(llm) is llm


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("opnai:gpt-x", "unknown prefix 'opnai': did you mean 'openai'"),
        ("OpenAI:gpt-x", "did you mean 'openai'"),
        ("zzz:gpt-x", "unknown prefix 'zzz'. Prefixes are gpt4all, hf, jan, llamacpp, "),
        ("gpt-x", "no prefix that says where the model runs, as in 'openai:gpt-5-mini'"),
        ("openai:", "names no model: write one after the colon, as in 'openai:MODEL'"),
        ("ollama", "names no model: write one after the colon, as in 'ollama:MODEL'"),
        ("", "no prefix"),
    ],
)
def test_a_name_that_is_none_says_what_is_wrong(name: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_llm(name)

    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("prefix", "address"),
    [
        ("openai", "https://api.openai.com/v1"),
        ("vllm", "http://localhost:8000/v1"),
        ("llamacpp", "http://localhost:8080/v1"),
        ("lmstudio", "http://localhost:1234/v1"),
        ("jan", "http://localhost:1337/v1"),
        ("gpt4all", "http://localhost:4891/v1"),
        ("openrouter", "https://openrouter.ai/api/v1"),
        ("hf", "https://router.huggingface.co/v1"),
    ],
)
def test_servers_are_where_their_makers_say(
    prefix: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SERVERS[prefix].base_url_env, raising=False)

    assert SERVERS[prefix].address == address


@pytest.mark.parametrize("prefix", SERVERS)
def test_the_environment_moves_a_server(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{prefix.upper()}_BASE_URL", "http://elsewhere:1/v1")

    assert SERVERS[prefix].address == "http://elsewhere:1/v1"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ollama:qwen3:4b", True),
        ("vllm:m", True),
        ("llamacpp:m", True),
        ("openai:gpt-x", False),
        ("openrouter:m", False),
        ("hf:m", False),
    ],
)
def test_models_on_a_server_of_ones_own_are_probed(name: str, *, expected: bool) -> None:
    assert isinstance(load_llm(name), Probed) is expected


@pytest.mark.parametrize("setting", ["off", " OFF "])
def test_probing_can_be_turned_off(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTCORE_PROBE", setting)

    assert not isinstance(load_llm("ollama:m"), Probed)


def test_any_other_setting_is_the_developers_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTCORE_PROBE", "no")

    with pytest.raises(ConfigurationError, match="AGENTCORE_PROBE='no' is neither 'on' nor 'off'"):
        load_llm("ollama:m")
