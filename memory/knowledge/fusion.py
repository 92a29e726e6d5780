"""Fusion: one order out of the scores of several searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ...errors import ConfigurationError

__all__ = ["Fusion", "RankFusion", "ScoreFusion"]


class Fusion(Protocol):
    """Joins what several searches found.

    Raising one text's score in one search never moves it down, and the order in which the texts are
    given does not matter.

    Example:
        >>> class Best:
        ...     def fuse(self, searches):
        ...         ids = set().union(*searches)
        ...         return {id: max(found.get(id, 0.0) for found in searches) for id in ids}
    """

    def fuse(self, searches: Sequence[Mapping[str, float]]) -> dict[str, float]:
        """Return a score for each id that a search found; higher is better."""
        ...


class ScoreFusion:
    """Adds up the scores, each search's scaled to 0 (its lowest) to 1 (its highest), weighted.

    A text that a search did not find has 0 there. Unlike ranks, scores say how far ahead the first
    is, so a weak search does less harm: benchmarks/memory has both on two sets.

    Args:
        weights: One per search, in their order; they need not add up to 1. None: all alike.

    Example:
        >>> ScoreFusion((0.5, 0.5)).fuse([{"a": 9.0, "b": 3.0}, {"b": 0.8, "c": 0.2}])
        {'a': 0.5, 'b': 0.5, 'c': 0.0}
    """

    def __init__(self, weights: Sequence[float] | None = None) -> None:
        self._weights = _checked(weights)

    def fuse(self, searches: Sequence[Mapping[str, float]]) -> dict[str, float]:
        """Return a score for each id that a search found."""
        fused: dict[str, float] = {}
        for weight, found in _weighted(self._weights, searches):
            lowest, highest = min(found.values()), max(found.values())
            width = highest - lowest
            for text_id, score in found.items():
                share = (score - lowest) / width if width else 1.0
                fused[text_id] = fused.get(text_id, 0.0) + weight * share
        return fused


class RankFusion:
    """Adds up 1 / (k + rank), weighted: reciprocal rank fusion, for scores that do not compare.

    Cormack, Clarke and Buettcher 2009, doi:10.1145/1571941.1572114; texts of one score share the
    best rank among them, where the paper has no ties.

    Args:
        weights: One per search, in their order. None: all alike.
        k: The greater, the less the first ranks stand out; 60 in the paper.
    """

    def __init__(self, weights: Sequence[float] | None = None, *, k: float = 60.0) -> None:
        if k <= 0:
            raise ConfigurationError(f"k is {k}: it must be over 0")
        self._weights, self._k = _checked(weights), k

    def fuse(self, searches: Sequence[Mapping[str, float]]) -> dict[str, float]:
        """Return a score for each id that a search found."""
        fused: dict[str, float] = {}
        for weight, found in _weighted(self._weights, searches):
            ranks: dict[float, int] = {}
            for place, score in enumerate(sorted(found.values(), reverse=True), start=1):
                ranks.setdefault(score, place)
            for text_id, score in found.items():
                share = weight / (self._k + ranks[score])
                fused[text_id] = fused.get(text_id, 0.0) + share
        return fused


def _checked(weights: Sequence[float] | None) -> tuple[float, ...] | None:
    if weights is None:
        return None
    if not weights or min(weights) < 0 or not sum(weights):
        raise ConfigurationError(
            f"weights are {tuple(weights)}: none may be negative, and one must be over 0"
        )
    return tuple(weights)


def _weighted(
    weights: tuple[float, ...] | None, searches: Sequence[Mapping[str, float]]
) -> list[tuple[float, Mapping[str, float]]]:
    if weights is None:
        weights = (1.0,) * len(searches)
    if len(weights) != len(searches):
        raise ConfigurationError(f"{len(weights)} weights were given for {len(searches)} searches")
    return [pair for pair in zip(weights, searches, strict=True) if pair[1]]
