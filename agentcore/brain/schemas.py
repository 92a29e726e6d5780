"""JSON Schemas made acceptable to servers that take only a part of the language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from ..values import JsonObject, JsonValue

__all__ = ["to_grammar", "to_strict"]

_REMARKS = frozenset(
    ("$comment", "default", "deprecated", "discriminator", "examples", "readOnly", "writeOnly")
)
"""Keywords that constrain nothing; strict servers refuse them."""
_KEYWORDS = frozenset(
    (
        *("$defs", "$ref", "additionalProperties", "anyOf", "const", "description", "enum"),
        *("exclusiveMaximum", "exclusiveMinimum", "format", "items", "maxItems", "maximum"),
        *("minItems", "minimum", "multipleOf", "pattern", "properties", "required", "title"),
        "type",
    )
)
_FORMATS = frozenset(
    ("date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uuid")
)
_SAYS_WHAT = frozenset(("$ref", "anyOf", "const", "enum", "type"))
_BESIDE_REFERENCE = frozenset(("$ref", "description", "title"))


_LITERALS = frozenset({"const", "default", "enum", "examples"})
_PLAIN_PATTERN = re.compile(r"\^(?:[^\\(]|\\[^\w\s]|\((?!\?))*\$")
"""Anchored, and without escapes that are letters, and groups with options."""
_MOST_REPEATED = 2000
"""Repetitions after which llama.cpp refuses a grammar."""


def to_grammar(value: JsonValue) -> JsonValue:
    """Return a schema, or a value that holds schemas, as llama.cpp can make a grammar of it.

    Patterns and lower bounds that its grammars cannot express are left out: it would warn on stderr
    and ignore them, or refuse the request. What is left out is checked when the answer is read.
    """
    if isinstance(value, list):
        return [to_grammar(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: inner if name in _LITERALS else to_grammar(inner)
        for name, inner in value.items()
        if not _is_beyond_grammars(name, inner)
    }


def _is_beyond_grammars(name: str, value: JsonValue) -> bool:
    if name == "pattern" and isinstance(value, str):
        return not _PLAIN_PATTERN.fullmatch(value)
    is_bound = name in {"minItems", "minLength"}
    return is_bound and isinstance(value, int) and value > _MOST_REPEATED


def to_strict(schema: JsonObject) -> JsonObject | None:
    """Return the schema as OpenAI takes it with `strict`; None where that would change its meaning.

    Strict schemas have an object at the root, only objects with all properties required and no
    others allowed, references that stand alone, and only some of JSON Schema's keywords. What only
    comments is dropped, properties with a default become required, and the `oneOf` that pydantic
    writes for tagged unions, whose members exclude each other, becomes `anyOf`. So the result
    allows nothing that the schema does not, and everything that has all its fields. A schema that
    constrains by other means, as with `maxLength`, or leaves open what an object holds, has no
    strict form.

    Example:
        >>> to_strict({"type": "object", "properties": {"a": {"type": "integer", "default": 1}}})
        {'type': 'object', 'properties': {'a': {'type': 'integer'}}, ...'required': ['a']}
    """
    if schema.get("type") != "object" or "anyOf" in schema or "oneOf" in schema:
        return None
    return _strict(schema)


def _strict(schema: JsonValue) -> JsonObject | None:
    if not isinstance(schema, dict):
        return None
    kept = {name: value for name, value in schema.items() if name not in _REMARKS}
    if "oneOf" in kept and "discriminator" in schema and "anyOf" not in kept:
        kept["anyOf"] = kept.pop("oneOf")
    if "$ref" in kept:  # stands alone
        return {"$ref": kept["$ref"]} if kept.keys() <= _BESIDE_REFERENCE else None
    if not _is_expressible(kept):
        return None
    if kept.get("type") == "object":
        if not isinstance(properties := kept.get("properties"), dict):
            return None
        kept |= {"additionalProperties": False, "required": list(properties)}
    return _with_strict_parts(kept)


def _is_expressible(schema: Mapping[str, JsonValue]) -> bool:
    """Whether the keywords of a schema, without its parts, are among those that servers take."""
    if not schema.keys() <= _KEYWORDS or _SAYS_WHAT.isdisjoint(schema):
        return False
    if "format" in schema and schema["format"] not in _FORMATS:
        return False
    if isinstance(schema.get("type"), list) or (
        schema.get("type") == "array" and "items" not in schema
    ):
        return False
    return schema.get("additionalProperties", False) is False


def _with_strict_parts(schema: JsonObject) -> JsonObject | None:
    for holder in ("properties", "$defs"):
        if isinstance(parts := schema.get(holder), dict):
            strict = {name: _strict(part) for name, part in parts.items()}
            if None in strict.values():
                return None
            schema[holder] = cast("JsonObject", strict)
    if isinstance(options := schema.get("anyOf"), list):
        members = [_strict(option) for option in options]
        if None in members:
            return None
        schema["anyOf"] = cast("list[JsonValue]", members)
    if "items" in schema:
        items = _strict(schema["items"])
        if items is None:
            return None
        schema["items"] = items
    return schema
