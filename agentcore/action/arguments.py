"""From the text that a model wrote to arguments, and what it is told where they do not fit."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from ..errors import ToolArgumentError
from ..messages import ToolCall
from ..values import JsonValue
from .wording import clip, listing, show, suggest

__all__ = ["explain", "parse_arguments"]

_MAX_PROBLEMS = 10
_NOISE = re.compile(r"^(?:Input (?=should)|Value error, |Assertion failed, )")


def parse_arguments(call: ToolCall, known: Collection[str]) -> dict[str, JsonValue]:
    """Read the arguments of a call; an empty text stands for none.

    Args:
        call: what the model wrote.
        known: the names of the tool's parameters.

    Raises:
        ToolArgumentError: they are not a JSON object.
    """
    text = call.arguments
    if not text.strip():
        return {}
    wanted = f"write a JSON object {_takes(known)}"
    try:
        value: object = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise ToolArgumentError(
            f"the arguments of {clip(call.name)!r} are not JSON: {error}; {wanted}; "
            f"got: {clip(text)}"
        ) from error
    if not isinstance(value, dict):
        raise ToolArgumentError(
            f"the arguments of {clip(call.name)!r} are not a JSON object; {wanted}; "
            f"got: {clip(text)}"
        )
    return cast("dict[str, JsonValue]", value)


def explain(
    error: ValidationError, arguments: Mapping[str, JsonValue], *, tool: str, known: Collection[str]
) -> str:
    """Say what is wrong with the arguments: one line for each place, with the value given there."""
    problems: dict[str, list[ErrorDetails]] = {}
    for details in error.errors(include_url=False, include_context=False):
        problems.setdefault(_path(details, arguments), []).append(details)
    lines = [_line(path, details, known) for path, details in problems.items()]
    rest = len(lines) - _MAX_PROBLEMS
    if rest > 0:
        lines = [*lines[:_MAX_PROBLEMS], f"and {rest} more"]
    return "\n- ".join([f"the arguments of {tool!r} do not fit:", *lines])


def _takes(known: Collection[str]) -> str:
    return f"with: {listing(known)}" if known else "without any argument: {}"


def _path(details: ErrorDetails, arguments: Mapping[str, JsonValue]) -> str:
    """Return the place in the arguments, such as `book.tags[0]`.

    Pydantic's own location also names the members of unions and the steps of validation, which are
    nowhere in what the model wrote: they are left out.
    """
    path = ""
    here: JsonValue = dict(arguments)
    for step in details["loc"]:
        if isinstance(here, dict):
            if step in here:
                path, here = f"{path}.{step}", here[str(step)]
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            path, here = f"{path}[{step}]", here[step]
    if details["type"] in {"missing", "missing_argument"}:
        path = f"{path}.{details['loc'][-1]}"
    return clip(path.removeprefix("."))


def _line(path: str, problems: Sequence[ErrorDetails], known: Collection[str]) -> str:
    first = problems[0]
    if first["type"] in {"missing", "missing_argument"}:
        return f"{path}: is missing"
    if first["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        if len(first["loc"]) > 1:
            return f"{path}: there is no such field"
        return f"{path}: there is no such argument{suggest(path, known)}; call it {_takes(known)}"
    messages = dict.fromkeys(_NOISE.sub("", problem["msg"]) for problem in problems)
    return f"{path}: {', or '.join(messages)}; got {show(first['input'])}"
