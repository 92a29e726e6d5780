"""Embedders in this process: unit rows, whatever the text, and each text once."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore import ConfigurationError, CorruptStoreError, MissingExtraError
from agentcore.memory import (
    CachedEmbedder,
    HashingEmbedder,
    OnnxEmbedder,
    SentenceTransformerEmbedder,
    StaticEmbedder,
    default_embedder,
)
from agentcore.memory.embedders.rows import to_unit_rows
from agentcore.vectors import Embedder, Matrix, embed_texts

ODD = ["", " ", "\ud800", "a\x00b", "word", "日本語"]


class Counting(HashingEmbedder):
    """Remembers which texts it was asked for."""

    def __init__(self, *, dim: int = 8) -> None:
        super().__init__(dim=dim)
        self.given: list[str] = []

    async def embed(self, texts: Sequence[str]) -> Matrix:
        self.given += texts
        return await super().embed(texts)


@pytest.mark.parametrize(
    "embedder", [HashingEmbedder(), HashingEmbedder(dim=1), StaticEmbedder()], ids=lambda e: e.name
)
async def test_every_text_has_a_row_of_unit_length(embedder: Embedder) -> None:
    matrix = await embed_texts(embedder, ODD)

    assert np.linalg.norm(matrix, axis=1) == pytest.approx(np.ones(len(ODD)), abs=1e-5)


@settings(max_examples=30)
@given(st.lists(st.text(max_size=20), max_size=4))
def test_a_row_depends_on_its_text_alone(texts: list[str]) -> None:
    embedder = HashingEmbedder(dim=16)

    together = asyncio.run(embedder.embed(texts))

    alone = [asyncio.run(embedder.embed([text]))[0] for text in texts]
    assert np.array_equal(together, np.array(alone, dtype=np.float32).reshape(len(texts), 16))


def test_hashed_words_are_the_same_on_every_machine() -> None:
    (row,) = asyncio.run(HashingEmbedder(dim=8).embed(["ox"]))

    # By crc32, `ox` is 1.0 in bucket 1, `<ox` -0.3 in 0, and `ox>` 0.3 in 2.
    length = (1.0 + 2 * 0.3**2) ** 0.5
    expected = np.array([-0.3, 1.0, 0.3, 0, 0, 0, 0, 0]) / length
    assert row == pytest.approx(expected, abs=1e-6)


async def test_static_vectors_are_near_where_the_meaning_is() -> None:
    rows = await StaticEmbedder().embed(["a doctor in a hospital", "a nurse in a clinic", "a rock"])

    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.2


async def test_a_long_text_is_averaged_in_pieces_to_the_same_vector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = await StaticEmbedder().embed(["one two three four five"])
    monkeypatch.setattr("agentcore.memory.embedders.static._MOST_TOKENS", 2)

    in_pieces = await StaticEmbedder().embed(["one two three four five"])

    assert in_pieces == pytest.approx(whole, abs=1e-6)


def test_rows_without_direction_become_the_first_axis() -> None:
    rows = to_unit_rows(np.array([[0.0, 0.0], [float("nan"), 0.0], [3.0, 4.0]]))

    assert rows.tolist() == [[1.0, 0.0], [1.0, 0.0], [pytest.approx(0.6), pytest.approx(0.8)]]


async def test_a_text_is_asked_for_once() -> None:
    inner = Counting()
    cached = CachedEmbedder(inner)

    first = await cached.embed(["a", "b", "a"])
    second = await cached.embed(["b", "c"])

    assert inner.given == ["a", "b", "c"]
    assert (cached.name, cached.dim, cached.misses) == (inner.name, 8, 3)
    assert np.array_equal(first, await inner.embed(["a", "b", "a"]))
    assert np.array_equal(first[1], second[0])


async def test_the_vectors_used_longest_ago_are_dropped_first() -> None:
    inner = Counting()
    cached = CachedEmbedder(inner, max_texts=2)

    for text in ("a", "b", "a", "c", "a", "b"):
        await cached.embed([text])

    assert inner.given == ["a", "b", "c", "b"]


async def test_more_texts_than_are_held_still_all_have_rows() -> None:
    cached = CachedEmbedder(Counting(), max_texts=1)

    assert (await cached.embed(["a", "b", "c"])).shape == (3, 8)
    assert (await cached.embed([])).shape == (0, 8)


async def test_a_file_keeps_vectors_for_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "vectors.db"
    first = await CachedEmbedder(Counting(), path=path).embed(["a", "b"])
    inner, other = Counting(), Counting(dim=4)

    again = await CachedEmbedder(inner, path=path).embed(["b", "a"])
    await CachedEmbedder(other, path=path).embed(["a"])

    assert inner.given == []
    assert np.array_equal(again, first[::-1])
    assert other.given == ["a"]


@pytest.mark.parametrize("kind", ["text", "database"])
def test_a_file_that_is_something_else_is_left_as_it_is(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    if kind == "text":
        path.write_bytes(b"something else " * 100)
    else:
        database = sqlite3.connect(path)
        database.execute("CREATE TABLE mine (a)")
        database.close()
    before = path.read_bytes()

    with pytest.raises(CorruptStoreError, match=r"other\.db"):
        CachedEmbedder(Counting(), path=path)

    assert path.read_bytes() == before


@pytest.mark.slow
def test_the_logging_of_the_program_stays_as_it_is() -> None:
    code = (
        "import logging; from agentcore.memory import default_embedder; default_embedder();"
        "root = logging.getLogger(); print(root.handlers, root.level)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split("\n")[0] == f"[] {logging.WARNING}"


def test_the_default_embedder_is_the_static_one() -> None:
    assert default_embedder().name == "wordllama:l2_supercat_256"


def test_without_wordllama_the_default_is_hashed_words_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "wordllama", None)

    with pytest.warns(RuntimeWarning, match=r"hashed words.*pip install .*\[local\]"):
        embedder = default_embedder()

    assert embedder.name == "hashing:256"


async def test_a_missing_package_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("wordllama", "onnxruntime", "sentence_transformers"):
        monkeypatch.setitem(sys.modules, name, None)
    file = tmp_path / "model.onnx"
    file.touch()

    with pytest.raises(MissingExtraError, match=r"agentcore-framework\[local\]"):
        await StaticEmbedder().embed(["a"])
    with pytest.raises(MissingExtraError, match=r"agentcore-framework\[onnx\]"):
        OnnxEmbedder(file, file)
    with pytest.raises(MissingExtraError, match=r"agentcore-framework\[sentence-transformers\]"):
        SentenceTransformerEmbedder(tmp_path)


def test_models_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is no file"):
        OnnxEmbedder(tmp_path / "a.onnx", tmp_path / "tokenizer.json")
    with pytest.raises(ConfigurationError, match="is no folder"):
        SentenceTransformerEmbedder(tmp_path / "model")


@pytest.mark.parametrize("dim", [0, -1])
def test_a_size_under_one_is_refused(dim: int) -> None:
    with pytest.raises(ConfigurationError, match="at least 1"):
        HashingEmbedder(dim=dim)
