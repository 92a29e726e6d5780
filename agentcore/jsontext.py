"""Finds the JSON in what a model wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import cast

from pydantic_core import to_json

from .errors import OutputParseError
from .values import JsonValue

__all__ = ["parse_json"]

_MOST_REPAIRED = 100_000
"""Characters in which a repair is tried."""
# An escaped sign begins no text: else a text of escaped quotes without an end would be read to its
# end from each of them.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\\.|[{}\[\]]', re.DOTALL)
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(\\.)""", re.DOTALL)
_WORD = re.compile(r"[^\W\d]\w*")
_CLOSING = {"{": "}", "[": "]"}
_LITERALS = frozenset({"True", "False", "None", "true", "false", "null", "e", "E"})
_NO_JSON = frozenset({"NaN", "Infinity"})
_MAX_ATTEMPTS = 64
"""Openings that are tried; keeps a text of nothing but brackets from taking quadratic time."""


def parse_json(text: str, *, repair: bool = False) -> JsonValue:
    r"""Read the JSON value in a text: the whole text, else the first object or array in it.

    Models wrap JSON into fences and remarks; what stands around the value is left out. JSON that
    was cut off is an error, and never gives a part of itself; so is malformed JSON, where it is
    not to be repaired. What is returned can be written as UTF-8 JSON again.

    Args:
        repair: Mend what small models get wrong and a reader still understands: commas too many or
            too few, single quotes, `True` and `None`, comments, bare names, new lines in a text.

    Raises:
        OutputParseError: there is none; the message says where the first attempt broke.

    Example:
        >>> parse_json('Sure: ```json\n{"a": 1}\n```')
        {'a': 1}
    """
    try:
        return _checked(_read(text.strip()))
    except (ValueError, RecursionError) as error:
        if repair and (mended := _repaired(text)) is not None:
            return mended
        raise OutputParseError(
            f"no JSON was found in {text[:200]!r}: {error}", text=text
        ) from error


def _checked(value: JsonValue) -> JsonValue:
    to_json(value)  # refuses half of a surrogate pair, and nesting beyond reason
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


def _repaired(text: str) -> JsonValue | None:
    """Return the object or array that the text was meant to be; None where it holds no whole one.

    A piece whose brackets and quotes do not match was cut off: to mend it would be to guess.
    """
    piece = next((piece for piece in _pieces(text) if _is_meant(piece)), None)
    if piece is None:
        return None
    from json_repair import loads

    try:
        value = _checked(cast("JsonValue", loads(piece, skip_json_loads=True)))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict if piece[0] == "{" else list) else None


def _pieces(text: str) -> Iterator[str]:
    """Yield what stands between the outermost brackets that match."""
    closing: list[str] = []
    start = 0
    for token in _TOKEN.finditer(text[:_MOST_REPAIRED]):
        sign = token[0]
        if sign in _CLOSING:
            start = start if closing else token.start()
            closing.append(_CLOSING[sign])
        elif closing and sign in "}]":
            if closing.pop() != sign:
                return
            if not closing:
                yield text[start : token.end()]


def _is_meant(piece: str) -> bool:
    """Whether it was meant to be JSON and is whole: no remark in brackets, no `...` in it."""
    rest = _QUOTED.sub(r"\1", piece)
    if '"' in rest or "..." in rest or not _NO_JSON.isdisjoint(words := _WORD.findall(rest)):
        return False
    return ":" in rest if piece[0] == "{" else _LITERALS.issuperset(words)


def _is_prose(text: str, start: int, error: json.JSONDecodeError) -> bool:
    """Whether it broke at once, as in `[see below]`; what breaks later was meant to be JSON."""
    return error.msg.startswith("Expecting") and not text[start : error.pos].strip()


def _refuse(name: str) -> JsonValue:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)
