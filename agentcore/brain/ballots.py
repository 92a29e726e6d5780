"""Which answers say the same, and which of them is the answer of all."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from ..completions import Completion
from ..messages import AssistantMessage
from ..sameness import canonical, plain
from ..servers.reading import object_of, parse_reply
from ..values import JsonValue

__all__ = [
    "Count",
    "Normalise",
    "majority",
    "majority_by",
    "majority_by_field",
    "share",
]

Normalise: TypeAlias = Callable[[str], str]
"""Brings texts that mean the same to the same form: for sums, keep the last number only."""


class Count(Protocol):
    """Chooses one of several answers, or puts one together; nothing is asked for it."""

    def __call__(self, answers: Sequence[Completion], /) -> Completion:
        """Return the answer of all. The same answers give the same one, ties too."""
        ...


def majority(answers: Sequence[Completion], /) -> Completion:
    """Return the first of the answers that were given most often.

    Tool calls are the same where names and arguments are, JSON where its values are, other text
    where it is but for letter case, spacing and a full stop at the end.
    """
    return majority_by(plain)(answers)


def majority_by(normalise: Normalise) -> Count:
    """Count texts as the same where `normalise` makes them so; tool calls as `majority` does."""

    def count(answers: Sequence[Completion], /) -> Completion:
        return answers[_most([_ballot(answer, normalise) for answer in answers])]

    return count


def majority_by_field(answers: Sequence[Completion], /) -> Completion:
    """Put a JSON object together of the value that each field has most often.

    A field stands where most of the objects have it. The whole may be an object that no model
    wrote: use it for fields that do not depend on each other. Where most answers are no objects, or
    call tools, it is `majority`.
    """
    objects = [
        value
        for answer in answers
        if not answer.message.tool_calls and isinstance(value := parse_reply(answer.text), dict)
    ]
    if 2 * len(objects) <= len(answers):
        return majority(answers)
    fields: dict[str, JsonValue] = {}
    for name in dict.fromkeys(name for item in objects for name in item):
        values = [item[name] for item in objects if name in item]
        if 2 * len(values) > len(objects):
            fields[name] = values[_most([canonical(value) for value in values])]
    text = json.dumps(fields, ensure_ascii=False)
    return Completion(message=AssistantMessage(content=text), model=majority(answers).model)


def _ballot(answer: Completion, normalise: Normalise = plain) -> str:
    """What is the same for answers that say the same."""
    calls = answer.message.tool_calls
    if calls:
        return canonical([[call.name, _arguments(call.arguments)] for call in calls])
    value = parse_reply(answer.text)
    return canonical(value) if isinstance(value, (dict, list)) else normalise(answer.text)


def share(answers: Sequence[Completion], normalise: Normalise = plain) -> tuple[int, float]:
    """Return the index of the first answer of the majority, and the share of answers like it."""
    ballots = [_ballot(answer, normalise) for answer in answers]
    winner = _most(ballots)
    return winner, ballots.count(ballots[winner]) / len(ballots)


def _arguments(text: str) -> JsonValue:
    return object_of(parse_reply(text)) or text


def _most(ballots: Sequence[str]) -> int:
    """Index of the first of the ballots that come most often."""
    return max(range(len(ballots)), key=lambda index: (ballots.count(ballots[index]), -index))
