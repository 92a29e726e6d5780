"""Whether the arguments of a step fit the JSON Schema of its tool, and placing results in them.

The schema may be a stranger's (a tool server's): what is not understood is taken to fit, and the
work is bounded. The tool itself validates in full when it is called.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from ..values import JsonObject, JsonValue
from .plan import PLACEHOLDER

__all__ = ["Misfit", "fill", "misfits"]

Misfit: TypeAlias = tuple[str, str]
"""Where in the arguments, such as `books[0].title`, and what is wrong there."""

_MOST_VISITS = 20_000
"""Schemas looked at for one call: one that refers to itself in circles ends there."""
_MOST_SHOWN = 60
_KINDS: Mapping[str, Callable[[JsonValue], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool))
        or (isinstance(value, float) and value.is_integer())
    ),
}
_BOUNDS: Mapping[str, tuple[str, Callable[[float, float], bool]]] = {
    "minimum": ("at least", lambda value, bound: value >= bound),
    "maximum": ("at most", lambda value, bound: value <= bound),
    "exclusiveMinimum": ("more than", lambda value, bound: value > bound),
    "exclusiveMaximum": ("less than", lambda value, bound: value < bound),
}


def misfits(arguments: JsonObject, schema: JsonObject) -> list[Misfit]:
    """Say where the arguments do not fit; a placeholder fits wherever it stands alone.

    Types, `enum`, `const`, numeric bounds, missing and unknown properties are looked at, through
    lists, objects, unions and `$defs`.

    Example:
        >>> schema = {"properties": {"limit": {"type": "integer"}}, "required": ["limit"]}
        >>> misfits({"limit": "many"}, schema), misfits({"limit": "#E1"}, schema)
        ([('limit', 'must be integer, and is "many"')], [])
    """
    try:
        return list(_Fitting(schema).problems(arguments, schema, ""))
    except RecursionError:  # a schema in circles
        return []


def fill(arguments: JsonObject, schema: JsonObject, results: Mapping[str, str]) -> JsonObject:
    """Put results in the place of placeholders, once: a result is never searched for more of them.

    A text that is nothing but a placeholder becomes the JSON value that the result is, where the
    schema wants no text there.
    """
    filler = _Filler(_Fitting(schema), results)
    return filler.properties(arguments, filler.parts([schema]))


class _Fitting:
    """One look at one schema."""

    def __init__(self, schema: JsonObject) -> None:
        definitions = schema.get("$defs")
        self._definitions = definitions if isinstance(definitions, dict) else {}
        self._visits = 0

    def problems(self, value: JsonValue, schema: JsonValue, path: str) -> Iterator[Misfit]:
        """Yield what is wrong with a value under a schema."""
        self._visits += 1
        if self._visits > _MOST_VISITS or not isinstance(schema, dict) or _stands_alone(value):
            return
        if "$ref" in schema:
            yield from self.problems(value, self._definition(schema), path)
        for part in _list_of(schema, "allOf"):
            yield from self.problems(value, part, path)
        yield from self._union(value, schema, path)
        wrong = _wrong_value(value, schema)
        if wrong is not None:
            yield path, f"must be {wrong}, and is {_show(value)}"
        elif isinstance(value, dict):
            yield from self._object(value, schema, path)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.problems(item, schema.get("items"), f"{path}[{index}]")

    def parts(self, schema: JsonValue) -> Iterator[JsonObject]:
        """Yield the schemas that a schema is made of, unions and references followed."""
        self._visits += 1
        if self._visits > _MOST_VISITS or not isinstance(schema, dict):
            return
        yield schema
        if "$ref" in schema:
            yield from self.parts(self._definition(schema))
        for keyword in ("anyOf", "oneOf", "allOf"):
            for part in _list_of(schema, keyword):
                yield from self.parts(part)

    def _union(self, value: JsonValue, schema: JsonObject, path: str) -> Iterator[Misfit]:
        options = [*_list_of(schema, "anyOf"), *_list_of(schema, "oneOf")]
        found = [list(self.problems(value, option, path)) for option in options]
        if not found or not all(found):
            return
        # The member that the value comes furthest with is the one that was meant.
        deepest = max(found, key=lambda problems: min(len(where) for where, _ in problems))
        if all(where != path for where, _ in deepest):
            yield from deepest
            return
        kinds = " or ".join(dict.fromkeys(self._kinds(options))) or "of another form"
        yield path, f"must be {kinds}, and is {_show(value)}"

    def _kinds(self, options: list[JsonValue]) -> Iterator[str]:
        for option in options:
            for part in self.parts(option):
                kind = _kind_of(part)
                if kind:
                    yield kind

    def _object(self, value: JsonObject, schema: JsonObject, path: str) -> Iterator[Misfit]:
        known = schema.get("properties")
        properties = known if isinstance(known, dict) else {}
        for name in _list_of(schema, "required"):
            if isinstance(name, str) and name not in value:
                yield _join(path, name), "is missing"
        others = schema.get("additionalProperties")
        is_closed = others is False and "patternProperties" not in schema
        for name, item in value.items():
            if name in properties:
                yield from self.problems(item, properties[name], _join(path, name))
            elif is_closed:
                yield _join(path, name), f"is not known; known are: {', '.join(properties)}"
            elif "patternProperties" not in schema:
                yield from self.problems(item, others, _join(path, name))

    def _definition(self, schema: JsonObject) -> JsonValue:
        return self._definitions.get(str(schema["$ref"]).removeprefix("#/$defs/"))


def _wrong_value(value: JsonValue, schema: JsonObject) -> str | None:
    """What the value must be where this schema, by itself, does not allow it; None: it does."""
    if not _allows(value, schema):
        return _kind_of(schema)
    if isinstance(value, str) and PLACEHOLDER.search(value):
        return None
    allowed = _allowed(schema)
    if allowed is not None and not any(_is_same(value, item) for item in allowed):
        return _kind_of(schema)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        for name, (words, holds) in _BOUNDS.items():
            bound = schema.get(name)
            if isinstance(bound, (int, float)) and not holds(value, bound):
                return f"{words} {bound}"
    return None


def _allowed(schema: JsonObject) -> list[JsonValue] | None:
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    return values if isinstance(values, list) else None


def _allows(value: JsonValue, schema: JsonObject) -> bool:
    kinds = schema.get("type")
    names = kinds if isinstance(kinds, list) else [kinds]
    checks = [_KINDS.get(name) if isinstance(name, str) else None for name in names]
    return any(check is None or check(value) for check in checks)


def _is_same(value: JsonValue, other: JsonValue) -> bool:
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def _kind_of(schema: JsonObject) -> str:
    allowed = _allowed(schema)
    if allowed is not None:
        return f"one of {_show(allowed)}"
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return " or ".join(map(str, kinds))
    return kinds if isinstance(kinds, str) else ""


def _list_of(schema: JsonObject, name: str) -> list[JsonValue]:
    value = schema.get(name)
    return value if isinstance(value, list) else []


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _show(value: JsonValue) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _stands_alone(value: JsonValue) -> bool:
    return isinstance(value, str) and PLACEHOLDER.fullmatch(value) is not None


class _Filler:
    """Places results; `around` are the schemas of the value, unions and references followed."""

    def __init__(self, fitting: _Fitting, results: Mapping[str, str]) -> None:
        self._fitting = fitting
        self._results = results

    def parts(self, schemas: Iterable[JsonValue]) -> list[JsonObject]:
        try:
            return [part for schema in schemas for part in self._fitting.parts(schema)]
        except RecursionError:  # a schema in circles
            return []

    def properties(self, value: JsonObject, around: list[JsonObject]) -> JsonObject:
        return {
            name: self.filled(item, self.parts(_property(schema, name) for schema in around))
            for name, item in value.items()
        }

    def filled(self, value: JsonValue, around: list[JsonObject]) -> JsonValue:
        if isinstance(value, dict):
            return self.properties(value, around)
        if isinstance(value, list):
            inner = self.parts(schema.get("items") for schema in around)
            return [self.filled(item, inner) for item in value]
        if not isinstance(value, str):
            return value
        if _stands_alone(value) and not _takes_text(around):
            return _as_json(self._results[value[1:]])
        return PLACEHOLDER.sub(lambda found: self._results[found[1]], value)


def _property(schema: JsonObject, name: str) -> JsonValue:
    properties = schema.get("properties")
    if isinstance(properties, dict) and name in properties:
        return properties[name]
    return schema.get("additionalProperties")


def _takes_text(schemas: list[JsonObject]) -> bool:
    """Whether a text may stand there; where nothing is known of the place it may."""
    typed = [schema for schema in schemas if "type" in schema]
    return not typed or any(_allows("", schema) for schema in typed)


def _as_json(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return text  # the tool says what it wants instead
    return value
