"""Recall@10 and nDCG@10 of rankings, with intervals by bootstrap."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

__all__ = ["Measured", "interval", "measure", "ranked"]

_DEPTH = 10
_RESAMPLES = 1_000
_SEED = 20_261_121


@dataclass(frozen=True, slots=True)
class Measured:
    """Both measures of each question, (n,)."""

    recall: Values
    ndcg: Values

    def __str__(self) -> str:
        return f"{_with_interval(self.recall)} | {_with_interval(self.ndcg)}"


def ranked(scores: Mapping[str, float]) -> list[str]:
    """The best ten of a fusion's scores; ties by name."""
    return sorted(scores, key=lambda name: (-scores[name], name))[:_DEPTH]


def measure(rankings: Sequence[Sequence[str]], gold: Sequence[Collection[str]]) -> Measured:
    """Measure rankings, each of at most ten names."""
    import numpy as np

    pairs = list(zip(rankings, gold, strict=True))
    recall = [len(set(names) & set(wanted)) / len(wanted) for names, wanted in pairs]
    return Measured(np.array(recall), np.array([_ndcg(names, wanted) for names, wanted in pairs]))


def interval(values: Values) -> tuple[float, float]:
    """The middle 95 % of the means of resampled values."""
    import numpy as np

    drawn = np.random.default_rng(_SEED).integers(len(values), size=(_RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def _ndcg(names: Sequence[str], gold: Collection[str]) -> float:
    gained = sum(1 / math.log2(place + 2) for place, name in enumerate(names) if name in gold)
    ideal = sum(1 / math.log2(place + 2) for place in range(min(_DEPTH, len(gold))))
    return gained / ideal


def _with_interval(values: Values) -> str:
    low, high = interval(values)
    return f"{values.mean():.3f} ({low:.3f} to {high:.3f})"
