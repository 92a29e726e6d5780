"""Whether a call is well-formed, and whether it is right."""

from __future__ import annotations

from collections.abc import Mapping

from agentcore.values import JsonObject, JsonValue

from .data import Question

__all__ = ["has_right_arguments", "validates"]

_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
}


def validates(value: JsonValue, schema: JsonObject) -> bool:
    """Whether a value satisfies the part of JSON Schema that the tools of these questions use."""
    kind = schema.get("type")
    if isinstance(kind, str) and not _has_kind(value, kind):
        return False
    options = schema.get("enum")
    if isinstance(options, list) and value not in options:
        return False
    if isinstance(value, dict):
        return _validates_object(value, schema)
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        return all(validates(item, items) for item in value)
    return True


def _has_kind(value: JsonValue, kind: str) -> bool:
    if isinstance(value, bool) and kind != "boolean":
        return False
    return isinstance(value, _KINDS[kind])


def _validates_object(value: JsonObject, schema: JsonObject) -> bool:
    required, properties = schema.get("required", []), schema.get("properties")
    if isinstance(required, list) and not all(name in value for name in required):
        return False
    if not isinstance(properties, dict):
        return True
    return all(
        isinstance(inner := properties.get(name), dict) and validates(item, inner)
        for name, item in value.items()
    )


def has_right_arguments(arguments: JsonObject, question: Question) -> bool:
    """Whether each argument has an accepted value, and none that is needed is missing."""
    accepted = question.accepted or {}
    if not arguments.keys() <= accepted.keys():
        return False
    return all(
        any(_same(arguments[name], value) for value in values)
        if name in arguments
        else "" in values
        for name, values in accepted.items()
    )


def _same(value: JsonValue, accepted: JsonValue) -> bool:
    """Texts are compared without case, spaces and punctuation, as the leaderboard does."""
    if isinstance(value, str) and isinstance(accepted, str):
        return _plain(value) == _plain(accepted)
    if isinstance(value, list) and isinstance(accepted, list):
        pairs = zip(value, accepted, strict=False)
        return len(value) == len(accepted) and all(_same(*pair) for pair in pairs)
    if isinstance(value, dict) and isinstance(accepted, dict):  # each accepted value is a list
        return value.keys() <= accepted.keys() and all(
            isinstance(options := accepted[name], list)
            and any(_same(item, option) for option in options)
            for name, item in value.items()
        )
    return value == accepted


def _plain(text: str) -> str:
    return "".join(sign for sign in text.lower() if sign.isalnum())
