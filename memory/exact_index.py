"""`ExactIndex`: every vector is compared; the fastest while there are few, and always right."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..vectors import Matrix
    from .vector_index import Found, Ids

__all__ = ["ExactIndex", "compare", "import_faiss", "in_one_thread"]

_FIRST_ROWS = 64


class ExactIndex:
    """A `VectorIndex` that is one matrix: 0.7 ms for 20,000 vectors of 256 numbers.

    Removing moves the last row into the gap, so that it costs the same however many there are.
    """

    def __init__(self, dim: int) -> None:
        import numpy as np

        self._lock = Lock()
        self._slots: dict[int, int] = {}
        """The row of each id."""
        self._ids: Ids = np.empty(_FIRST_ROWS, dtype=np.int64)
        self._rows: Matrix = np.empty((_FIRST_ROWS, dim), dtype=np.float32)

    def __len__(self) -> int:
        return len(self._slots)

    def add(self, ids: Ids, vectors: Matrix) -> None:
        """Append rows; the matrix grows by half."""
        with self._lock:
            start = len(self._slots)
            end = start + len(ids)
            self._make_room(end)
            self._ids[start:end] = ids
            self._rows[start:end] = vectors
            self._slots.update(zip(ids.tolist(), range(start, end), strict=True))

    def _make_room(self, rows: int) -> None:
        import numpy as np

        if rows <= len(self._ids):
            return
        used, room = len(self._slots), max(rows, len(self._ids) * 3 // 2)
        ids, matrix = np.empty(room, np.int64), np.empty((room, self._rows.shape[1]), np.float32)
        ids[:used], matrix[:used] = self._ids[:used], self._rows[:used]
        self._ids, self._rows = ids, matrix

    def remove(self, ids: Ids) -> None:
        """Fill each gap with the last row."""
        with self._lock:
            for removed in ids.tolist():
                slot = self._slots.pop(removed, None)
                last = len(self._slots)
                if slot is not None and slot != last:
                    moved = int(self._ids[last])
                    self._ids[slot], self._rows[slot] = moved, self._rows[last]
                    self._slots[moved] = slot

    def search(self, query: Matrix, top_k: int, *, allowed: Ids | None = None) -> Found:
        """Compare with every row, or with those of the allowed ids."""
        with self._lock:
            if allowed is None:
                used = len(self._slots)
                return compare(self._ids[:used], self._rows[:used], query, top_k)
            held = self._held(allowed)
            return compare(held, self._gather(held), query, top_k)

    @property
    def wants_training(self) -> bool:
        """Never: there is nothing to learn."""
        return False

    def train(self) -> None:
        """Do nothing."""

    def dump(self) -> bytes:
        """Return nothing."""
        return b""

    def load(self, learnt: bytes) -> None:
        """Do nothing."""

    def ids(self) -> Ids:
        """Return a copy of all ids."""
        with self._lock:
            return self._ids[: len(self._slots)].copy()

    def held(self, ids: Ids) -> tuple[Ids, Matrix]:
        """Return those of the ids that it holds, and their vectors."""
        with self._lock:
            held = self._held(ids)
            return held, self._gather(held)

    def _held(self, ids: Ids) -> Ids:
        import numpy as np

        return np.array([one for one in ids.tolist() if one in self._slots], dtype=np.int64)

    def _gather(self, held: Ids) -> Matrix:
        import numpy as np

        slots = [self._slots[one] for one in held.tolist()]
        return self._rows[np.array(slots, dtype=np.int64)]


def compare(ids: Ids, rows: Matrix, query: Matrix, top_k: int) -> Found:
    """Compare a query, (dim,), with every row, (n, dim), whose ids, (n,), are given.

    In one thread: NumPy's product would wait for as many as there are cores, which takes a hundred
    times as long where they are busy, and for ever in a forked child.
    """
    faiss = import_faiss()
    wanted = min(top_k, len(ids))
    if not wanted:
        return ids[:0], query[:0]
    scores, places = faiss.knn(query[None, :], rows, wanted, metric=faiss.METRIC_INNER_PRODUCT)
    return ids[places[0]], scores[0]


@contextmanager
def in_one_thread() -> Generator[None]:
    """Keep FAISS, as this thread calls it, from waiting for threads on all cores.

    For some hundred vectors that costs more than it saves: 15 ms instead of 2 where a core is busy.
    """
    faiss = import_faiss()
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # of this thread only: OpenMP counts for each of them
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


def import_faiss() -> Any:
    """Import FAISS; its own types are those of its C++ code, and say less."""
    import faiss

    return faiss
