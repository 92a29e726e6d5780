"""`VectorMemory`: texts found by meaning, kept in SQLite, for one user, agent or session each."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ..events import MemoryHit
from ..planning import Run
from ..values import JsonValue
from ..vectors import Embedder
from .filters import Filter
from .records import NewRecord, Record
from .vector_index import VectorIndex

if TYPE_CHECKING:
    from ..vectors import Matrix

__all__ = ["VectorMemory"]


class VectorMemory:
    """SIGNATURES ONLY in this commit: the bodies follow."""

    def __init__(
        self,
        path: str | Path,
        *,
        embedder: Embedder,
        index: Callable[[int], VectorIndex] | None = None,
        busy_timeout_s: float = 5.0,
        ttl_s: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None: ...

    def within(self, *, user: str = "", agent: str = "", session: str = "") -> VectorMemory:
        """Return the same memory for another namespace."""
        ...

    async def add(
        self,
        text: str,
        *,
        source: str = "",
        metadata: Mapping[str, JsonValue] | None = None,
        record_id: str | None = None,
        ttl_s: float | None = None,
        run: Run | None = None,
    ) -> str:
        """Store a text; return its id."""
        ...

    async def add_many(self, records: Iterable[NewRecord], *, run: Run | None = None) -> list[str]:
        """Store records in batches, each all or none; return their ids."""
        ...

    async def get(self, record_id: str, *, run: Run | None = None) -> Record | None: ...

    async def update(
        self,
        record_id: str,
        *,
        text: str | None = None,
        source: str | None = None,
        metadata: Mapping[str, JsonValue] | None = None,
        ttl_s: float | None = None,
        run: Run | None = None,
    ) -> None:
        """Change what is given; MemoryStoreError where there is no such record."""
        ...

    async def delete(self, *record_ids: str) -> int: ...

    async def delete_source(self, source: str) -> int: ...

    async def forget(self, *, user: str = "", agent: str = "", session: str = "") -> int:
        """Delete every record of a user, an agent or a session, in whatever namespace."""
        ...

    async def purge(self, *, run: Run | None = None) -> int:
        """Delete what has expired."""
        ...

    async def search(
        self, query: str, *, top_k: int = 5, where: Filter | None = None, run: Run | None = None
    ) -> list[MemoryHit]:
        """Hits carry `id` (a new field of MemoryHit, "" by default)."""
        ...

    async def search_vector(
        self,
        vector: Matrix,
        *,
        top_k: int = 5,
        where: Filter | None = None,
        run: Run | None = None,
    ) -> list[MemoryHit]:
        """Search with a vector of the embedder, (dim,)."""
        ...

    async def vectors(self, record_ids: Sequence[str]) -> Matrix:
        """Return the stored unit vectors, (n, dim), such as MMR needs."""
        ...

    def records(
        self, *, where: Filter | None = None, source: str | None = None, run: Run | None = None
    ) -> AsyncIterator[Record]:
        """`async for record in memory.records()`: all of the namespace, oldest first."""
        ...

    async def count(self, *, where: Filter | None = None, run: Run | None = None) -> int: ...

    async def revision(self) -> int:
        """A number that grows with every change of the file, also by another process."""
        ...

    async def aclose(self) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...
