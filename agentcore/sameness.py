"""When two answers say the same."""

from __future__ import annotations

import json
import re

from .values import JsonValue

__all__ = ["canonical", "plain"]


def plain(text: str) -> str:
    """Letter case, spacing and a full stop at the end make no difference."""
    return re.sub(r"\s+", " ", text).strip(" .!").casefold()


def canonical(value: JsonValue) -> str:
    """Write a JSON value so that equal values are equal texts: the order of fields, 1 and 1.0.

    Example:
        >>> canonical({"b": 1.0, "a": [True]}) == canonical({"a": [True], "b": 1})
        True
    """
    return json.dumps(_plain_numbers(value), sort_keys=True, ensure_ascii=False)


def _plain_numbers(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {name: _plain_numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
