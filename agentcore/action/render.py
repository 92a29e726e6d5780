"""Turns what a tool returned into what a model reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python

from ..errors import ToolCrashError
from ..messages import ImagePart, Part, TextPart
from ..percepts import Percept
from ..values import JsonValue

__all__ = ["clean", "to_part"]

NO_RESULT = "Done. No result."
"""For None: it is true of an action that returns nothing, and of a search that found nothing."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def to_part(result: object, *, tool: str) -> Part:
    """Render a result: text as it is, None as a sentence, all else as compact JSON.

    Characters are not escaped; NaN and the infinities become strings; half of a surrogate pair, as
    in names of files that are not UTF-8, becomes the replacement character.

    Args:
        result: what the tool returned; of a `Percept` only its content is taken.
        tool: the tool's name, for the error.

    Raises:
        ToolCrashError: it cannot be written as JSON, or is bytes that are not UTF-8.
    """
    if isinstance(result, Percept):
        return result.content
    if isinstance(result, (TextPart, ImagePart)):
        return result
    if result is None:
        return TextPart(text=NO_RESULT)
    if isinstance(result, (bytes, bytearray)):
        return TextPart(text=_decoded(bytes(result), tool))
    if isinstance(result, str):
        return TextPart(text=clean(str.__str__(result)))  # the value of an enum, not its name
    return TextPart(text=_to_json(result, tool))


def clean(text: str) -> str:
    """Replace what UTF-8 cannot hold."""
    return _SURROGATE.sub("\ufffd", text)


def _decoded(data: bytes, tool: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ToolCrashError(
            f"tool {tool!r} returned {len(data)} bytes that are not UTF-8 text; return a str, or "
            "an ImagePart for an image"
        ) from error


def _to_json(result: object, tool: str) -> str:
    kind = type(result).__name__
    if isinstance(result, Iterator):
        raise ToolCrashError(f"tool {tool!r} returned an iterator of type {kind}; return a list")
    try:
        return _encoded(result)
    except (ValueError, TypeError, RecursionError) as error:
        raise ToolCrashError(
            f"tool {tool!r} returned a value of type {kind} that cannot be written as JSON: "
            f"{error}; return a str, JSON, a pydantic model, a dataclass, or an ImagePart"
        ) from error


def _encoded(result: object) -> str:
    try:
        return to_json(result, inf_nan_mode="strings").decode()
    except PydanticSerializationError:
        # Half a surrogate pair, perhaps; whatever else is wrong is found again here.
        return to_json(_cleaned(to_jsonable_python(result)), inf_nan_mode="strings").decode()


def _cleaned(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {key: _cleaned(item) for key, item in value.items()}
    return value
