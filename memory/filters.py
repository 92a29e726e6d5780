"""Filters over metadata: small typed values, compiled to SQL whose every part is a bound parameter.

`Equals("kind", "novel") & Between("year", 1960, 1970) | ~OneOf("language", ("en", "de"))`
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from ..errors import ConfigurationError

__all__ = ["AllOf", "AnyOf", "Between", "Equals", "Filter", "Not", "OneOf", "Scalar", "compile_sql"]

Scalar: TypeAlias = str | int | float | bool | None
"""What a field of metadata can be compared with."""

_MOST_PARTS = 500
_DEEPEST = 25
"""SQLite's parser keeps at most 100 symbols waiting."""
_INT64 = 2**63


class _Combining:
    """Gives every filter `&`, `|` and `~`."""

    __slots__ = ()

    def __and__(self, other: Filter) -> AllOf:
        parts = self.parts if isinstance(self, AllOf) else (cast("Filter", self),)
        return AllOf((*parts, other))

    def __or__(self, other: Filter) -> AnyOf:
        parts = self.parts if isinstance(self, AnyOf) else (cast("Filter", self),)
        return AnyOf((*parts, other))

    def __invert__(self) -> Not:
        return Not(cast("Filter", self))


@dataclass(frozen=True, slots=True)
class Equals(_Combining):
    """The field has the value. Text, numbers and booleans never equal each other; 1 equals 1.0.

    None stands for a field that is missing or null.
    """

    field: str
    value: Scalar

    def __post_init__(self) -> None:
        _check_field(self.field)
        _check_value(self.field, self.value)


@dataclass(frozen=True, slots=True)
class OneOf(_Combining):
    """The field has one of the values, compared as in `Equals`; of no values, none does."""

    field: str
    values: Sequence[Scalar]

    def __post_init__(self) -> None:
        _check_field(self.field)
        object.__setattr__(self, "values", tuple(self.values))
        for value in self.values:
            _check_value(self.field, value)


@dataclass(frozen=True, slots=True)
class Between(_Combining):
    """The field is a number, or a text such as an ISO date, from `low` to `high`, both included.

    None leaves that side open. A field of another type, or none, is not between anything.
    """

    field: str
    low: str | float | None = None
    high: str | float | None = None

    def __post_init__(self) -> None:
        _check_field(self.field)
        given = [bound for bound in (self.low, self.high) if bound is not None]
        for bound in given:
            _check_value(self.field, bound)
        if not given or len({isinstance(bound, str) for bound in given}) > 1:
            raise ConfigurationError(
                f"Between({self.field!r}, {self.low!r}, {self.high!r}): give one bound, or two "
                "numbers, or two texts"
            )
        if any(isinstance(bound, bool) for bound in given):
            raise ConfigurationError(f"Between({self.field!r}): a boolean is no bound")


@dataclass(frozen=True, slots=True)
class AllOf(_Combining):
    """Every part holds; of no parts, always."""

    parts: Sequence[Filter]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))


@dataclass(frozen=True, slots=True)
class AnyOf(_Combining):
    """At least one part holds; of no parts, never."""

    parts: Sequence[Filter]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))


@dataclass(frozen=True, slots=True)
class Not(_Combining):
    """The part does not hold; a field that is missing does not hold any `Between`."""

    part: Filter


Filter: TypeAlias = Equals | OneOf | Between | AllOf | AnyOf | Not
"""What `where=` of a search takes."""


def compile_sql(where: Filter) -> tuple[str, list[str]]:
    """Return a condition on the column `metadata`, never NULL, and its parameters.

    Raises:
        ConfigurationError: the filter has more than 500 parts, or more than 25 within each other.
    """
    _check_size(where)
    parameters: list[str] = []
    return _compile(where, parameters), parameters


def _compile(where: Filter, parameters: list[str]) -> str:
    match where:
        case Equals():
            return _one_of(where.field, (where.value,), parameters)
        case OneOf():
            return _one_of(where.field, where.values, parameters)
        case Between():
            return _between(where, parameters)
        case AllOf():
            return _joined(" AND ", where.parts, parameters, empty="1")
        case AnyOf():
            return _joined(" OR ", where.parts, parameters, empty="0")
        case Not():
            return f"NOT {_compile(where.part, parameters)}"


