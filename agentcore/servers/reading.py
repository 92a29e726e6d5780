"""Careful reading of JSON from a server: none of it is trusted to have its proper type."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TypeAlias

from ..values import JsonObject, JsonValue

__all__ = [
    "Body",
    "count_of",
    "encode_body",
    "items_of",
    "names_of",
    "object_of",
    "parse_reply",
    "retry_after_s",
    "text_of",
    "whole_characters",
]

Body: TypeAlias = dict[str, object]
"""A request's body, or a part of it, ready to be written as JSON."""


def encode_body(body: Body) -> bytes:
    """Write a body as JSON, its characters as they are."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def parse_reply(content: bytes | str) -> JsonValue | None:
    """Read JSON; None where it is none, or nested beyond reason."""
    try:
        value: JsonValue = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return value


def object_of(value: JsonValue) -> JsonObject:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def items_of(value: JsonValue) -> list[JsonValue]:
    """The array, or an empty one."""
    return value if isinstance(value, list) else []


def text_of(value: JsonValue) -> str:
    """The text, or the text parts of an array of parts joined, or nothing."""
    if isinstance(value, str):
        return whole_characters(value)
    return "".join(text_of(object_of(part).get("text")) for part in items_of(value))


def count_of(value: JsonValue) -> int:
    """The number of tokens, or 0."""
    return value if isinstance(value, int) and value > 0 else 0


def whole_characters(text: str) -> str:
    """Join surrogate pairs, and replace lone surrogates: JSON can hold them, UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def names_of(content: bytes, *, items: str, name: str) -> tuple[str, ...]:
    """The names in a listing such as `{"data": [{"id": "a"}]}`; none where it is something else."""
    listed = items_of(object_of(parse_reply(content)).get(items))
    return tuple(filter(None, (text_of(object_of(item).get(name)) for item in listed)))


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: a number, or the time until a date."""
    try:
        if "retry-after-ms" in headers:
            seconds = float(headers["retry-after-ms"]) / 1000
        else:
            seconds = _seconds_of(headers.get("retry-after", ""))
    except (ValueError, OverflowError):
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_of(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        date = parsedate_to_datetime(value)
    return (date - datetime.now(date.tzinfo)).total_seconds()
