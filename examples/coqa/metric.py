"""The metric of CoQA: word-overlap F1 and exact match, each reference left out in turn."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Score", "exact_match", "f1", "normalise", "score"]

_ARTICLE = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True, slots=True)
class Score:
    """How well one answer, or many on average, agree with the references; from 0 to 1."""

    f1: float
    exact_match: float


def score(prediction: str, references: Sequence[str]) -> Score:
    """Score a prediction by its best reference.

    With several references the best of all but one counts, averaged over leaving each out in turn:
    so a system is measured as a person is, whose own answer is the one left out.
    """
    return Score(
        f1=_leave_one_out(f1, prediction, references),
        exact_match=_leave_one_out(exact_match, prediction, references),
    )


def f1(prediction: str, reference: str) -> float:
    """Return the harmonic mean of precision and recall of the words of a prediction."""
    predicted, expected = normalise(prediction).split(), normalise(reference).split()
    if not predicted or not expected:
        return float(predicted == expected)
    shared = (Counter(predicted) & Counter(expected)).total()
    return 2 * shared / (len(predicted) + len(expected))


def exact_match(prediction: str, reference: str) -> float:
    """Return 1 where both are the same after normalisation, else 0."""
    return float(normalise(prediction) == normalise(reference))


def normalise(answer: str) -> str:
    """Return an answer in lower case, without punctuation, articles and extra white space."""
    words = _ARTICLE.sub(" ", answer.lower().translate(_NO_PUNCTUATION))
    return " ".join(words.split())


def _leave_one_out(
    measure: Callable[[str, str], float], prediction: str, references: Sequence[str]
) -> float:
    values = [measure(prediction, reference) for reference in references]
    if len(values) == 1:
        return values[0]
    best_without = [
        max(values[:left_out] + values[left_out + 1 :]) for left_out in range(len(values))
    ]
    return sum(best_without) / len(best_without)
