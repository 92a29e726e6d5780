"""The keyword index, brought in line with the store before it is asked."""

from __future__ import annotations

import asyncio

from ...planning import Run
from ...values import digest_of
from ..records import Record
from ..vector_memory import VectorMemory
from .keyword_index import KeywordIndex

__all__ = ["SyncedKeywords"]

_BATCH = 500


class SyncedKeywords:
    """A keyword index that follows a store, whoever writes to it.

    The store has a revision that grows with every change. Where it is another than the last one
    seen, the records are read through, and what is new, changed or gone is mended: reading costs
    little beside cutting texts into words, which is done once per text.
    """

    def __init__(self, store: VectorMemory, index: KeywordIndex) -> None:
        self._store, self._index = store, index
        self._digests: dict[str, str] = {}
        self._revision: int | None = None
        self._lock = asyncio.Lock()

    async def search(self, query: str, *, top_k: int, run: Run | None) -> dict[str, float]:
        """Return the ids and scores of the best texts."""
        async with self._lock:
            await self._catch_up(run)
            return dict(await asyncio.to_thread(self._index.search, query, top_k=top_k))

    async def scores(self, query: str, text_ids: list[str]) -> dict[str, float]:
        """Return the scores of these texts, 0 where no word is shared."""
        async with self._lock:
            return await asyncio.to_thread(self._index.scores, query, text_ids)

    async def _catch_up(self, run: Run | None) -> None:
        # Read first: what is written while the records are read is then found by the next search.
        revision = await self._store.revision()
        if revision == self._revision:
            return
        gone = set(self._digests)
        batch: list[Record] = []
        async for record in self._store.records(run=run):
            gone.discard(record.id)
            batch.append(record)
            if len(batch) == _BATCH:
                await asyncio.to_thread(self._take, batch)
                batch = []
        await asyncio.to_thread(self._take, batch)
        for text_id in gone:
            self._index.remove(text_id)
            del self._digests[text_id]
        self._revision = revision

    def _take(self, records: list[Record]) -> None:
        for record in records:
            digest = digest_of(record.text)
            if self._digests.get(record.id) != digest:
                self._index.add(record.id, record.text)
                self._digests[record.id] = digest
