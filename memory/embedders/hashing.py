"""Vectors of hashed words: no model, no file, the same numbers on every machine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from zlib import crc32

from ...errors import ConfigurationError
from .rows import to_unit_rows

if TYPE_CHECKING:
    from ...vectors import Matrix

__all__ = ["HashingEmbedder"]

_WORD = re.compile(r"\w+")
_LETTERS = 3


class HashingEmbedder:
    """Counts words and their three-letter pieces in `dim` hashed, signed buckets.

    Texts are near when they share words or parts of words; it knows nothing of meaning. It is for
    tests, and for places where no model can be installed. Weinberger et al. 2009, arXiv:0902.2206.

    Args:
        dim: Numbers per vector; with fewer, different words fall together more often.

    Example:
        >>> import asyncio
        >>> from agentcore.memory import HashingEmbedder
        >>> rows = asyncio.run(HashingEmbedder().embed(["black cat", "black cats", "red fish"]))
        >>> bool(rows[0] @ rows[1] > rows[0] @ rows[2])
        True
    """

    def __init__(self, *, dim: int = 256) -> None:
        if dim < 1:
            raise ConfigurationError(f"dim is {dim}: it must be at least 1")
        self._dim = dim

    @property
    def name(self) -> str:
        """Such as `hashing:256`."""
        return f"hashing:{self._dim}"

    @property
    def dim(self) -> int:
        """Numbers per vector."""
        return self._dim

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """Return one unit vector per text, (n, dim)."""
        import numpy as np

        rows = np.zeros((len(texts), self._dim), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for feature, weight in _features(text):
                bucket = crc32(feature.encode("utf-8", "replace"))
                row[bucket % self._dim] += weight if bucket & 0x8000_0000 else -weight
        return to_unit_rows(rows)


def _features(text: str) -> Iterator[tuple[str, float]]:
    for word in _WORD.findall(text.casefold()):
        yield word, 1.0
        marked = f"<{word}>"
        for start in range(len(marked) - _LETTERS + 1):
            yield marked[start : start + _LETTERS], 0.3
