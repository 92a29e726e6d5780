"""`VectorIndex`: the protocol of what finds near vectors, for users who plug in their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..vectors import Matrix

__all__ = ["Found", "Ids", "VectorIndex"]

Ids: TypeAlias = "NDArray[np.int64]"
"""(n,)"""

Found: TypeAlias = "tuple[Ids, Matrix]"
"""Ids, (k,), and their inner products with the query, (k,), the highest first."""


class VectorIndex(Protocol):
    """Finds the stored vectors with the highest inner product; a cache of what a store holds.

    The store that owns it hands it unit vectors under ids that are never used a second time, so an
    index has no update, and may forget everything: it is filled again from the store. Methods are
    called from several threads at once. While `train` runs in a thread of its own, the others go
    on, and answer for all that was added.

    `agentcore.memory.check_vector_index` holds an index to every sentence here.

    Example:
        >>> from agentcore.memory import FaissIndex
        >>> index: VectorIndex = FaissIndex(dim=256)
        >>> len(index)
        0
    """

    def __len__(self) -> int:
        """Return how many vectors it holds."""
        ...

    def add(self, ids: Ids, vectors: Matrix) -> None:
        """Add vectors, (n, dim), under new ids, (n,). They are found when this returns."""
        ...

    def remove(self, ids: Ids) -> None:
        """Remove vectors; ids that it does not hold are no error."""
        ...

    def search(self, query: Matrix, top_k: int, *, allowed: Ids | None = None) -> Found:
        """Return the k nearest vectors.

        k is never less than asked while there are so many: it is the smallest of `top_k`, the
        number of vectors, and the number of those that are among `allowed`.

        Args:
            query: (dim,)
            allowed: Search only among these, exactly; distinct, and ids that it does not hold are
                no error.
        """
        ...

    @property
    def wants_training(self) -> bool:
        """Whether `train` would make searches faster or truer now."""
        ...

    def train(self) -> None:
        """Do what takes long, such as clustering; called in a thread, by one caller at a time."""
        ...

    def dump(self) -> bytes:
        """Return what training learnt; the store keeps it beside the vectors."""
        ...

    def load(self, learnt: bytes) -> None:
        """Take up what a `dump` returned, before anything is added; the vectors may have changed.

        Raises:
            ValueError: it is of another version, dimension or index: go on without.
        """
        ...
