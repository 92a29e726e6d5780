"""One search from question to hits: expand, search twice, fuse, rerank, diversify."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ...errors import ConfigurationError, MemoryStoreError
from ...events import MemoryHit
from ...planning import Run
from ...vectors import Embedder, embed_texts
from ..vector_memory import VectorMemory
from .chunks import shown
from .diversity import diversify
from .expansion import Expanded
from .keyword_sync import SyncedKeywords
from .retrieval import Retrieval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

__all__ = ["Candidates", "HybridSearch"]

_DEEPER = 4
"""How many times `top_k` are looked at for diversity."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the two searches put forward for one query, each scored by both, by id."""

    keyword: Mapping[str, float]
    """BM25; 0 where no word is shared."""
    vector: Mapping[str, float]
    """Cosine of the angle to the query."""


@dataclass(frozen=True, slots=True)
class _Found:
    candidates: Candidates
    records: Mapping[str, MemoryHit]
    """Of the vector search, which reads them anyway."""
    fused: Mapping[str, float] = field(default_factory=dict[str, float])


class HybridSearch:
    """Searches a store by keywords and by vectors.

    Each of the two searches puts forward its best; then both score all of these, exactly, so that a
    text is not punished for having been the hundred-and-first of one of them.
    """

    def __init__(self, store: VectorMemory, keywords: SyncedKeywords, embedder: Embedder) -> None:
        self._store, self._keywords, self._embedder = store, keywords, embedder

    async def search(
        self, query: str, retrieval: Retrieval, *, top_k: int, run: Run | None
    ) -> list[MemoryHit]:
        """Return at most `top_k` hits, the best first."""
        if top_k < 1 or not query.strip():
            return []
        expanded = await _expand(query, retrieval, run)
        vectors = await self._vectors_of(expanded, run)
        found: list[_Found] = []
        for text, vector in zip(expanded.queries, vectors, strict=True):
            one = await self._search_one(text, vector, retrieval.candidates, run)
            parts = [one.candidates.keyword, one.candidates.vector]
            found.append(replace(one, fused=retrieval.fusion.fuse(parts)))
        scores = _join([item.fused for item in found], expanded)
        hits = await self._hits(_ranked(scores), found, retrieval, top_k=top_k, run=run)
        if retrieval.reranker is not None and hits:
            order = await retrieval.reranker.rerank(query, [hit.text for hit in hits], run=run)
            hits = [hits[place] for place in order]
        if retrieval.diversity:
            hits = await self._diversified(hits, retrieval.diversity, top_k=top_k, run=run)
        return hits[:top_k]

    async def candidates(self, query: str, *, depth: int, run: Run | None) -> Candidates:
        """Return what each search puts forward, before fusion."""
        (vector,) = await self._vectors_of(Expanded(queries=(query,)), run)
        return (await self._search_one(query, vector, depth, run)).candidates

    async def _vectors_of(self, expanded: Expanded, run: Run | None) -> list[Vector]:
        """Return a unit vector, (d,), per query; the first is averaged with the passages."""
        import numpy as np

        texts = [*expanded.queries, *expanded.passages]
        if run is None:
            matrix = await embed_texts(self._embedder, texts)
        else:
            matrix = await run.embed(self._embedder, texts)
        vectors = list(matrix[: len(expanded.queries)])
        if expanded.passages:
            passages = matrix[len(expanded.queries) :]
            mean = np.vstack([matrix[:1], passages]).mean(axis=0)  # (d,)
            vectors[0] = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
        return vectors

    async def _search_one(self, query: str, vector: Vector, depth: int, run: Run | None) -> _Found:
        keyword = await self._keywords.search(query, top_k=depth)
        near = await self._store.search_vector(vector, top_k=depth, run=run)
        nearness = {hit.id: hit.score for hit in near}
        missing = sorted(keyword.keys() - nearness.keys())
        nearness |= await self._nearness(missing, vector, run)
        # What has no vector any more was deleted, or has expired, since the words were read.
        keyword = await self._keywords.scores(query, sorted(nearness))
        return _Found(Candidates(keyword, nearness), {hit.id: hit for hit in near})

    async def _nearness(self, ids: list[str], vector: Vector, run: Run | None) -> dict[str, float]:
        if not ids:
            return {}
        try:
            stored = await self._store.vectors(ids, run=run)  # (n, d)
        except MemoryStoreError:
            found = [await self._store.get(text_id, run=run) for text_id in ids]
            there = [record.id for record in found if record is not None]
            if len(there) == len(ids):
                raise
            return await self._nearness(there, vector, run)
        return dict(zip(ids, (stored @ vector).tolist(), strict=True))

    async def _hits(
        self,
        ids: Sequence[str],
        found: Sequence[_Found],
        retrieval: Retrieval,
        *,
        top_k: int,
        run: Run | None,
    ) -> list[MemoryHit]:
        """Read the records in order, until there are enough; one that expired is passed over."""
        wanted = top_k
        if retrieval.reranker is not None:
            wanted = max(wanted, retrieval.reranked)
        if retrieval.diversity:
            wanted = max(wanted, _DEEPER * top_k)
        hits: list[MemoryHit] = []
        for text_id in ids:
            if len(hits) == wanted:
                break
            hit = await self._read(text_id, found, run)
            if hit is not None:
                score = max(item.fused.get(text_id, 0.0) for item in found)
                changes = {"score": score, "why": _why(text_id, found)}
                hits.append(shown(hit).model_copy(update=changes))
        return hits

    async def _read(
        self, text_id: str, found: Sequence[_Found], run: Run | None
    ) -> MemoryHit | None:
        for item in found:
            if text_id in item.records:
                return item.records[text_id]
        record = await self._store.get(text_id, run=run)
        if record is None:
            return None
        return MemoryHit(
            id=record.id,
            text=record.text,
            score=0.0,
            source=record.source,
            metadata=record.metadata,
        )

    async def _diversified(
        self, hits: list[MemoryHit], diversity: float, *, top_k: int, run: Run | None
    ) -> list[MemoryHit]:
        if not hits:
            return hits
        vectors = await self._store.vectors([hit.id for hit in hits], run=run)
        # By place, as a reranker gives an order and no scores.
        scores = [-float(place) for place in range(len(hits))]
        chosen = diversify(scores, vectors, top_k=top_k, diversity=diversity)
        return [hits[place] for place in chosen]


