"""`RecordAccess`: one namespace of a file, with the clock and the embedder of the run."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from ..errors import ConfigurationError
from ..events import MemoryHit
from ..planning import Run
from ..vectors import Embedder, embed_texts
from . import record_rows as rows
from .filters import Filter
from .nearest import nearest
from .record_entries import Entry
from .record_rows import Selection
from .record_store import Opened, RecordStore
from .records import Namespace

if TYPE_CHECKING:
    from ..vectors import Matrix

__all__ = ["RecordAccess"]

T = TypeVar("T")

_QUICK_TOP_K = 100
"""A search for more is done in a thread."""
_NOWHERE = -1
"""Stands for a namespace that nothing was added to."""


@dataclass(frozen=True, slots=True)
class RecordAccess:
    """A store as one namespace sees it."""

    store: RecordStore
    embedder: Embedder
    clock: Callable[[], float]
    namespace: Namespace

    async def now_s(self, run: Run | None) -> float:
        """Return the time of the run, or of the clock outside of one."""
        return self.clock() if run is None else (await run.now()).timestamp()

    async def embed(self, texts: Sequence[str], run: Run | None) -> Matrix:
        """Return the vectors of the texts, (n, dim), of unit length."""
        if run is None:
            return _to_unit(await embed_texts(self.embedder, texts))
        return _to_unit(await run.embed(self.embedder, texts))

    async def read(
        self,
        action: Callable[[sqlite3.Connection, Selection], T],
        *,
        where: Filter | None = None,
        source: str | None = None,
        run: Run | None,
    ) -> T:
        """Run what reads records, in a thread."""
        now_s = await self.now_s(run)
        selecting = self._selecting(
            lambda opened, selection: action(
                opened.reader, replace(selection, where=where, source=source)
            ),
            now_s,
        )
        return await asyncio.to_thread(self.store.read, selecting)

    def _selecting(
        self, action: Callable[[Opened, Selection], T], now_s: float
    ) -> Callable[[Opened], T]:
        def selected(opened: Opened) -> T:
            number = opened.number_of(self.namespace)
            return action(opened, Selection(_NOWHERE if number is None else number, now_s))

        return selected

    async def write(self, action: Callable[[sqlite3.Connection, Selection], T], now_s: float) -> T:
        """Run what writes records, in a thread and in one transaction.

        A task that is cancelled meanwhile does not stop it.
        """

        def selected(connection: sqlite3.Connection) -> T:
            number = rows.namespace_number(connection, self.namespace, create=True)
            return action(connection, Selection(_NOWHERE if number is None else number, now_s))

        return await asyncio.to_thread(self.store.write, selected)

    async def insert(self, entries: Sequence[Entry], now_s: float, run: Run | None) -> list[str]:
        """Embed and store entries, all or none; return their ids. Deletes what has expired."""
        matrix = await self.embed([entry.text for entry in entries], run)
        whole = [
            replace(entry, vector=rows.to_bytes(vector))
            for entry, vector in zip(entries, matrix, strict=True)
        ]

        def action(connection: sqlite3.Connection, selection: Selection) -> list[str]:
            rows.delete_expired(connection, now_s=now_s)
            return [rows.insert(connection, selection, entry) for entry in whole]

        return await self.write(action, now_s)

    async def search(
        self, vector: Matrix, top_k: int, where: Filter | None, run: Run | None
    ) -> list[MemoryHit]:
        """Find the nearest; on the event loop where that is a matter of microseconds."""
        if top_k < 1:
            raise ConfigurationError(f"top_k is {top_k}: it must be at least 1")
        query = self._checked(vector)

        def action(opened: Opened, selection: Selection) -> list[MemoryHit]:
            members = opened.members(selection.namespace)
            selection = replace(selection, where=where)
            index = opened.keeper.index
            return nearest(opened.reader, index, selection, query, top_k, members=members)

        selecting = self._selecting(action, await self.now_s(run))
        if where is None and top_k <= _QUICK_TOP_K:
            done = self.store.search_at_once(selecting)
            if done is not None:
                return done[0]
        return await asyncio.to_thread(self.store.search, selecting)

    def _checked(self, vector: Matrix) -> Matrix:
        import numpy as np

        row = np.ascontiguousarray(vector, dtype=np.float32)
        if row.shape != (self.store.dim,) or not np.isfinite(row).all():
            raise ConfigurationError(
                f"a vector of the shape {row.shape} was searched for where ({self.store.dim},) "
                "finite numbers are due"
            )
        query: Matrix = _to_unit(row[None, :])[0]
        return query


def _to_unit(matrix: Matrix) -> Matrix:
    """Scale each row to length 1; a row of zeros stays as it is."""
    import numpy as np

    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.ascontiguousarray(matrix / np.where(lengths > 0, lengths, 1), dtype=np.float32)
