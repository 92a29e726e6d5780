"""`FaissIndex`: exact while small, then FAISS's inverted file by itself."""

from __future__ import annotations

import math
from threading import Lock
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from .exact_index import ExactIndex
from .inverted_index import InvertedLists, Learnt, learn

if TYPE_CHECKING:
    from ..vectors import Matrix
    from .vector_index import Found, Ids

__all__ = ["FaissIndex"]

_SLICE = 512
"""Vectors that are added or copied at a time, so that a search in between waits a few ms."""
_GROWTH = 3
"""It is trained again when it holds so many times the vectors that it was trained on."""


class FaissIndex:
    """A `VectorIndex` for a machine's memory: 1 KB a vector of 256 numbers, and 20 bytes beside.

    Up to `exact_up_to` vectors every search compares with all of them. From then on it wants to be
    trained: clusters them into about 2 * sqrt(n) lists, and measures on 200 queries of its own how
    many lists a search has to read. Until that is done, and while it is done again, searches are
    answered as before. A search among allowed ids is always exact.

    Args:
        dim: Numbers per vector.
        exact_up_to: The most vectors that are compared one by one.
        recall: The share of the true nearest that a search finds at least, on its own sample.
    """

    def __init__(self, dim: int, *, exact_up_to: int = 20_000, recall: float = 0.99) -> None:
        if dim < 1 or exact_up_to < 1 or not 0 < recall <= 1:
            raise ConfigurationError(
                f"FaissIndex(dim={dim}, exact_up_to={exact_up_to}, recall={recall}): dim and "
                "exact_up_to are at least 1, recall is over 0 and at most 1"
            )
        self._dim = dim
        self._exact_up_to = exact_up_to
        self._recall = recall
        self._lock = Lock()
        self._part: ExactIndex | InvertedLists = ExactIndex(dim)
        self._changed: list[tuple[Ids, Matrix | None]] | None = None
        """What is added, or removed (None), while it is trained."""

    def __len__(self) -> int:
        return len(self._part)

    def add(self, ids: Ids, vectors: Matrix) -> None:
        """Add vectors in slices; searches get in between."""
        for start in range(0, len(ids), _SLICE):
            some, rows = ids[start : start + _SLICE], vectors[start : start + _SLICE]
            with self._lock:
                self._part.add(some, rows)
                if self._changed is not None:
                    self._changed.append((some.copy(), rows.copy()))

    def remove(self, ids: Ids) -> None:
        """Remove vectors."""
        with self._lock:
            self._part.remove(ids)
            if self._changed is not None:
                self._changed.append((ids.copy(), None))

    def search(self, query: Matrix, top_k: int, *, allowed: Ids | None = None) -> Found:
        """Return the nearest."""
        with self._lock:
            return self._part.search(query, top_k, allowed=allowed)

    @property
    def wants_training(self) -> bool:
        """Whether it outgrew the exact search, or its clusters, or shrank below them."""
        part, size = self._part, len(self._part)
        if isinstance(part, ExactIndex):
            return size > self._exact_up_to
        return size > _GROWTH * part.trained_on or 2 * size < self._exact_up_to

    def train(self) -> None:
        """Build the better index from a copy, then take up what was changed meanwhile."""
        try:
            ids, vectors = self._copy()
            part = self._built(ids, vectors)
            while not self._take_over(part):
                pass
        finally:
            with self._lock:
                self._changed = None

    def _copy(self) -> tuple[Ids, Matrix]:
        """Collect the vectors in slices; what is removed meanwhile is among the changes."""
        import numpy as np

        with self._lock:
            self._changed = []
            ids = self._part.ids()
        vectors, held = np.empty((len(ids), self._dim), np.float32), np.empty_like(ids)
        end = 0
        for start in range(0, len(ids), _SLICE):
            with self._lock:
                some, rows = self._part.held(ids[start : start + _SLICE])
            held[end : end + len(some)], vectors[end : end + len(some)] = some, rows
            end += len(some)
        return held[:end], vectors[:end]

    def _built(self, ids: Ids, vectors: Matrix) -> ExactIndex | InvertedLists:
        if len(ids) <= self._exact_up_to:
            exact = ExactIndex(self._dim)
            exact.add(ids, vectors)
            return exact
        lists = 2 ** round(math.log2(2 * math.sqrt(len(ids))))
        return learn(ids, vectors, lists=lists, recall=self._recall)

    def _take_over(self, part: ExactIndex | InvertedLists) -> bool:
        """Apply what was changed meanwhile, and swap once there is nothing more to apply."""
        with self._lock:
            changed, self._changed = self._changed or [], []
            if not changed:
                self._part = part
                return True
        for ids, vectors in changed:
            if vectors is None:
                part.remove(ids)
            else:
                part.add(ids, vectors)
        return False

    def dump(self) -> bytes:
        """Return centroids and the list of each vector; nothing while it is exact."""
        with self._lock:
            return b"" if isinstance(self._part, ExactIndex) else self._part.dump()

    def load(self, learnt: bytes) -> None:
        """Start with the lists of a `dump`."""
        if not learnt:
            return
        part = InvertedLists(Learnt.from_bytes(learnt, dim=self._dim))
        with self._lock:
            if len(self._part):
                raise ConfigurationError("load before anything is added")
            self._part = part
