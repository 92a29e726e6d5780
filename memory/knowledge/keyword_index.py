"""Keyword search: BM25 over an inverted index that follows every change."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...errors import ConfigurationError
from .words import Analyzer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Postings = tuple[NDArray[np.int64], Floats, Floats]

__all__ = ["KeywordIndex"]


class KeywordIndex:
    """Finds texts by their words, scored by BM25, exact after every add and remove.

    Rare words count more, repeated ones less and less, words of a long text less. Robertson and
    Zaragoza 2009, doi:10.1561/1500000019, with the idf of Lucene, which is never negative. Lives in
    memory, and is filled from the store that owns the texts. Not for two threads at a time.

    Args:
        analyzer: What a text's terms are; by default English, stemmed.
        k1: How much repetition of a word counts; 0: not at all.
        b: How much the length of a text is held against it, from 0 to 1.

    Example:
        >>> index = KeywordIndex()
        >>> index.add("1", "Cats chase mice.")
        >>> index.add("2", "Dogs chase cats and more cats.")
        >>> [id for id, score in index.search("the mouse or mice", top_k=5)]
        ['1']
    """

    def __init__(
        self, *, analyzer: Analyzer | None = None, k1: float = 1.2, b: float = 0.75
    ) -> None:
        if k1 < 0 or not 0 <= b <= 1:
            raise ConfigurationError(f"k1 is {k1} and b {b}: k1 must be at least 0, b from 0 to 1")
        self._analyzer = analyzer or Analyzer()
        self._k1, self._b = k1, b
        self._rows: dict[str, int] = {}
        self._ids: list[str] = []
        self._terms: list[tuple[str, ...]] = []
        """The distinct terms of each row: where a removal has to go."""
        self._lengths: list[int] = []
        self._free: list[int] = []
        self._counts: dict[str, dict[int, int]] = {}
        """How often each term is in each row that has it."""
        self._postings: dict[str, Postings] = {}
        """Rows, counts and lengths as arrays; made when a term is first searched after a change."""
        self._total = 0

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, text_id: object) -> bool:
        return text_id in self._rows

    def ids(self) -> frozenset[str]:
        """The ids of all texts."""
        return frozenset(self._rows)

    def add(self, text_id: str, text: str) -> None:
        """Add a text, in place of the one that has its id."""
        self.remove(text_id)
        counts = Counter(self._analyzer.terms(text))
        row = self._free.pop() if self._free else self._new_row()
        self._rows[text_id], self._ids[row] = row, text_id
        self._terms[row], self._lengths[row] = tuple(counts), counts.total()
        self._total += self._lengths[row]
        for term, count in counts.items():
            self._counts.setdefault(term, {})[row] = count
            self._postings.pop(term, None)

    def remove(self, text_id: str) -> None:
        """Remove a text; an id that is not there is no error."""
        row = self._rows.pop(text_id, None)
        if row is None:
            return
        for term in self._terms[row]:
            counts = self._counts[term]
            del counts[row]
            if not counts:
                del self._counts[term]
            self._postings.pop(term, None)
        self._total -= self._lengths[row]
        self._terms[row], self._lengths[row], self._ids[row] = (), 0, ""
        self._free.append(row)

    def search(self, query: str, *, top_k: int) -> list[tuple[str, float]]:
        """Return the ids and scores of at most `top_k` texts that share a word, best first."""
        import numpy as np

        scores = self._score(query)  # (rows,)
        hit = np.flatnonzero(scores)
        if len(hit) > top_k:
            best = np.argpartition(-scores[hit], top_k - 1)[:top_k]
            lowest = scores[hit][best].min()
            hit = hit[scores[hit] >= lowest]  # with all ties, so that the order below decides
        found = [(self._ids[row], float(scores[row])) for row in hit]
        return sorted(found, key=lambda item: (-item[1], item[0]))[:top_k]

    def scores(self, query: str, text_ids: Iterable[str]) -> dict[str, float]:
        """Return the scores of these texts; 0 where no word is shared or the id is not there."""
        scores = self._score(query)
        rows = self._rows
        return {
            text_id: float(scores[rows[text_id]]) if text_id in rows else 0.0
            for text_id in text_ids
        }

    def _score(self, query: str) -> NDArray[np.float64]:
        import numpy as np

        scores = np.zeros(len(self._ids))
        average = self._total / len(self._rows) if self._total else 1.0
        for term, times in Counter(self._analyzer.terms(query)).items():
            if term in self._counts:
                rows, counts, lengths = self._posting(term)  # (matches,) each
                idf = math.log1p((len(self._rows) - len(rows) + 0.5) / (len(rows) + 0.5))
                damped = counts + self._k1 * (1 - self._b + self._b * lengths / average)
                scores[rows] += times * idf * counts * (self._k1 + 1) / damped
        return scores

    def _posting(self, term: str) -> Postings:
        import numpy as np

        kept = self._postings.get(term)
        if kept is None:
            counts = self._counts[term]
            rows = np.fromiter(counts, dtype=np.int64)
            lengths = np.array([self._lengths[row] for row in counts], dtype=np.float64)
            kept = rows, np.fromiter(counts.values(), dtype=np.float64), lengths
            self._postings[term] = kept
        return kept

    def _new_row(self) -> int:
        self._ids.append("")
        self._terms.append(())
        self._lengths.append(0)
        return len(self._ids) - 1
