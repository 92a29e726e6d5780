from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.errors import ConfigurationError
from agentcore.memory import AllOf, AnyOf, Between, Equals, Filter, Not, OneOf
from agentcore.memory.filters import compile_sql
from agentcore.values import JsonValue

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4)
names = st.sampled_from(["a", "b", "a.b", "$", "x'y", "a[0]", "é", "; DROP TABLE records --"])
integers = st.integers(-(2**63), 2**63 - 1)
numbers = st.one_of(integers, st.integers(-3, 3), st.floats(allow_nan=False, allow_infinity=False))
scalars = st.one_of(st.none(), st.booleans(), numbers, texts, st.sampled_from(["a", "1", "' OR 1"]))
metadata = st.dictionaries(names, st.one_of(scalars, st.lists(scalars, max_size=2)), max_size=4)
leaves: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Equals, names, scalars),
    st.builds(OneOf, names, st.lists(scalars, max_size=4)),
    st.builds(Between, names, numbers, st.none() | numbers),
    st.builds(Between, names, st.none(), numbers),
    st.builds(Between, names, texts, st.none() | texts),
)
filters: st.SearchStrategy[Filter] = st.recursive(
    leaves,
    lambda parts: st.one_of(
        st.builds(AllOf, st.lists(parts, max_size=3)),
        st.builds(AnyOf, st.lists(parts, max_size=3)),
        st.builds(Not, parts),
    ),
    max_leaves=8,
)


def kind(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return repr(value)
    return "number" if isinstance(value, int | float) else type(value).__name__


def holds(where: Filter, data: Mapping[str, JsonValue]) -> bool:
    """Say in Python what the filters mean."""
    match where:
        case Equals(field, value):
            return holds(OneOf(field, (value,)), data)
        case OneOf(field, values):
            found = data.get(field)
            return any(kind(found) == kind(value) and found == value for value in values)
        case Between(field, low, high):
            found = data.get(field)
            bounds = [bound for bound in (low, high) if bound is not None]
            return all(kind(bound) == kind(found) for bound in bounds) and (
                (low is None or low <= found) and (high is None or found <= high)  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue] of one kind, as the line above says
            )
        case AllOf(parts):
            return all(holds(part, data) for part in parts)
        case AnyOf(parts):
            return any(holds(part, data) for part in parts)
        case Not(part):
            return not holds(part, data)


def selects(where: Filter, data: Mapping[str, JsonValue]) -> bool:
    """Ask SQLite."""
    condition, parameters = compile_sql(where)
    with closing(sqlite3.connect(":memory:")) as connection:
        (answer,) = connection.execute(
            f"SELECT {condition} FROM (SELECT ? AS metadata)",  # noqa: S608  what is tested
            (*parameters, json.dumps(data, ensure_ascii=False)),
        ).fetchone()
    assert answer in (0, 1)
    return bool(answer)


@given(filters, metadata)
def test_sqlite_selects_what_the_filter_means(where: Filter, data: dict[str, JsonValue]) -> None:
    assert selects(where, data) == holds(where, data)


@given(st.sampled_from(["a", "'", '"', "\\", "?", "%"]), metadata)
def test_no_value_of_a_filter_becomes_sql(mark: str, data: dict[str, JsonValue]) -> None:
    condition, parameters = compile_sql(Equals("field", f"{mark}drop"))

    assert "drop" not in condition
    assert "field" not in condition
    assert any("drop" in one for one in parameters)


def test_operators_combine_filters() -> None:
    where = Equals("a", 1) & Between("b", 2) | ~OneOf("c", [3])

    assert where == AnyOf((AllOf((Equals("a", 1), Between("b", 2))), Not(OneOf("c", (3,)))))


def test_true_is_not_one_and_text_is_not_a_number() -> None:
    assert not selects(Equals("a", 1), {"a": True})
    assert not selects(Equals("a", 1), {"a": "1"})
    assert selects(Equals("a", 1), {"a": 1.0})
    assert selects(Equals("a", None), {})


@pytest.mark.parametrize("field", ["", 'a"b', "a\\b", "a\nb", "a\0b", "\ud800"])
def test_a_field_that_a_path_cannot_name_is_refused(field: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be filtered by"):
        Equals(field, 1)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**63, "a\0b", "\ud800"])
def test_a_value_that_no_record_can_have_is_refused(value: float | str) -> None:
    with pytest.raises(ConfigurationError, match="'a' cannot be compared"):
        OneOf("a", [value])


@pytest.mark.parametrize(("low", "high"), [(None, None), (1, "a"), (True, None)])
def test_bounds_are_two_numbers_or_two_texts(
    low: str | float | None, high: str | float | None
) -> None:
    with pytest.raises(ConfigurationError, match="Between"):
        Between("a", low, high)


def test_a_filter_without_end_is_refused() -> None:
    where: Filter = Equals("a", 1)
    for _ in range(600):
        where = ~where

    with pytest.raises(ConfigurationError, match="more than 500 parts"):
        compile_sql(where)


def test_the_deepest_and_the_broadest_filters_are_understood() -> None:
    deep: Filter = Equals("a", 1)
    for _ in range(12):
        deep = ~(deep & Equals("b", 2))
    broad: Filter = Equals("a", 0)
    for number in range(1, 490):
        broad = broad | (Equals("a", number))

    assert selects(deep, {"a": 1, "b": 2}) == holds(deep, {"a": 1, "b": 2})
    assert selects(broad, {"a": 489})


def test_one_of_takes_many_values() -> None:
    assert selects(OneOf("a", range(100_000)), {"a": 99_999})