async def _expand(query: str, retrieval: Retrieval, run: Run | None) -> Expanded:
    if retrieval.expansion is None:
        return Expanded(queries=(query,))
    if run is None:
        raise ConfigurationError(
            f"{type(retrieval.expansion).__name__} asks the model of a run, and there is none: "
            "search through run.recall, or pass run="
        )
    expanded = await retrieval.expansion.expand(query, run)
    if not expanded.queries:
        raise ConfigurationError(
            f"{type(retrieval.expansion).__name__}.expand returned no queries: the query itself "
            "should be the first"
        )
    return expanded


def _join(searches: Sequence[Mapping[str, float]], expanded: Expanded) -> dict[str, float]:
    if expanded.fusion is not None and len(searches) > 1:
        return expanded.fusion.fuse(searches)
    best: dict[str, float] = {}
    for found in searches:
        for text_id, score in found.items():
            best[text_id] = max(score, best.get(text_id, score))
    return best


def _ranked(scores: Mapping[str, float]) -> list[str]:
    return sorted(scores, key=lambda text_id: (-scores[text_id], text_id))


def _why(text_id: str, found: Sequence[_Found]) -> str:
    keyword = max(item.candidates.keyword.get(text_id, 0.0) for item in found)
    nearness = max(item.candidates.vector.get(text_id, -1.0) for item in found)
    return f"keywords {keyword:.2f}, nearness {nearness:.2f}"
