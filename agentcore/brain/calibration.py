"""Choosing the threshold of a cascade on labelled examples."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..completions import Completion, LLMRequest
from ..errors import ConfigurationError
from ..interfaces import LLM, ModelCalls
from .confidence import Confidence
from .direct import DirectCalls

__all__ = ["Calibration", "Labelled", "calibrate", "label"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Labelled:
    """One example that both models answered."""

    confidence: float
    """Of the small model's answer."""
    is_small_right: bool
    is_large_right: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """A threshold, and what it does on the examples it was chosen on; other examples differ."""

    threshold: float
    accuracy: float
    """Share of right answers of the cascade."""
    large_share: float
    """Share of examples that go to the large model."""


async def label(
    models: tuple[LLM, LLM],
    confidence: Confidence,
    examples: Sequence[tuple[LLMRequest, T]],
    is_right: Callable[[Completion, T], bool],
    calls: ModelCalls | None = None,
) -> list[Labelled]:
    """Ask the small and the large model every example, one after the other.

    Costs one call of the large model per example, and the confidence's calls of the small one.

    Args:
        examples: Each request with what is right for it.
        calls: A run, where there is one.
    """
    small, large = models
    calls = calls or DirectCalls()
    labelled: list[Labelled] = []
    for request, right in examples:
        draft = await confidence.draft(small, request, calls)
        answer = await calls.complete(large, request)
        labelled.append(
            Labelled(draft.confidence, is_right(draft.completion, right), is_right(answer, right))
        )
    return labelled


def calibrate(
    examples: Sequence[Labelled],
    *,
    min_accuracy: float | None = None,
    max_large_share: float | None = None,
) -> Calibration:
    """Choose the threshold of a cascade: give one of the two bounds.

    With `min_accuracy` the one that reaches it with the fewest calls of the large model; with
    `max_large_share` the most accurate one that stays within it, and of those the one with the
    fewest calls. O(n log n).

    Raises:
        ConfigurationError: no threshold reaches the accuracy; the message has the best there is.

    Example:
        >>> examples = [
        ...     Labelled(0.9, True, True), Labelled(0.8, True, True),
        ...     Labelled(0.3, True, True), Labelled(0.2, False, True),
        ... ]
        >>> calibrate(examples, min_accuracy=1.0)
        Calibration(threshold=0.3, accuracy=1.0, large_share=0.25)
    """
    if not examples or (min_accuracy is None) == (max_large_share is None):
        raise ConfigurationError(
            f"calibrate() of {len(examples)} examples with min_accuracy={min_accuracy}, "
            f"max_large_share={max_large_share}: give examples, and one of the two bounds"
        )
    choices = _choices(examples)
    if min_accuracy is not None:
        fit = [choice for choice in choices if choice.accuracy >= min_accuracy]
        if not fit:
            best = max(choice.accuracy for choice in choices)
            raise ConfigurationError(
                f"no threshold reaches min_accuracy={min_accuracy} on these examples: the best is "
                f"{best:.4f}; a cascade is bounded by its models and by its confidence"
            )
        return min(fit, key=lambda choice: choice.large_share)
    fit = [choice for choice in choices if choice.large_share <= (max_large_share or 0.0)]
    return max(fit, key=lambda choice: (choice.accuracy, -choice.large_share))


def _choices(examples: Sequence[Labelled]) -> list[Calibration]:
    """Every threshold that makes a difference, the lowest, which accepts all, first."""
    ordered = sorted(examples, key=lambda example: example.confidence)
    count = len(ordered)
    right = sum(example.is_small_right for example in ordered)
    choices = [Calibration(ordered[0].confidence, right / count, 0.0)]
    for index, example in enumerate(ordered, start=1):
        right += example.is_large_right - example.is_small_right
        following = (
            ordered[index].confidence
            if index < count
            else math.nextafter(example.confidence, math.inf)
        )
        if following > example.confidence:  # those with the same confidence go together
            choices.append(Calibration(following, right / count, index / count))
    return choices
