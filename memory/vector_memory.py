"""`VectorMemory`: texts found by meaning, kept in one SQLite file, apart by namespace."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from sqlite3 import Connection
from typing import TYPE_CHECKING, Self

from ..errors import ConfigurationError, MemoryStoreError
from ..events import MemoryHit
from ..planning import Run
from ..values import JsonValue
from ..vectors import Embedder
from . import record_rows as rows
from .embedders.default import default_embedder
from .faiss_index import FaissIndex
from .filters import Filter
from .record_access import RecordAccess
from .record_changes import Changes, Revision, changes_since
from .record_entries import check_ttl, entry_of
from .record_rows import Selection
from .record_store import RecordStore
from .records import Namespace, NewRecord, Record
from .vector_index import VectorIndex

if TYPE_CHECKING:
    from ..vectors import Matrix

__all__ = ["VectorMemory"]

_BATCH = 1000


class VectorMemory:
    """Stores texts with their vectors, and finds those that are nearest to a query by cosine.

    SQLite holds everything: what `add` has returned for survives a crash of the process or the
    machine, and one file may be used by several objects, processes and event loops at once. A
    search sees what any of them committed before it began. The index over the vectors is in memory,
    and is read from the file at first use; see `FaissIndex` for its speed and size.

    Every object is bound to one namespace, the common one at first; `within` gives another's. The
    time, by which records expire, is that of the run, or of `clock` outside of one.

    Args:
        path: The file; made where it does not exist. `-wal` and `-shm` appear beside it.
        embedder: A file belongs to the one that it was made with. None: `default_embedder()`.
        index: Makes the index for a number of dimensions.
        busy_timeout_s: How long a write waits for another process that writes.
        ttl_s: How long a record lives that does not say so itself. None: for ever.
        clock: Seconds since 1970.

    Raises:
        ConfigurationError: the file was made with another embedder.
        CorruptStoreError: the file is damaged or something else; it is left as it is.
        MemoryStoreError: the file cannot be opened. Every method raises it where the file cannot be
            read or written; nothing that was acknowledged is lost then.

    Example:
        >>> import asyncio, tempfile
        >>> from agentcore.memory import VectorMemory
        >>> class Vowels:
        ...     name, dim = "vowels", 5
        ...     async def embed(self, texts):
        ...         return [[float(text.count(vowel)) for vowel in "aeiou"] for text in texts]
        >>> async def main(folder):
        ...     async with VectorMemory(f"{folder}/notes.db", embedder=Vowels()) as memory:
        ...         await memory.add("Dune is on shelf B", source="catalogue")
        ...         await memory.add("Lunch is at noon")
        ...         return [hit.text for hit in await memory.search("moon noon", top_k=1)]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     asyncio.run(main(folder))
        ['Lunch is at noon']
    """

    def __init__(
        self,
        path: str | Path,
        *,
        embedder: Embedder | None = None,
        index: Callable[[int], VectorIndex] = FaissIndex,
        busy_timeout_s: float = 5.0,
        ttl_s: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        check_ttl(ttl_s)
        chosen = embedder or default_embedder()
        self._ttl_s = ttl_s
        store = RecordStore(
            Path(path),
            embedder=chosen.name,
            dim=chosen.dim,
            make_index=lambda: index(chosen.dim),
            busy_timeout_s=busy_timeout_s,
        )
        self._access = RecordAccess(store, chosen, clock, Namespace())

    def __repr__(self) -> str:
        return f"VectorMemory({str(self._access.store.path)!r}, {self._access.namespace})"

    def within(self, *, user: str = "", agent: str = "", session: str = "") -> VectorMemory:
        """Return this memory for another namespace; see `Namespace`: nothing is inherited."""
        other = copy.copy(self)
        other._access = replace(self._access, namespace=Namespace(user, agent, session))
        return other

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
        """Store a text and return its id; see `NewRecord` for what the id is good for."""
        record = NewRecord(text, source, metadata or {}, record_id, ttl_s)
        return (await self.add_many([record], run=run))[0]

    async def add_many(self, records: Iterable[NewRecord], *, run: Run | None = None) -> list[str]:
        """Store records and return their ids; each 1,000 are stored all or none.

        Searches go on meanwhile, and other processes write in between. What has expired is deleted
        on the way. Costs an embedder's call for each 1,000.
        """
        names: list[str] = []
        remaining = iter(records)
        while batch := list(islice(remaining, _BATCH)):
            now_s = await self._access.now_s(run)
            entries = [entry_of(record, now_s=now_s, ttl_s=self._ttl_s) for record in batch]
            names += await self._access.insert(entries, now_s, run)
        return names

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
        """Change what is given of a record; it lives `ttl_s` from now on, where that is given.

        Raises:
            MemoryStoreError: there is no such record in this namespace.
        """
        now_s = await self._access.now_s(run)
        given = NewRecord(text or "", source or "", metadata or {}, ttl_s=ttl_s)
        checked = entry_of(given, now_s=now_s, ttl_s=None)
        changes: dict[str, object] = {}
        if text is not None:
            (vector,) = await self._access.embed([text], run)
            changes |= {"text": text, "vector": rows.to_bytes(vector)}
        if source is not None:
            changes["source"] = source
        if metadata is not None:
            changes["metadata"] = checked.metadata
        if ttl_s is not None:
            changes["expires_at"] = checked.expires_at
        is_found = await self._access.write(
            lambda connection, selection: rows.update(connection, selection, record_id, changes),
            now_s,
        )
        if not is_found:
            raise MemoryStoreError(f"there is no record {record_id!r} in {self!r}")

    async def get(self, record_id: str, *, run: Run | None = None) -> Record | None:
        """Return a record of this namespace; None: there is none, or it has expired."""

        def action(connection: Connection, selection: Selection) -> Record | None:
            found = rows.load_records(connection, selection, names=[record_id])
            return next((record for _, record in found), None)

        return await self._access.read(action, run=run)

    async def delete(self, record_ids: Iterable[str], *, run: Run | None = None) -> int:
        """Delete records of this namespace, all or none; return how many there were."""
        if isinstance(record_ids, str):
            raise ConfigurationError(f"delete({record_ids!r}): give a list of ids, not its letters")
        names = list(record_ids)
        return await self._access.write(
            lambda connection, selection: rows.delete_named(connection, selection, names),
            await self._access.now_s(run),
        )

    async def delete_source(self, source: str, *, run: Run | None = None) -> int:
        """Delete the records of this namespace that came from a source; return how many."""
        return await self._access.write(
            lambda connection, selection: rows.delete_selected(
                connection, replace(selection, source=source)
            ),
            await self._access.now_s(run),
        )

    async def forget(self, *, user: str = "", agent: str = "", session: str = "") -> int:
        """Delete all records of a user, an agent or a session in every namespace that names it.

        Raises:
            ConfigurationError: no part is given.
        """
        parts = {"user": user, "agent": agent, "session": session}
        given = {name: value for name, value in parts.items() if value}
        if not given:
            raise ConfigurationError("forget(): say whom: user=, agent= or session=")
        return await self._access.write(
            lambda connection, _: rows.delete_of(connection, given), now_s=0.0
        )

    async def purge(self, *, run: Run | None = None) -> int:
        """Delete what has expired in the whole file, as `add` does too; return how many."""
        now_s = await self._access.now_s(run)
        return await self._access.write(
            lambda connection, _: rows.delete_expired(connection, now_s=now_s), now_s
        )

    async def search(
        self, query: str, *, top_k: int = 5, where: Filter | None = None, run: Run | None = None
    ) -> list[MemoryHit]:
        """Return the `top_k` records of this namespace nearest to the query by cosine.

        There are fewer only where fewer fit.

        Args:
            where: Only records whose metadata fit, such as `Equals("kind", "novel")`.
        """
        (vector,) = await self._access.embed([query], run)
        return await self._access.search(vector, top_k, where, run)

    async def search_vector(
        self,
        vector: Matrix,
        *,
        top_k: int = 5,
        where: Filter | None = None,
        run: Run | None = None,
    ) -> list[MemoryHit]:
        """Search with a vector, (dim,), that the embedder made, or that was made of such."""
        return await self._access.search(vector, top_k, where, run)

    async def vectors(self, record_ids: Sequence[str], *, run: Run | None = None) -> Matrix:
        """Return the stored vectors of records, (n, dim), of unit length, in this order.

        Raises:
            MemoryStoreError: one of the records is not there.
        """
        store = self._access.store
        return await self._access.read(
            lambda connection, selection: rows.load_vectors(
                connection, selection, record_ids, dim=store.dim, path=store.path
            ),
            run=run,
        )

    async def records(
        self, *, where: Filter | None = None, source: str | None = None, run: Run | None = None
    ) -> AsyncIterator[Record]:
        """Iterate over the records of this namespace, oldest first, 1,000 at a time from the file.

        Such as `[record async for record in memory.records(source="catalogue")]`.
        """
        last = 0

        def action(connection: Connection, selection: Selection) -> list[tuple[int, Record]]:
            return list(rows.load_records(connection, selection, after=last, most=_BATCH))

        while page := await self._access.read(action, where=where, source=source, run=run):
            for number, record in page:
                yield record
                last = number

    async def count(
        self, *, where: Filter | None = None, source: str | None = None, run: Run | None = None
    ) -> int:
        """Count the records of this namespace."""
        return await self._access.read(rows.count, where=where, source=source, run=run)

    async def changes(self, since: Revision | None = None) -> Changes:
        """Return what came and went in this namespace; ask on from `until` while that changes."""
        return await self._access.read(
            lambda connection, selection: changes_since(connection, selection, since), run=None
        )

    async def aclose(self) -> None:
        """Close the file, for every namespace of it. May be called more than once."""
        await asyncio.to_thread(self._access.store.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