def _joined(by: str, parts: Sequence[Filter], parameters: list[str], *, empty: str) -> str:
    compiled = [_compile(part, parameters) for part in parts]
    return f"({by.join(compiled)})" if compiled else empty


_TYPE = "coalesce(json_type(metadata, ?), 'null')"
_VALUE = "json_extract(metadata, ?)"
_AMONG = "IN (SELECT value FROM json_each(?))"
_IS_TEXT = "IN ('text')"
_IS_NUMBER = "IN ('integer', 'real')"


def _one_of(field: str, values: Sequence[Scalar], parameters: list[str]) -> str:
    """Compare within one type each: to SQLite, JSON's true is 1.

    The value first, for few have it: SQLite then looks at the type of those only, in a third of the
    time.
    """
    path = _path(field)
    texts = [value for value in values if isinstance(value, str)]
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    names = {None: "null", True: "true", False: "false"}
    words = [names[value] for value in values if value is None or isinstance(value, bool)]
    conditions: list[str] = []
    if words:
        conditions.append(f"{_TYPE} {_AMONG}")
        parameters += [path, json.dumps(words)]
    for wanted, is_type in ((texts, _IS_TEXT), (numbers, _IS_NUMBER)):
        if wanted:
            conditions.append(f"({_VALUE} {_AMONG} AND {_TYPE} {is_type})")
            parameters += [path, json.dumps(wanted, ensure_ascii=False), path]
    return f"({' OR '.join(conditions)})" if conditions else "0"


def _between(where: Between, parameters: list[str]) -> str:
    path = _path(where.field)
    is_text = isinstance(where.low if where.low is not None else where.high, str)
    conditions: list[str] = []
    for bound, operator in ((where.low, ">="), (where.high, "<=")):
        if bound is not None:
            # SQLite reads both sides from JSON, so that a number is rounded the same way on both.
            conditions.append(f"{_VALUE} {operator} json_extract(?, '$')")
            parameters += [path, json.dumps(bound, ensure_ascii=False)]
    conditions.append(f"{_TYPE} {_IS_TEXT if is_text else _IS_NUMBER}")
    parameters.append(path)
    return f"({' AND '.join(conditions)})"


def _path(field: str) -> str:
    return f'$."{field}"'


def _check_field(field: str) -> None:
    """Refuse what SQLite's paths cannot hold; nothing else has to be, for the path is bound."""
    if not field or any(mark in '"\\' or not mark.isprintable() for mark in field):
        raise ConfigurationError(
            f"{field!r} cannot be filtered by: the name of a field is not empty, and holds no "
            "quotes, backslashes or control characters"
        )


def _check_value(field: str, value: Scalar) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        problem = "JSON has no such number"
    elif isinstance(value, int) and not -_INT64 <= value < _INT64:
        problem = "it does not fit into 64 bits"
    elif isinstance(value, str) and ("\0" in value or not _is_unicode(value)):
        problem = "no stored text holds a NUL character or half of a surrogate pair"
    else:
        return
    raise ConfigurationError(f"{field!r} cannot be compared with {value!r}: {problem}")


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= mark <= "\udfff" for mark in text)


def _check_size(where: Filter) -> None:
    level, size, depth = [where], 0, 0
    while level:
        size, depth = size + len(level), depth + 1
        if size > _MOST_PARTS or depth > _DEEPEST:
            raise ConfigurationError(
                f"the filter has more than {_MOST_PARTS} parts, or more than {_DEEPEST} within "
                "each other: use OneOf for many values"
            )
        for one in level:
            if not isinstance(one, Filter):  # pyright: ignore[reportUnnecessaryIsInstance]  a user's
                raise ConfigurationError(
                    f"{one!r:.200} is no filter: give one, such as Equals('year', 1965)"
                )
        level = [part for one in level for part in _parts(one)]


def _parts(where: Filter) -> Sequence[Filter]:
    match where:
        case AllOf(parts) | AnyOf(parts):
            return parts
        case Not(part):
            return (part,)
        case Equals() | OneOf() | Between():
            return ()
