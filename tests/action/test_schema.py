from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from functools import wraps
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from agentcore.action import tool
from agentcore.action.function import FunctionTool


class Genre(Enum):
    NOVEL = "novel"
    ESSAY = "essay"


class Book(BaseModel):
    title: str
    year: int = 1965


class Tree(BaseModel):
    """A topic and what is below it."""

    title: str
    below: list[Tree] = []


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


@dataclass
class Point:
    x: int
    y: int = 0


class Span(TypedDict):
    start: int


class Opaque:
    pass


def parameters(function: Callable[..., object]) -> Any:
    return FunctionTool.of(function).spec.parameters


def property_of(function: Callable[..., object]) -> Any:
    return parameters(function)["properties"]["value"]


def test_signature_and_docstring_are_the_whole_schema() -> None:
    @tool
    def find_book(title: str, limit: Annotated[int, Field(ge=1)] = 3) -> str:
        """Search the catalogue.

        Args:
            title: words of the title.
            limit: at most so many.
        """
        return title * limit

    spec = FunctionTool.of(find_book).spec

    assert (spec.name, spec.description) == ("find_book", "Search the catalogue.")
    assert spec.parameters == {
        "type": "object",
        "properties": {
            "title": {"type": "string", "description": "words of the title."},
            "limit": {
                "type": "integer",
                "minimum": 1,
                "description": "at most so many.",
                "default": 3,
            },
        },
        "required": ["title"],
        "additionalProperties": False,
    }


def test_a_function_without_parameters_takes_an_empty_object() -> None:
    def now() -> str:
        return "now"

    assert parameters(now) == {"type": "object", "properties": {}, "additionalProperties": False}


def test_the_description_of_a_field_goes_before_the_docstring() -> None:
    def find(value: Annotated[str, Field(description="own words")]) -> str:
        """Find.

        Args:
            value: other words.
        """
        return value

    assert property_of(find)["description"] == "own words"


def enum(value: Genre = Genre.NOVEL) -> None: ...
def literal(value: Literal["a", "b"]) -> None: ...
def optional(value: str | None = None) -> None: ...
def when(value: datetime) -> None: ...
def listing(value: list[int]) -> None: ...
def mapping(value: dict[str, float]) -> None: ...
def pair(value: tuple[int, str] = (1, "a")) -> None: ...
def model(value: Book) -> None: ...
def point(value: Point = Point(1)) -> None: ...  # noqa: B008
def span(value: Span) -> None: ...
def opaque_default(value: Any = Opaque) -> None: ...
def infinite(value: float = float("inf")) -> None: ...
def by_chance(value: frozenset[str] = frozenset("ab")) -> None: ...


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (enum, {"type": "string", "enum": ["novel", "essay"], "default": "novel"}),
        (literal, {"type": "string", "enum": ["a", "b"]}),
        (optional, {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}),
        (when, {"type": "string", "format": "date-time"}),
        (listing, {"type": "array", "items": {"type": "integer"}}),
        (mapping, {"type": "object", "additionalProperties": {"type": "number"}}),
        (
            pair,
            {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
                "minItems": 2,
                "maxItems": 2,
                "default": [1, "a"],
            },
        ),
        (
            model,
            {
                "type": "object",
                "properties": {
                    "title": {"type": "string"},
                    "year": {"type": "integer", "default": 1965},
                },
                "required": ["title"],
            },
        ),
        (opaque_default, {}),
        (infinite, {"type": "number"}),
        (
            by_chance,
            {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        ),
    ],
)
def test_types_are_described(function: Callable[..., object], expected: object) -> None:
    assert property_of(function) == expected


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (
            point,
            {
                "type": "object",
                "properties": {"x": {"type": "integer"}, "y": {"type": "integer", "default": 0}},
                "required": ["x"],
                "default": {"x": 1, "y": 0},
            },
        ),
        (
            span,
            {
                "type": "object",
                "properties": {"start": {"type": "integer"}},
                "required": ["start"],
            },
        ),
    ],
)
def test_objects_are_described_by_their_fields(
    function: Callable[..., object], expected: dict[str, object]
) -> None:
    described = property_of(function)

    # Whether it also rules out further keys depends on the version of pydantic.
    described.pop("additionalProperties", None)
    assert described == expected


def test_titles_are_dropped_but_never_a_property_of_that_name() -> None:
    def add(title: str, book: Book) -> None: ...

    schema = parameters(add)

    assert list(schema["properties"]) == ["title", "book"]
    assert "title" in schema["properties"]["book"]["properties"]
    assert '"title": "' not in json.dumps(schema)


def test_a_default_that_looks_like_a_schema_stays_as_it_is() -> None:
    def save(value: dict[str, str] = {"title": "Dune"}) -> None: ...  # noqa: B006

    assert property_of(save)["default"] == {"title": "Dune"}


def test_a_recursive_model_keeps_its_definition() -> None:
    def grow(value: Tree) -> None: ...

    schema = parameters(grow)

    assert schema["properties"]["value"] == {"$ref": "#/$defs/Tree"}
    assert schema["$defs"]["Tree"]["properties"]["below"]["items"] == {"$ref": "#/$defs/Tree"}


def test_a_model_that_is_used_twice_is_defined_once() -> None:
    def swap(left: Book, right: Book) -> None: ...

    assert list(parameters(swap)["$defs"]) == ["Book"]


def test_a_discriminated_union_refers_to_nothing_that_is_gone() -> None:
    def feed(value: Annotated[Cat | Dog, Field(discriminator="kind")]) -> None: ...

    schema = parameters(feed)

    assert "$defs" not in schema
    assert "#/$defs" not in json.dumps(schema)


def test_names_that_belong_to_models_are_names_like_others() -> None:
    def odd(
        model_dump: int, copy: int, schema: int, json: int, model_config: int, items: int
    ) -> None: ...

    names = ["model_dump", "copy", "schema", "json", "model_config", "items"]
    assert list(parameters(odd)["properties"]) == names
    values = FunctionTool.of(odd).signature.validate(dict.fromkeys(names, 1))
    assert values == dict.fromkeys(names, 1)


def test_the_schema_is_built_once_for_all_objects() -> None:
    class Shop:
        @tool
        def find(self, title: str) -> str:
            return title

    assert FunctionTool.of(Shop().find).signature is FunctionTool.of(Shop().find).signature


def test_a_wrapper_does_not_take_over_the_schema_of_what_it_wraps() -> None:
    def find(title: str) -> str:
        return title

    inner = FunctionTool.of(find)

    @wraps(find)
    def shout(title: str) -> str:
        return find(title).upper()

    assert FunctionTool.of(shout).signature is not inner.signature


def test_the_same_source_gives_the_same_digest() -> None:
    def one(when: date, book: Book) -> None: ...
    def two(when: date, book: Book) -> None: ...

    first, second = FunctionTool.of(one), FunctionTool.of(two)

    assert json.dumps(first.spec.parameters) == json.dumps(second.spec.parameters)
