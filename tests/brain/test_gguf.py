from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.brain.gguf import control_tokens, find_model, trained_context
from agentcore.errors import ConfigurationError

UINT32, TEXT, ARRAY = 4, 8, 9


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def entry(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def head(*entries: bytes, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, 0, len(entries)) + b"".join(entries)


ARCHITECTURE = entry("general.architecture", TEXT, text("llama"))
CONTEXT = entry("llama.context_length", UINT32, struct.pack("<I", 8192))
WORDS = entry("tokenizer.ggml.tokens", ARRAY, struct.pack("<IQ", TEXT, 2) + text("a") + text("bc"))
SCORES = entry("tokenizer.ggml.scores", ARRAY, struct.pack("<IQ3f", 6, 3, 0.0, 1.0, 2.0))


@pytest.mark.parametrize(
    "entries",
    [(ARCHITECTURE, CONTEXT), (CONTEXT, ARCHITECTURE), (WORDS, SCORES, ARCHITECTURE, CONTEXT)],
)
def test_the_window_is_found_wherever_it_stands(tmp_path: Path, entries: tuple[bytes, ...]) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(head(*entries))

    assert trained_context(path) == 8192


def test_the_window_of_another_architecture_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    other = entry("clip.context_length", UINT32, struct.pack("<I", 77))
    path.write_bytes(head(other, ARCHITECTURE))

    assert trained_context(path) is None


def test_a_version_that_is_not_known_is_left_to_llama_cpp(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(head(ARCHITECTURE, CONTEXT, version=9))

    assert trained_context(path) is None


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "cut off"),
        (b"PK\x03\x04 a zip archive", "does not begin with the letters GGUF"),
        (head(ARCHITECTURE, CONTEXT)[:-2], "cut off or damaged"),
        (head(entry("a", 99, b"")), "unknown type 99"),
        (head(entry("a", ARRAY, struct.pack("<IQ", UINT32, 2**62))), "cut off or damaged"),
        (head(entry("a", ARRAY, struct.pack("<IQ", ARRAY, 1))), "array of the unknown type 9"),
    ],
)
def test_a_file_that_is_no_model_says_why(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError, match=complaint) as caught:
        trained_context(path)

    assert repr(str(path)) in str(caught.value)


@given(rest=st.binary(max_size=200), cut=st.integers(0, 120))
def test_any_bytes_give_a_window_or_a_complaint(
    tmp_path_factory: pytest.TempPathFactory, rest: bytes, cut: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.gguf"
    path.write_bytes(head(ARCHITECTURE, CONTEXT)[:cut] + rest)

    try:
        found = trained_context(path)
    except ConfigurationError:
        return
    assert found is None or found > 0


def test_a_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "model.gguf").touch()

    assert find_model("~/model.gguf") == tmp_path / "model.gguf"


@pytest.mark.parametrize("name", ["missing.gguf", ""])
def test_a_path_without_a_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="there is no model file") as caught:
        find_model(tmp_path / name)

    assert "'smollm2'" in str(caught.value)


def test_control_tokens_are_told_by_their_type_and_the_longest_is_first(tmp_path: Path) -> None:
    words = [text(word) for word in ("a", "<s>", "<|end|>", "b")]
    tokens = struct.pack("<IQ", TEXT, len(words)) + b"".join(words)
    kinds = struct.pack("<IQ4i", 5, 4, 1, 3, 3, 1)
    path = tmp_path / "model.gguf"
    path.write_bytes(
        head(
            entry("tokenizer.ggml.tokens", ARRAY, tokens),
            ARCHITECTURE,
            entry("tokenizer.ggml.token_type", ARRAY, kinds),
        )
    )

    assert control_tokens(path) == ("<|end|>", "<s>")


@given(st.binary(max_size=80))
def test_any_bytes_give_control_tokens_or_a_complaint(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "model.gguf"
    path.write_bytes(b"GGUF\x03\0\0\0" + data)

    try:
        found = control_tokens(path)
    except ConfigurationError:
        return
    assert isinstance(found, tuple)
