"""The keyword index, brought in line with the store before it is asked."""

from __future__ import annotations

import asyncio
import threading

from ..record_changes import Changes, Revision
from ..vector_memory import VectorMemory
from .keyword_index import KeywordIndex

__all__ = ["SyncedKeywords"]


class SyncedKeywords:
    """A keyword index that follows a store, whoever writes to it; a search costs what has changed.

    Args:
        index: An empty one.
    """

    def __init__(self, store: VectorMemory, index: KeywordIndex) -> None:
        self._store, self._index = store, index
        self._ids: dict[int, str] = {}
        """By the number of a record."""
        self._numbers: dict[str, int] = {}
        """The last number of each id."""
        self._revision: Revision | None = None
        # Of threads, not of asyncio: several event loops may search at once.
        self._lock = threading.Lock()

    async def search(self, query: str, *, top_k: int) -> dict[str, float]:
        """Return the ids and scores of the best texts."""
        await self._follow()

        def search() -> dict[str, float]:
            with self._lock:
                return dict(self._index.search(query, top_k=top_k))

        return await asyncio.to_thread(search)

    async def scores(self, query: str, text_ids: list[str]) -> dict[str, float]:
        """Return the scores of these texts, 0 where no word is shared."""

        def score() -> dict[str, float]:
            with self._lock:
                return self._index.scores(query, text_ids)

        return await asyncio.to_thread(score)

    async def _follow(self) -> None:
        """Take up changes until there are no more."""
        while True:
            since = self._revision
            changes = await self._store.changes(since)
            if changes.until == since:
                return
            await asyncio.to_thread(self._take, since, changes)

    def _take(self, since: Revision | None, changes: Changes) -> None:
        with self._lock:
            if self._revision != since:
                return  # another search took them up meanwhile
            for number in list(self._ids) if changes.is_anew else changes.removed:
                self._remove(number)
            for number, record in changes.records:
                self._index.add(record.id, record.text)
                self._ids[number], self._numbers[record.id] = record.id, number
            self._revision = changes.until

    def _remove(self, number: int) -> None:
        text_id = self._ids.pop(number, None)
        if text_id is not None and self._numbers[text_id] == number:
            del self._numbers[text_id]
            self._index.remove(text_id)
