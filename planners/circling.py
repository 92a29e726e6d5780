"""Notices a model that goes round in circles: it is told so once, and then its tools are taken."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..errors import ConfigurationError
from ..messages import Message, UserMessage
from ..percepts import Observation
from ..sameness import canonical
from ..values import digest_of

__all__ = ["MOST_REPEATS", "Circle", "check_repeats"]

MOST_REPEATS = 3
"""How often the same is done, by default, before the model is told."""

_TOLD = (
    "You have done this before, with the same arguments and the same results. Use the results "
    "that you have: give your answer, or do something else."
)
_OVER = (
    "You repeat yourself, so the tools are no longer available. Give your answer now, from the "
    "results that you have."
)


class Circle:
    """What one run of a planner has done so far, step by step.

    A step is all calls of one reply with their results: a call whose result changes, such as one
    that waits for something, is no repetition. It is one when the same step comes `most_repeats`
    times in a row, or two steps take turns for `most_repeats - 1` rounds, at least two.

    Args:
        most_repeats: At least 2; None: the model may repeat itself for as long as it likes.
    """

    def __init__(self, most_repeats: int | None) -> None:
        self._most = most_repeats
        self._steps: list[str] = []
        self._is_told = False
        self.is_over = False
        """Whether the model was told, and repeated itself nevertheless."""

    def remarks(self, observations: Sequence[Observation]) -> list[Message]:
        """Take a step, and return what the model has to be told after it."""
        self._steps.append(_step_of(observations))
        if not self._is_closed:
            return []
        self.is_over = self._is_told
        self._is_told = True
        return [UserMessage(content=_OVER if self.is_over else _TOLD)]

    @property
    def _is_closed(self) -> bool:
        if self._most is None:
            return False
        return self._recurs(1, self._most) or self._recurs(2, max(2, self._most - 1))

    def _recurs(self, length: int, times: int) -> bool:
        """Whether the last steps are the same few, so many times over."""
        last = self._steps[-length * times :]
        return len(last) == length * times and last == last[:length] * times


def check_repeats(most_repeats: int | None) -> int | None:
    """Return the bound, or raise `ConfigurationError`."""
    if most_repeats is not None and most_repeats < 2:  # noqa: PLR2004 - a repetition needs two
        raise ConfigurationError(
            f"most_repeats is {most_repeats}: it must be at least 2, or None for no bound"
        )
    return most_repeats


def _step_of(observations: Sequence[Observation]) -> str:
    """Stands for the calls and results, whatever the ids and the order of the arguments."""
    parts: list[str] = []
    for seen in observations:
        parts += [seen.call.name, _plain(seen.call.arguments), seen.percept.content.digest]
    return digest_of(*parts)


def _plain(arguments: str) -> str:
    try:
        return canonical(json.loads(arguments))
    except (ValueError, RecursionError):
        return arguments
