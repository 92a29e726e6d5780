"""Maximal marginal relevance: hits that are near the query, and not near each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...errors import ConfigurationError

if TYPE_CHECKING:
    from ...vectors import Matrix

__all__ = ["check_diversity", "diversify"]


def diversify(
    scores: Sequence[float], vectors: Matrix, *, top_k: int, diversity: float
) -> list[int]:
    """Choose at most `top_k` places, the best first.

    Each choice has the highest `(1 - diversity) * score - diversity * nearness`, where nearness is
    the cosine to the nearest that was chosen before. Carbonell and Goldstein 1998,
    doi:10.1145/290941.291025, with scores scaled to 0 to 1. O(top_k n d).

    Args:
        scores: (n,), higher is better.
        vectors: (n, d), unit rows.
        diversity: 0 gives the order of the scores, 1 looks at nearness only.

    Example:
        >>> import numpy as np
        >>> same = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
        >>> diversify([0.9, 0.8, 0.1], same, top_k=2, diversity=0.7)
        [0, 2]
    """
    import numpy as np

    check_diversity(diversity)
    given = np.asarray(scores, dtype=np.float64)
    if not len(given) or top_k < 1:
        return []
    width = float(np.ptp(given))
    relevance = (given - given.min()) / width if width else np.ones_like(given)
    nearness = np.zeros_like(relevance)  # (n,), to the nearest chosen; nothing is chosen yet
    is_left = np.ones(len(relevance), dtype=bool)
    chosen: list[int] = []
    while len(chosen) < min(top_k, len(relevance)):
        value = (1 - diversity) * relevance - diversity * nearness
        best = int(np.argmax(np.where(is_left, value, -np.inf)))
        similarity = vectors @ vectors[best]  # (n,)
        nearness = similarity if not chosen else np.maximum(nearness, similarity)
        is_left[best] = False
        chosen.append(best)
    return chosen


def check_diversity(diversity: float) -> None:
    """Refuse what is not from 0 to 1.

    Raises:
        ConfigurationError: it is not.
    """
    if not 0 <= diversity <= 1:
        raise ConfigurationError(f"diversity is {diversity}: it must be from 0 to 1")
