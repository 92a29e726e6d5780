"""Several independent answers of one planner, and which of them say the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from ..completions import Sampling
from ..errors import LimitError, OutputParseError
from ..jsontext import parse_json
from ..planning import Branch, Planner, Run, Task
from ..results import Answer
from ..sameness import canonical, plain
from ..values import JsonObject, JsonValue

__all__ = ["Failure", "Sample", "attempt", "ballot_of", "draw"]

Failure: TypeAlias = OutputParseError | LimitError
Sample: TypeAlias = Answer | Failure
"""An answer, or why the planner found none: that is the model's mistake, not the run's end."""

_WRAPPED = "value"


async def attempt(planner: Planner, task: Task, run: Run) -> Sample:
    """Let the planner solve the task; where the model gives no valid answer return why."""
    try:
        return await planner.solve(task, run)
    except OutputParseError as error:
        return error
    except LimitError as error:
        if error.scope is not None:  # a bound of the budget, and not of the planner's own steps
            raise
        return error


async def draw(
    planner: Planner,
    task: Task,
    run: Run,
    samplings: Sequence[Sampling],
    *,
    score: float = 0.0,
) -> tuple[Sample, ...]:
    """Let the planner solve the task once with each sampling, side by side; in their order.

    Each answer is offered with the score, so that a bound of the budget returns one of them.
    """

    def branch(sampling: Sampling) -> Branch[Sample]:
        async def solve(own: Run) -> Sample:
            inside = own.scope("sample", sampling=sampling)
            sample = await attempt(planner, task, inside)
            if isinstance(sample, Answer):
                await own.offer(sample.text, score=score)
            return sample

        return solve

    return await run.all(*(branch(sampling) for sampling in samplings))


def ballot_of(text: str, schema: JsonObject | None) -> str:
    """Return what is the same for outputs that are equal.

    Plain text: letter case, spacing and a full stop at its end make no difference. Typed: the JSON
    value, with or without the wrapping of a type that is no object, and with the defaults of the
    fields that are left out.

    Example:
        >>> ballot_of("Paris.", None) == ballot_of(" paris", None)
        True
    """
    if schema is None:
        return plain(text)
    value = parse_json(text, repair=True)
    fields = schema.get("properties")
    if not isinstance(fields, dict):
        return canonical(value)
    if list(fields) == [_WRAPPED] and not (isinstance(value, dict) and list(value) == [_WRAPPED]):
        value = {_WRAPPED: value}
    return canonical({**_defaults(fields), **value} if isinstance(value, dict) else value)


def _defaults(fields: JsonObject) -> dict[str, JsonValue]:
    return {
        name: field["default"]
        for name, field in fields.items()
        if isinstance(field, dict) and "default" in field
    }
