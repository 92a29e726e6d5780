"""Where a text can be cut: sections, paragraphs, lines, sentences, words, characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from ...percepts import Span

__all__ = ["cut_at", "refine", "sections", "sentences"]

_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
_LINE = re.compile(r"\n")
_WORD = re.compile(r"\s+")
_SENTENCE = re.compile(
    r"[.!?\u2026]+[\"'\u201d\u2019)\]]*\s+"  # a space must follow: not within 3.14
    r"|[\u3002\uff01\uff1f]+[\u201d\u2019\u300f\u300d\uff09]*\s*"  # Chinese and Japanese
    r"|\n[^\S\n]*\n\s*"
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Za-z]|[Dd]r|[Mm]rs?|[Mm]s|[Pp]rof|[Ss]t|[Ff]igs?|[Ee]q|[Nn]o|[Vv]ol|vs|cf|al|"
    r"approx|e\.g|i\.e|etc)\.\s*$"
)
_HEADING = re.compile(r"^ {0,3}#{1,6}(?:[ \t]|$)")
_FENCE = re.compile(r"^ {0,3}(```+|~~~+)")


def cut_at(span: Span, ends: Iterable[int]) -> list[Span]:
    """Cut a span at the positions; ones outside of it are passed over."""
    pieces: list[Span] = []
    start = span.start
    for end in ends:
        if start < end < span.end:
            pieces.append(Span(start=start, end=end))
            start = end
    pieces.append(Span(start=start, end=span.end))
    return pieces


def sentences(text: str, span: Span) -> list[Span]:
    """Cut after sentences, each with the white space after it; a few abbreviations are known."""
    return cut_at(span, _sentence_ends(text, span))


def _sentence_ends(text: str, span: Span) -> Iterator[int]:
    for match in _SENTENCE.finditer(text, span.start, span.end):
        if not _ABBREVIATION.search(text[max(span.start, match.start() - 8) : match.end()]):
            yield match.end()


def sections(text: str) -> list[Span]:
    """Cut before the headings of Markdown; a `#` inside a fenced block is none."""
    starts: list[int] = []
    position, fence = 0, ""
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if mark is not None and not fence:
            fence = mark[1]
        elif mark is not None and mark[1].startswith(fence):
            fence = ""
        elif not fence and _HEADING.match(line):
            starts.append(position)
        position += len(line)
    return cut_at(Span(start=0, end=len(text)), starts)


def _cutter(pattern: re.Pattern[str]) -> Callable[[str, Span], list[Span]]:
    def cut(text: str, span: Span) -> list[Span]:
        return cut_at(span, (m.end() for m in pattern.finditer(text, span.start, span.end)))

    return cut


_LEVELS: Sequence[Callable[[str, Span], list[Span]]] = (
    _cutter(_PARAGRAPH),
    _cutter(_LINE),
    sentences,
    _cutter(_WORD),
)


def refine(text: str, span: Span, maximum: int, level: int = 0) -> Iterator[Span]:
    """Cut a span into units of at most `maximum` characters, at the coarsest places that do it.

    Args:
        level: Where to begin: 0 paragraphs, 1 lines, 2 sentences, 3 words, 4 characters.
    """
    if span.end - span.start <= maximum:
        yield span
    elif level == len(_LEVELS):
        for start in range(span.start, span.end, maximum):
            yield Span(start=start, end=min(start + maximum, span.end))
    else:
        for piece in _LEVELS[level](text, span):
            yield from refine(text, piece, maximum, level + 1)
