"""A story as a memory: its sentences are found by the words they share with a question."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from agentcore import ConfigurationError, MemoryHit, Run, Span
from agentcore.values import JsonValue

__all__ = ["STOP_WORD", "WORD", "PassageMemory", "content_words", "is_same_word", "sentences"]

WORD = re.compile(r"(?:Dr|Mr|Mrs|Ms|St)\.|\w+(?:[.,'\u2019]\w+)*")

STOP_WORD = re.compile(
    "a|about|after|all|also|an|and|are|as|at|be|been|before|but|by|can|could|did|do|does|during|"
    "for|from|had|has|have|he|her|here|him|his|how|i|in|into|is|it|its|many|may|might|much|must|"
    "my|name|no|not|of|off|on|one|or|our|out|over|she|should|so|than|that|the|their|them|then|"
    "there|these|they|this|those|to|under|up|was|we|were|what|when|where|which|who|whom|whose|"
    "why|will|with|would|you|your"
)
"""Matches, as a whole, a word that says nothing about which sentence is meant."""

_SENTENCE_END = re.compile(
    r"(?<!\bDr\.)(?<!\bMr\.)(?<!\bMrs\.)(?<!\bMs\.)(?<!\bSt\.)"
    r"(?:(?<=[.!?])|(?<=[.!?][\"\u201d]))\s+(?=[\"\u201c(]?[A-Z0-9])|\n\s*"
)
_SKELETON = re.compile(r"(?<=\w)[aeiou]")
"""The vowels after the first letter."""


class PassageMemory:
    """The sentences of one text, for `run.recall`.

    A hit's score is the share of the query that the sentence has, its rare words counted more; its
    `metadata` holds the place of the sentence in the text, as `start` and `end`.

    Example:
        >>> import asyncio
        >>> memory = PassageMemory("Ann has a cat. Bob has a boat.", source="tale")
        >>> hits = asyncio.run(memory.search("Who has a boat?"))
        >>> [(hit.text, hit.metadata) for hit in hits]
        [('Bob has a boat.', {'start': 15, 'end': 30})]
    """

    def __init__(self, text: str, *, source: str) -> None:
        self._source = source
        self._sentences = [(span, text[span.start : span.end]) for span in sentences(text)]
        self._words = [frozenset(content_words(sentence)) for _, sentence in self._sentences]

    async def add(
        self,
        text: str,
        *,
        source: str = "",
        metadata: Mapping[str, JsonValue] | None = None,
        run: Run | None = None,
    ) -> None:
        """Refuse: a text that is read is not written to."""
        raise ConfigurationError(f"a passage is only read: {text!r} cannot be added to it")

    async def search(
        self, query: str, *, top_k: int = 5, run: Run | None = None
    ) -> list[MemoryHit]:
        """Return the sentences that share words with the query, the best first."""
        weights = {word: self._weight(word) for word in content_words(query)}
        total = sum(weights.values())
        hits: list[MemoryHit] = []
        for (span, sentence), words in zip(self._sentences, self._words, strict=True):
            shared = [word for word in weights if _is_among(word, words)]
            if shared:
                hits.append(
                    MemoryHit(
                        text=sentence,
                        score=sum(weights[word] for word in shared) / total,
                        source=self._source,
                        why=f"shares {', '.join(shared)}",
                        metadata={"start": span.start, "end": span.end},
                    )
                )
        return sorted(hits, key=lambda hit: -hit.score)[:top_k]

    def _weight(self, word: str) -> float:
        """Inverse document frequency, where each sentence is a document."""
        count = sum(_is_among(word, words) for words in self._words)
        return math.log(1 + len(self._words) / max(1, count))


def sentences(text: str) -> list[Span]:
    """Return the sentences of a text in order; together they cover all that is not white space."""
    breaks = list(_SENTENCE_END.finditer(text))
    starts = [len(text) - len(text.lstrip()), *(found.end() for found in breaks)]
    ends = [*(found.start() for found in breaks), len(text.rstrip())]
    return [
        Span(start=start, end=end)
        for start, end in zip(starts, ends, strict=True)
        if text[start:end].strip()
    ]


def content_words(text: str) -> list[str]:
    """Return the words that are no stop words, in lower case, each once, in order."""
    words = (match[0].lower() for match in WORD.finditer(text))
    return list(dict.fromkeys(word for word in words if not STOP_WORD.fullmatch(word)))


def is_same_word(one: str, other: str) -> bool:
    """Whether two words in lower case are forms of one, as far as their letters tell.

    `build` and `built` begin alike; `write` and `wrote` differ in their vowels only.
    """
    begins_alike = one[:4] == other[:4] and len(one[:4]) == 4  # noqa: PLR2004
    is_vowel_change = len(one) == len(other) and _SKELETON.sub("", one) == _SKELETON.sub("", other)
    return one == other or begins_alike or is_vowel_change


def _is_among(word: str, words: frozenset[str]) -> bool:
    return any(is_same_word(word, other) for other in words)
