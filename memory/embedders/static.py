"""The embedded default: averages of word vectors that come with the `wordllama` package."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import MissingExtraError
from .rows import Worker, batches, to_unit_rows

if TYPE_CHECKING:
    from ...vectors import Matrix

__all__ = ["StaticEmbedder", "import_wordllama"]

_DIM = 256
_BATCH = 256
_MOST_TOKENS = 65_536
"""How many vectors are added up at once: 64 MB of them."""


class StaticEmbedder:
    """Averages of static word vectors, 256 numbers, in this process: thousands of texts a second.

    Needs `pip install 'agentcore-framework[local]'`; the vectors are in the package, nothing is
    fetched. Cheap and rough: beside keyword search it helps a little (see docs/knowledge.md).

    Raises:
        MissingExtraError: by `embed`, where wordllama is not installed or not built for this
            platform.
    """

    def __init__(self) -> None:
        self._worker = Worker()
        self._words: _Words | None = None

    @property
    def name(self) -> str:
        """The package and its vectors."""
        return f"wordllama:l2_supercat_{_DIM}"

    @property
    def dim(self) -> int:
        """256."""
        return _DIM

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """Return one unit vector per text, (n, 256)."""
        return await self._worker.run(lambda: self._embed(texts))

    def _embed(self, texts: Sequence[str]) -> Matrix:
        import numpy as np

        words = self._words or _load_wordllama()
        self._words = words
        rows = np.zeros((len(texts), _DIM), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            tokens = words.tokens(texts[start : start + _BATCH])
            for place, ids in enumerate(tokens, start):
                for piece in batches(ids, _MOST_TOKENS):
                    # The sum has the direction of the average, and can be taken in pieces.
                    rows[place] += words.vectors[list(piece)].sum(axis=0)
        return to_unit_rows(rows)


@dataclass(frozen=True, slots=True)
class _Words:
    """A tokenizer, and the vectors of its tokens, (vocabulary, 256)."""

    tokenizer: Any
    vectors: Any

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        # Halves of surrogate pairs cannot be tokenised.
        readable = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        found = self.tokenizer.encode_batch_fast(readable, add_special_tokens=False)
        return [item.ids for item in found]


def import_wordllama() -> Any:
    """Import it. It sets up the logging of the whole program, unless that is set up already."""
    root, guard = logging.getLogger(), logging.NullHandler()
    root.addHandler(guard)
    try:
        return import_module("wordllama")
    finally:
        root.removeHandler(guard)


def _load_wordllama() -> _Words:
    try:
        wordllama = import_wordllama()
    except ImportError as error:  # also a wheel that was built for another platform
        raise MissingExtraError(
            "StaticEmbedder", "pip install 'agentcore-framework[local]'"
        ) from error
    folder = Path(wordllama.__file__).parent  # else it looks in the wrong folder, and downloads
    model = wordllama.WordLlama.load(cache_dir=folder, disable_download=True)
    # Its own `embed` pads a batch to its longest text: one of 10 MB would need gigabytes.
    model.tokenizer.no_padding()
    return _Words(model.tokenizer, model.embedding)
