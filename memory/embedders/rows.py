"""What every embedder does with its rows: one length, and one thread at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...vectors import Matrix

__all__ = ["Worker", "batches", "to_unit_rows"]

T = TypeVar("T")


def batches(texts: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut into pieces of at most `size`, in order."""
    return (texts[start : start + size] for start in range(0, len(texts), size))


def to_unit_rows(rows: NDArray[np.floating]) -> Matrix:
    """Scale each row, (n, d), to length 1; a row without direction becomes the first axis.

    A model without a single token for a text (an empty one) has zeros or NaN for it. A fixed
    vector keeps it storable; its nearness to others means nothing.
    """
    import numpy as np

    matrix = np.nan_to_num(np.array(rows, dtype=np.float32), posinf=0.0, neginf=0.0)
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)  # (n, 1)
    empty = lengths[:, 0] < np.finfo(np.float32).tiny
    matrix[empty] = 0.0
    matrix[empty, 0] = 1.0
    lengths[empty] = 1.0
    return np.ascontiguousarray(matrix / lengths, dtype=np.float32)


class Worker:
    """Runs one call at a time in a thread, so that the event loop goes on meanwhile.

    One at a time: the libraries below already use every core for one call. Cancelling ends the
    wait; the thread finishes its batch before the next call gets it.
    """

    def __init__(self) -> None:
        import threading

        self._lock = threading.Lock()

    async def run(self, function: Callable[[], T]) -> T:
        """Call the function in a thread and return its result."""

        def alone() -> T:
            with self._lock:
                return function()

        return await asyncio.to_thread(alone)
