"""`KnowledgeBase`: documents in chunks, found by their words and by their meaning together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ...errors import ConfigurationError
from ...events import MemoryHit
from ...interfaces import Splitter
from ...messages import TextPart
from ...percepts import Percept
from ...planning import Run
from ...values import JsonValue
from ...vectors import Embedder
from ..embedders.default import default_embedder
from ..records import NewRecord
from ..vector_memory import VectorMemory
from .chunks import chunks_of
from .hybrid import Candidates, HybridSearch
from .keyword_index import KeywordIndex
from .keyword_sync import SyncedKeywords
from .retrieval import Retrieval
from .splitters import RecursiveSplitter
from .words import Analyzer

__all__ = ["Ingested", "KnowledgeBase"]


@dataclass(frozen=True, slots=True)
class Ingested:
    """What `KnowledgeBase.ingest` did."""

    sources: tuple[str, ...]
    """The sources that were read, in order."""
    chunks: int
    """How many chunks they have now."""
    removed: int
    """How many chunks of an earlier version of them are gone."""
    skipped: int
    """How many percepts were no text."""


class KnowledgeBase:
    """Keeps documents in one SQLite file, and searches them by keywords (BM25) and by vectors.

    It is a `Memory`: `Agent(memory=kb)` finds its chunks through `run.recall`, and what the search
    asks of models and embedders is then bounded and journalled by the run.

    The file is the truth; the keyword index lives in memory and is brought in line with it before
    a search, also after writes of another process, and is built anew at opening.

    Args:
        path: The file; it is made where there is none.
        embedder: What makes vectors; None: `default_embedder()`.
        splitter: What cuts texts; None: `RecursiveSplitter(max_chars=1000, overlap_chars=100)`.
        language: The language of the words, see `Analyzer`; None: words are not stemmed.
        context_chunks: How many chunks before one are searched along with it. For conversations,
            where a turn means little without the ones before it.
        retrieval: How it searches.

    Raises:
        MissingExtraError: a package is not installed.
        MemoryStoreError: the file cannot be used; `CorruptStoreError` where it is damaged or is
            something else.

    Example:
        >>> import asyncio
        >>> from tempfile import TemporaryDirectory
        >>> from agentcore.memory import HashingEmbedder, KnowledgeBase
        >>> async def main(folder):
        ...     async with KnowledgeBase(f"{folder}/kb.db", embedder=HashingEmbedder()) as kb:
        ...         await kb.add("Bees make honey.", source="bees.txt")
        ...         await kb.add("Cows give milk.", source="cows.txt")
        ...         return [hit.source for hit in await kb.search("Who makes honey?", top_k=1)]
        >>> with TemporaryDirectory() as folder:
        ...     asyncio.run(main(folder))
        ['bees.txt']
    """

    def __init__(
        self,
        path: str | Path,
        *,
        embedder: Embedder | None = None,
        splitter: Splitter | None = None,
        language: str | None = "english",
        context_chunks: int = 0,
        retrieval: Retrieval | None = None,
    ) -> None:
        if context_chunks < 0:
            raise ConfigurationError(f"context_chunks is {context_chunks}: it must be at least 0")
        embedder = embedder or default_embedder()
        keywords = KeywordIndex(analyzer=Analyzer(language=language))
        self.store = VectorMemory(path, embedder=embedder)
        """The records under it; what is changed there is seen by the next search here."""
        self._splitter = splitter or RecursiveSplitter(max_chars=1_000, overlap_chars=100)
        self._context_chunks = context_chunks
        self._keywords = SyncedKeywords(self.store, keywords)
        self._hybrid = HybridSearch(self.store, self._keywords, embedder)
        self._retrieval = retrieval or Retrieval()

    async def ingest(
        self,
        documents: Iterable[Percept] | str | Path,
        *,
        metadata: Mapping[str, JsonValue] | None = None,
        run: Run | None = None,
    ) -> Ingested:
        """Cut documents into chunks and store them, each with source, page and characters.

        A source that is ingested again takes the place of its earlier version: first the new chunks
        are added, then those that it had before and no longer has are deleted, so that a crash in
        between, or another one who ingests it at the same time, leaves too many and never too few.
        Percepts whose source is empty replace nothing.

        Args:
            documents: Percepts, such as `run.perceive` gives; or the path of a file of UTF-8 text,
                whose source is `file:` and the path as it is given. Other files are perceived
                first.
            metadata: Is kept with every chunk.

        Raises:
            ConfigurationError: the file is no text, or a name in the metadata is taken.
        """
        if isinstance(documents, str | Path):
            documents = (await asyncio.to_thread(_read, Path(documents)),)
        percepts = list(documents)
        if not all(hasattr(item, "source") for item in percepts):
            raise ConfigurationError(
                f"ingest was given {percepts!r:.200}: give one path, or percepts; several "
                "paths one after the other"
            )
        sources = tuple(dict.fromkeys(percept.source for percept in percepts))
        before = [
            record.id
            for source in filter(None, sources)
            async for record in self.store.records(source=source, run=run)
        ]
        records = await self._store(percepts, metadata or {}, run)
        kept = {record.id for record in records}
        stale = [record_id for record_id in before if record_id not in kept]
        removed = await self.store.delete(stale, run=run) if stale else 0
        skipped = sum(not isinstance(percept.content, TextPart) for percept in percepts)
        return Ingested(sources=sources, chunks=len(kept), removed=removed, skipped=skipped)

    async def add(
        self,
        text: str,
        *,
        source: str = "",
        metadata: Mapping[str, JsonValue] | None = None,
        run: Run | None = None,
    ) -> None:
        """Store a text beside what its source has already."""
        percept = Percept(content=TextPart(text=text), source=source)
        await self._store([percept], metadata or {}, run)

    async def search(
        self, query: str, *, top_k: int = 5, run: Run | None = None
    ) -> list[MemoryHit]:
        """Return at most `top_k` chunks, the best first.

        Costs one call of the embedder, and the model calls of the expansion and the reranker.

        Raises:
            ConfigurationError: the retrieval asks a model, and there is no run.
        """
        return await self._hybrid.search(query, self._retrieval, top_k=top_k, run=run)

    async def candidates(
        self, query: str, *, depth: int = 100, run: Run | None = None
    ) -> Candidates:
        """Return what the keyword and the vector search each put forward, before fusion.

        To choose the weights of a fusion by examples of your own.
        """
        return await self._hybrid.candidates(query, depth=depth, run=run)

    async def delete_source(self, source: str, *, run: Run | None = None) -> int:
        """Delete the chunks of a source; return how many there were."""
        return await self.store.delete_source(source, run=run)

    async def count(self, *, run: Run | None = None) -> int:
        """Return how many chunks there are."""
        return await self.store.count(run=run)

    async def aclose(self) -> None:
        """Close the file. May be called more than once."""
        await self.store.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _store(
        self, percepts: Sequence[Percept], metadata: Mapping[str, JsonValue], run: Run | None
    ) -> list[NewRecord]:
        chunks = await asyncio.to_thread(
            lambda: list(chunks_of(percepts, self._splitter, context_chunks=self._context_chunks))
        )
        records = [chunk.to_record(metadata) for chunk in chunks]
        if records:
            await self.store.add_many(records, run=run)
        return records


def _read(path: Path) -> Percept:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigurationError(
            f"{str(path)!r:.200} cannot be read: {error.strerror}. Give the path of a text "
            "file, or percepts; a text itself is stored by add(text, source=...)"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path} is no UTF-8 text (byte {error.start}): perceive it first, and ingest the "
            "percepts"
        ) from error
    return Percept(content=TextPart(text=text), source=f"file:{path.as_posix()}")
