"""Finds the JSON in what a model wrote."""

from __future__ import annotations

import json
import re
from itertools import islice

from .errors import OutputParseError
from .values import JsonValue

__all__ = ["parse_json"]

_DECODER = json.JSONDecoder()
_MAX_ATTEMPTS = 64
"""Openings that are tried; keeps a text of nothing but brackets from taking quadratic time."""


def parse_json(text: str) -> JsonValue:
    """Read the JSON value in a text: the whole text, else the first object or array in it.

    Models wrap JSON into fences and remarks; what stands around the value is left out. Nothing is
    repaired: JSON that was cut off or is malformed is an error.

    Raises:
        OutputParseError: there is none; the message says where the first attempt broke.

    Example:
        >>> parse_json('Sure: ```json\\n{"a": 1}\\n```')
        {'a': 1}
    """
    stripped = text.strip()
    try:
        value: JsonValue = json.loads(stripped)
    except (json.JSONDecodeError, RecursionError) as error:
        first = error
    else:
        return value
    for opening in islice(re.finditer(r"[{\[]", stripped), _MAX_ATTEMPTS):
        try:
            found: JsonValue = _DECODER.raw_decode(stripped, opening.start())[0]
        except (json.JSONDecodeError, RecursionError):
            continue
        return found
    raise OutputParseError(f"no JSON was found in {text[:200]!r}: {first}", text=text) from first
