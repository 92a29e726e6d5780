"""Splitters: ways to cut a text into chunks; spans are exact, and cover all but white space."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from ...percepts import Span
from .boundaries import refine, sections, sentences
from .packing import check_sizes, pack, trim

__all__ = [
    "HeadingSplitter",
    "RecursiveSplitter",
    "SentenceSplitter",
    "TokenSplitter",
    "Tokenizer",
    "WholeSplitter",
    "word_tokens",
]

Tokenizer: TypeAlias = Callable[[str], Sequence[tuple[int, int]]]
"""Returns where each token begins and ends in a text, in order."""

_WORD_TOKEN = re.compile(r"\w+|[^\w\s]")
_SENTENCE_LEVEL = 3


class WholeSplitter:
    """Keeps every text whole."""

    def split(self, text: str) -> list[Span]:
        """Return one span, or none for white space."""
        return trim(text, [Span(start=0, end=len(text))])


class RecursiveSplitter:
    r"""Cuts at paragraphs where they fit; what is longer at lines, sentences, words, characters.

    Args:
        max_chars: The most characters of a chunk.
        overlap_chars: At most so many are repeated from the chunk before; whole units only.

    Example:
        >>> text = "One two. Three four.\n\nFive."
        >>> [text[s.start : s.end] for s in RecursiveSplitter(max_chars=12).split(text)]
        ['One two.', 'Three four.', 'Five.']
    """

    def __init__(self, *, max_chars: int = 1_000, overlap_chars: int = 0) -> None:
        check_sizes("chars", max_chars, overlap_chars)
        self._max, self._overlap = max_chars, overlap_chars

    def split(self, text: str) -> list[Span]:
        """Return the chunks in order."""
        units = trim(text, refine(text, Span(start=0, end=len(text)), self._max))
        return list(pack(units, maximum=self._max, overlap=self._overlap))


class SentenceSplitter:
    """Joins whole sentences; only one that is too long by itself is cut at its words.

    Args:
        max_chars: The most characters of a chunk.
        overlap_chars: At most so many are repeated from the chunk before; whole sentences only.

    Example:
        >>> text = "Dr. No came. He saw! Why?"
        >>> [text[s.start : s.end] for s in SentenceSplitter(max_chars=13).split(text)]
        ['Dr. No came.', 'He saw! Why?']
    """

    def __init__(self, *, max_chars: int = 500, overlap_chars: int = 0) -> None:
        check_sizes("chars", max_chars, overlap_chars)
        self._max, self._overlap = max_chars, overlap_chars

    def split(self, text: str) -> list[Span]:
        """Return the chunks in order."""
        whole = Span(start=0, end=len(text))
        found = (
            unit
            for sentence in sentences(text, whole)
            for unit in refine(text, sentence, self._max, _SENTENCE_LEVEL)
        )
        return list(pack(trim(text, found), maximum=self._max, overlap=self._overlap))


class HeadingSplitter:
    """Cuts Markdown before its headings; long sections as `RecursiveSplitter` does.

    No chunk crosses a heading, nor does the overlap.

    Args:
        max_chars: The most characters of a chunk.
        overlap_chars: At most so many are repeated from the chunk before in the same section.
    """

    def __init__(self, *, max_chars: int = 1_000, overlap_chars: int = 0) -> None:
        check_sizes("chars", max_chars, overlap_chars)
        self._max, self._overlap = max_chars, overlap_chars

    def split(self, text: str) -> list[Span]:
        """Return the chunks in order."""
        return list(self._chunks(text))

    def _chunks(self, text: str) -> Iterator[Span]:
        for section in sections(text):
            units = trim(text, refine(text, section, self._max))
            yield from pack(units, maximum=self._max, overlap=self._overlap)


class TokenSplitter:
    """Joins tokens, for a model whose window is counted in them.

    Args:
        max_tokens: The most tokens of a chunk.
        overlap_tokens: So many are repeated from the chunk before.
        tokenizer: Says where the tokens are; by default words and punctuation marks. With the
            `tokenizers` package: `lambda text: tokenizer.encode(text).offsets`. What lies between
            tokens goes with the token before it.
    """

    def __init__(
        self, *, max_tokens: int = 200, overlap_tokens: int = 0, tokenizer: Tokenizer | None = None
    ) -> None:
        check_sizes("tokens", max_tokens, overlap_tokens)
        self._max, self._overlap = max_tokens, overlap_tokens
        self._tokenizer = tokenizer or word_tokens

    def split(self, text: str) -> list[Span]:
        """Return the chunks in order."""
        # Tokens of a byte-level model can share a character; each position begins one unit.
        starts = sorted({start for start, end in self._tokenizer(text) if start < end})
        edges = [0, *starts[1:], len(text)] if starts else [0, len(text)]
        units = trim(text, (Span(start=a, end=b) for a, b in pairwise(edges) if a < b))

        def count(start: int, end: int) -> int:
            # From the token that a position is in: white space may have been taken off its front.
            return bisect_left(starts, end) - max(0, bisect_right(starts, start) - 1)

        return list(pack(units, maximum=self._max, overlap=self._overlap, measure=count))


def word_tokens(text: str) -> list[tuple[int, int]]:
    """Return the words and punctuation marks of a text: a rough count of a model's tokens."""
    return [match.span() for match in _WORD_TOKEN.finditer(text)]
