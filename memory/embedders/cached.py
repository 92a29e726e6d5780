"""An embedder that remembers: a text is turned into its vector once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ...errors import ConfigurationError
from ...values import digest_of
from ...vectors import Embedder, embed_texts
from .vector_cache import VectorCache

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...vectors import Matrix

__all__ = ["CachedEmbedder"]


class CachedEmbedder:
    """Asks the embedder it wraps only for texts that it has not seen, by the digest of the text.

    It has the name of the embedder it wraps, and so fits the stores of that one. The same text
    twice in one call is asked for once; two calls at the same moment may both ask.

    Args:
        embedder: Whose vectors are kept.
        max_texts: How many vectors are held in memory; the ones not used for longest go first.
        path: A file that keeps all vectors, for the next process too; None: only memory does. One
            file serves any number of embedders and processes.

    Raises:
        CorruptStoreError: the file is no cache of vectors.

    Example:
        >>> import asyncio
        >>> from agentcore.memory import CachedEmbedder, HashingEmbedder
        >>> embedder = CachedEmbedder(HashingEmbedder(dim=8))
        >>> asyncio.run(embedder.embed(["same", "same"])).shape
        (2, 8)
        >>> embedder.misses
        1
    """

    def __init__(
        self, embedder: Embedder, *, max_texts: int = 10_000, path: str | Path | None = None
    ) -> None:
        if max_texts < 1:
            raise ConfigurationError(f"max_texts is {max_texts}: it must be at least 1")
        self._embedder = embedder
        self._max_texts = max_texts
        self._kept: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()
        self._file = None if path is None else VectorCache(Path(path))
        self.misses = 0
        """How many texts the wrapped embedder was asked for."""

    @property
    def name(self) -> str:
        """The name of the wrapped embedder."""
        return self._embedder.name

    @property
    def dim(self) -> int:
        """Numbers per vector."""
        return self._embedder.dim

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """Return one vector per text, (n, dim)."""
        import numpy as np

        keys = [digest_of(self.name, text) for text in texts]
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
        wanted = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if wanted and self._file is not None:
            stored = await asyncio.to_thread(self._file.read, list(wanted), dim=self.dim)
            found |= stored
            wanted = {key: text for key, text in wanted.items() if key not in stored}
        if wanted:
            found |= await self._ask(wanted)
        self._keep({key: found[key] for key in keys})
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        return np.stack([found[key] for key in keys])

    async def _ask(self, wanted: dict[str, str]) -> dict[str, NDArray[np.float32]]:
        self.misses += len(wanted)
        matrix = await embed_texts(self._embedder, list(wanted.values()))
        made = dict(zip(wanted, matrix, strict=True))
        if self._file is not None:
            await asyncio.to_thread(self._file.write, made)
        return made

    def _keep(self, rows: dict[str, NDArray[np.float32]]) -> None:
        with self._lock:
            for key, row in rows.items():
                self._kept[key] = row
                self._kept.move_to_end(key)
            while len(self._kept) > self._max_texts:
                self._kept.popitem(last=False)
