"""Finds the JSON in what a model wrote."""

from __future__ import annotations

import json
import re
from itertools import islice

from pydantic_core import to_json

from .errors import OutputParseError
from .values import JsonValue

__all__ = ["parse_json"]

_MAX_ATTEMPTS = 64
"""Openings that are tried; keeps a text of nothing but brackets from taking quadratic time."""


def parse_json(text: str) -> JsonValue:
    r"""Read the JSON value in a text: the whole text, else the first object or array in it.

    Models wrap JSON into fences and remarks; what stands around the value is left out. Nothing is
    repaired: JSON that was cut off or is malformed is an error, and never gives a part of itself.
    What is returned can be written as UTF-8 JSON again.

    Raises:
        OutputParseError: there is none; the message says where the first attempt broke.

    Example:
        >>> parse_json('Sure: ```json\n{"a": 1}\n```')
        {'a': 1}
    """
    try:
        value = _read(text.strip())
        to_json(value)  # refuses half of a surrogate pair, and nesting beyond reason
    except (ValueError, RecursionError) as error:
        raise OutputParseError(
            f"no JSON was found in {text[:200]!r}: {error}", text=text
        ) from error
    return value


def _read(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        broken = error
    else:
        return value
    for opening in islice(re.finditer(r"[{\[]", text), _MAX_ATTEMPTS):
        try:
            value = _DECODER.raw_decode(text, opening.start())[0]
        except json.JSONDecodeError as error:
            if not _is_prose(text, opening.end(), error):
                raise
            continue
        return value
    raise broken


def _is_prose(text: str, start: int, error: json.JSONDecodeError) -> bool:
    """Whether it broke at once, as in `[see below]`; what breaks later was meant to be JSON."""
    return error.msg.startswith("Expecting") and not text[start : error.pos].strip()


def _refuse(name: str) -> JsonValue:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)
