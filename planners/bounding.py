"""Schemas with bounds, for a model that wrote on until it was cut."""

from __future__ import annotations

from ..values import JsonObject, JsonValue

__all__ = ["bounded"]

_MOST_ITEMS = 8
_NAMED = ("properties", "$defs", "definitions")
_BOUND_ALREADY = frozenset({"enum", "const", "pattern", "format", "maxLength"})


def bounded(schema: JsonObject, *, most_characters: int) -> JsonObject:
    """Return the schema with bounds on every text and list that has none.

    An answer decoded under it comes to its end, so that what comes out is whole.

    Example:
        >>> bounded({"type": "string"}, most_characters=40)
        {'type': 'string', 'maxLength': 40}
    """
    result: JsonObject = {}
    for name, value in schema.items():
        if name in _NAMED and isinstance(value, dict):
            result[name] = {key: _inner(item, most_characters) for key, item in value.items()}
        elif name in {"items", "additionalProperties"}:
            result[name] = _inner(value, most_characters)
        elif name in {"anyOf", "oneOf", "allOf", "prefixItems"} and isinstance(value, list):
            result[name] = [_inner(item, most_characters) for item in value]
        else:
            result[name] = value
    kind = schema.get("type")
    if kind == "string" and _BOUND_ALREADY.isdisjoint(schema):
        result["maxLength"] = max(most_characters, _least(schema, "minLength"))
    elif kind == "array" and "maxItems" not in schema:
        result["maxItems"] = max(_MOST_ITEMS, _least(schema, "minItems"))
    return result


def _inner(value: JsonValue, most_characters: int) -> JsonValue:
    if isinstance(value, dict):
        return bounded(value, most_characters=most_characters)
    return value


def _least(schema: JsonObject, name: str) -> int:
    value = schema.get(name)
    return value if isinstance(value, int) else 0
