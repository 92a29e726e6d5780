"""Intervals by bootstrap: how far a mean, or a difference, may be off for the questions drawn."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Interval", "difference", "mean"]

_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def mean(values: Sequence[float], groups: Sequence[str], *, seed: int = 0) -> Interval:
    """Return the mean of values. Whole groups are drawn again, for questions about one text agree.

    Args:
        groups: For each value, what it belongs to.
    """
    members: dict[str, list[float]] = {}
    for value, group in zip(values, groups, strict=True):
        members.setdefault(group, []).append(value)
    pools = [(sum(pool), len(pool)) for pool in members.values()]
    generator = random.Random(seed)  # noqa: S311  it resamples, and keeps no secret
    means: list[float] = []
    for _ in range(_RESAMPLES):
        drawn = generator.choices(pools, k=len(pools))
        means.append(sum(total for total, _ in drawn) / sum(count for _, count in drawn))
    means.sort()
    low, high = means[round(0.025 * _RESAMPLES)], means[round(0.975 * _RESAMPLES) - 1]
    return Interval(sum(values) / len(values), low, high)


def difference(ours: Sequence[float], theirs: Sequence[float], groups: Sequence[str]) -> Interval:
    """Return the mean difference of paired values: the same questions, answered twice."""
    return mean([one - other for one, other in zip(ours, theirs, strict=True)], groups)
