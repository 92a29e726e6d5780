"""Makes the JSON Schema that pydantic writes short enough for a model to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import cast

from ..values import JsonObject, JsonValue

__all__ = ["tidy_schema"]

_NAMED = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})
"""Keywords that hold schemas by name: a key below them is a name, even if it reads `title`."""
_LISTED = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SINGLE = frozenset(
    {"items", "additionalProperties", "contains", "not", "propertyNames", "if", "then", "else"}
)
_NOISE = frozenset({"title", "discriminator"})
"""Titles repeat the name; `discriminator` is not of JSON Schema, and refers to definitions."""
_PREFIX = "#/$defs/"


def tidy_schema(schema: JsonObject) -> JsonObject:
    """Drop noise, and write each definition that is used once in the place where it is used.

    What is used more often, recursive definitions among them, stays under `$defs`.
    """
    quiet = _quiet(schema)
    definitions = cast("dict[str, JsonObject]", quiet.pop("$defs", {}))
    uses = Counter(_references([quiet, *definitions.values()]))
    once = {name: item for name, item in definitions.items() if uses[_PREFIX + name] == 1}
    tidied = _inlined(quiet, once)
    kept = {name: _inlined(item, once) for name, item in definitions.items() if name not in once}
    return {**tidied, "$defs": dict(kept)} if kept else tidied


def _quiet(schema: JsonObject) -> JsonObject:
    kept = {key: value for key, value in schema.items() if key not in _NOISE}
    return {key: _below(key, value, _quiet) for key, value in kept.items()}


def _inlined(schema: JsonObject, once: Mapping[str, JsonObject]) -> JsonObject:
    reference = schema.get("$ref")
    name = reference.removeprefix(_PREFIX) if isinstance(reference, str) else ""
    if name in once:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return _inlined({**once[name], **beside}, once)
    return {
        key: _below(key, value, lambda item: _inlined(item, once)) for key, value in schema.items()
    }


def _below(key: str, value: JsonValue, change: Callable[[JsonObject], JsonObject]) -> JsonValue:
    """Change the schemas right below a keyword; values such as defaults stay as they are."""
    if key in _NAMED and isinstance(value, dict):
        return {name: _changed(item, change) for name, item in value.items()}
    if key in _LISTED and isinstance(value, list):
        return [_changed(item, change) for item in value]
    return _changed(value, change) if key in _SINGLE else value


def _changed(value: JsonValue, change: Callable[[JsonObject], JsonObject]) -> JsonValue:
    return change(value) if isinstance(value, dict) else value


def _references(schemas: list[JsonObject]) -> Iterator[str]:
    found: list[str] = []

    def collect(schema: JsonObject) -> JsonObject:
        reference = schema.get("$ref")
        if isinstance(reference, str):
            found.append(reference)
        for key, value in schema.items():
            _below(key, value, collect)
        return schema

    for schema in schemas:
        collect(schema)
    return iter(found)
