"""Packs the units of a text (sentences, tokens, ...) into spans of at most one size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from ...errors import ConfigurationError
from ...percepts import Span

__all__ = ["Measure", "characters", "check_sizes", "pack", "trim"]

Measure: TypeAlias = Callable[[int, int], int]
"""The size of the characters from a position to another; never less for more of them."""


def characters(start: int, end: int) -> int:
    """Measure in characters."""
    return end - start


def check_sizes(unit: str, maximum: int, overlap: int) -> None:
    """Refuse sizes that cannot be kept.

    Raises:
        ConfigurationError: the maximum is under 1, or the overlap negative or not under it.
    """
    if maximum < 1:
        raise ConfigurationError(f"max_{unit} is {maximum}: it must be at least 1")
    if not 0 <= overlap < maximum:
        raise ConfigurationError(
            f"overlap_{unit} is {overlap}: it must be at least 0 and under max_{unit} ({maximum})"
        )


def pack(
    units: Sequence[Span], *, maximum: int, overlap: int, measure: Measure = characters
) -> Iterator[Span]:
    """Join neighbouring units as long as they fit; each of them must fit on its own.

    A chunk begins with as many of the last units of the one before as fit into the overlap, and as
    leave room for a unit that is new.
    """
    first, count = 0, len(units)
    while first < count:
        last = first
        while last + 1 < count and measure(units[first].start, units[last + 1].end) <= maximum:
            last += 1
        yield Span(start=units[first].start, end=units[last].end)
        if last + 1 == count:
            return
        following = last + 1
        while following - 1 > first and _overlaps(units, following - 1, last, overlap, measure):
            if measure(units[following - 1].start, units[last + 1].end) > maximum:
                break
            following -= 1
        first = following


def _overlaps(units: Sequence[Span], first: int, last: int, overlap: int, measure: Measure) -> bool:
    return measure(units[first].start, units[last].end) <= overlap


def trim(text: str, spans: Iterable[Span]) -> list[Span]:
    """Take white space off both ends of the spans, and leave out what has nothing else."""
    trimmed: list[Span] = []
    for span in spans:
        piece = text[span.start : span.end]
        bare = piece.strip()
        if bare:
            start = span.start + len(piece) - len(piece.lstrip())
            trimmed.append(Span(start=start, end=start + len(bare)))
    return trimmed
