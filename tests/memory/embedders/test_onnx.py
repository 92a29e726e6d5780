"""What an ONNX model is fed, and what is made of its last layer."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from agentcore import ConfigurationError
from agentcore.memory import OnnxEmbedder

WORDS = {"[UNK]": 0, "east": 1, "north": 2}
LAYER = np.array([[9, 9], [1, 0], [0, 1]], dtype=np.float32)
"""What the model says for each token, (3, 2); 9 where one is read that should not be."""


class Named:
    def __init__(self, name: str, shape: tuple[object, ...] = ()) -> None:
        self.name, self.shape = name, shape


class Session:
    """Stands for onnxruntime's, and keeps what it was fed."""

    fed: list[dict[str, Any]]

    def __init__(self, path: str, providers: list[str]) -> None:
        if Path(path).read_bytes() != b"model":
            raise ValueError("no model")
        Session.fed = []

    def get_inputs(self) -> list[Named]:
        return [Named("input_ids"), Named("attention_mask")]

    def get_outputs(self) -> list[Named]:
        return [Named("last_hidden_state", ("batch", "sequence", 2))]

    def run(self, names: None, feed: dict[str, Any]) -> list[Any]:
        Session.fed.append(feed)
        return [LAYER[feed["input_ids"]]]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    fake = ModuleType("onnxruntime")
    monkeypatch.setattr(fake, "InferenceSession", Session, raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", fake)
    tokenizer = Tokenizer(WordLevel(WORDS, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "compass.onnx").write_bytes(b"model")
    return tmp_path / "compass.onnx", tmp_path / "tokenizer.json"


async def test_tokens_are_averaged_without_the_padding(files: tuple[Path, Path]) -> None:
    embedder = OnnxEmbedder(*files)

    matrix = await embedder.embed(["north east", "east", "east east east north"])

    assert (embedder.name, embedder.dim) == ("onnx:compass", 2)
    expected = np.array([[0.5, 0.5], [1, 0], [0.75, 0.25]], dtype=np.float32)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert matrix == pytest.approx(expected)
    (feed,) = Session.fed
    assert feed.keys() == {"input_ids", "attention_mask"}
    assert feed["attention_mask"].tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]]


async def test_the_first_token_can_stand_for_the_text(files: tuple[Path, Path]) -> None:
    matrix = await OnnxEmbedder(*files, pooling="first").embed(["north east east"])

    assert matrix.tolist() == [[0.0, 1.0]]


async def test_batches_are_of_texts_of_like_length(files: tuple[Path, Path]) -> None:
    await OnnxEmbedder(*files, batch_size=2).embed(
        ["east", "east north east", "north", "east east"]
    )

    assert [feed["input_ids"].shape for feed in Session.fed] == [(2, 1), (2, 3)]


async def test_what_is_beyond_the_window_is_not_read(files: tuple[Path, Path]) -> None:
    assert (await OnnxEmbedder(*files, max_tokens=1).embed(["north east"])).tolist() == [[0, 1]]


async def test_an_empty_text_has_a_row_too(files: tuple[Path, Path]) -> None:
    assert (await OnnxEmbedder(*files).embed([""])).tolist() == [[1.0, 0.0]]


def test_a_file_that_is_no_model_is_named(files: tuple[Path, Path]) -> None:
    files[0].write_bytes(b"something else")

    with pytest.raises(ConfigurationError, match=r"compass\.onnx.*no model"):
        OnnxEmbedder(*files)


@pytest.mark.parametrize(
    ("pooling", "batch_size", "message"), [("max", 1, "'mean' or 'first'"), ("mean", 0, "at least")]
)
def test_options_that_mean_nothing_are_refused(
    pooling: str, batch_size: int, message: str, files: tuple[Path, Path]
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        OnnxEmbedder(*files, pooling=pooling, batch_size=batch_size)
