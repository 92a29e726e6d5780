"""The keyword index, brought in line with the store before it is asked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from ...planning import Run
from ...values import digest_of
from ..vector_memory import VectorMemory
from .keyword_index import KeywordIndex

__all__ = ["SyncedKeywords"]


@dataclass(frozen=True, slots=True)
class _View:
    """The store as one reading found it."""

    revision: int
    """Of before the reading: what is written meanwhile is then found by the next search."""
    digests: Mapping[str, str]
    """Of the text of each record."""
    texts: Mapping[str, str]
    """Where they are new, or not as the index has them."""


class SyncedKeywords:
    """A keyword index that follows a store, whoever writes to it.

    The store has a revision that grows with every change. Where it is another than the last one
    seen, the records are read through, and what is new, changed or gone is mended: reading costs
    little beside cutting texts into words, which is done once per text. O(n) per change seen.
    """

    def __init__(self, store: VectorMemory, index: KeywordIndex) -> None:
        self._store, self._index = store, index
        self._digests: dict[str, str] = {}
        self._revision = -1
        # Of threads, not of asyncio: several event loops may search at once.
        self._lock = threading.Lock()

    async def search(self, query: str, *, top_k: int, run: Run | None) -> dict[str, float]:
        """Return the ids and scores of the best texts."""
        view = await self._read(run)

        def search() -> dict[str, float]:
            with self._lock:
                if view is not None and view.revision > self._revision:
                    self._take(view)
                return dict(self._index.search(query, top_k=top_k))

        return await asyncio.to_thread(search)

    async def scores(self, query: str, text_ids: list[str]) -> dict[str, float]:
        """Return the scores of these texts, 0 where no word is shared."""

        def score() -> dict[str, float]:
            with self._lock:
                return self._index.scores(query, text_ids)

        return await asyncio.to_thread(score)

    async def _read(self, run: Run | None) -> _View | None:
        """Return what the index has to become; None: it is up to date."""
        revision = await self._store.revision()
        if revision == self._revision:
            return None
        digests: dict[str, str] = {}
        texts: dict[str, str] = {}
        async for record in self._store.records(run=run):
            digests[record.id] = digest_of(record.text)
            if self._digests.get(record.id) != digests[record.id]:
                texts[record.id] = record.text
        return _View(revision, digests, texts)

    def _take(self, view: _View) -> None:
        self._revision = view.revision
        for text_id in self._digests.keys() - view.digests.keys():
            self._index.remove(text_id)
            del self._digests[text_id]
        for text_id, digest in view.digests.items():
            if self._digests.get(text_id) == digest:
                continue
            if text_id not in view.texts:  # the index was changed since the view was taken
                self._revision = -1
                continue
            self._index.add(text_id, view.texts[text_id])
            self._digests[text_id] = digest
