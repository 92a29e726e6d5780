from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from agentcore.brain.structured import OutputType
from agentcore.errors import ConfigurationError, OutputParseError
from agentcore.values import JsonObject, JsonValue

T = TypeVar("T")


class Book(BaseModel):
    title: str
    year: int


class Shelf(BaseModel):
    books: list[Book]


class Only(BaseModel):
    value: int


class Page(BaseModel, Generic[T]):
    items: list[T]


class Tree(BaseModel):
    name: str
    children: list[Tree] = []


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    at: datetime
    price: Decimal
    tags: frozenset[str]


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class NoSchema:
    pass


NOWHERE: Any = list["Nowhere"]  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable]


class Unfinished(BaseModel):
    part: Missing  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable]


def wrapped(schema: JsonValue) -> JsonObject:
    return {
        "type": "object",
        "properties": {"value": schema},
        "required": ["value"],
        "additionalProperties": False,
    }


def problem(annotation: Any, text: str) -> str:
    with pytest.raises(OutputParseError) as caught:
        OutputType(annotation).parse(text)
    assert caught.value.text == text
    return str(caught.value)


def test_text_is_taken_as_it_is() -> None:
    output = OutputType[str](str)

    assert output.parse(' {"value": "kept"} ') == ' {"value": "kept"} '
    assert output.schema is None
    assert output.instruction == ""


@pytest.mark.parametrize("annotation", [str, int, Book])
def test_an_empty_answer_is_no_answer(annotation: Any) -> None:
    assert problem(annotation, " \n") == "the answer is empty"


def test_a_model_is_its_own_schema() -> None:
    output = OutputType[Book](Book)

    assert output.schema == Book.model_json_schema()
    assert output.parse('{"title": "Dune", "year": 1965}') == Book(title="Dune", year=1965)


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (int, {"type": "integer"}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (Literal["a", "b"], {"enum": ["a", "b"], "type": "string"}),
        (Annotated[int, Field(ge=1)], {"type": "integer", "minimum": 1}),
        (Annotated[str, Field(max_length=3)], {"type": "string", "maxLength": 3}),
    ],
)
def test_what_is_no_object_is_wrapped_into_one(annotation: Any, schema: JsonValue) -> None:
    assert OutputType(annotation).schema == wrapped(schema)


@pytest.mark.parametrize("text", ['{"value": [1, 2]}', "[1, 2]", "```json\n[1, 2]\n```"])
def test_an_answer_is_read_with_and_without_the_wrapping(text: str) -> None:
    assert OutputType(list[int]).parse(text) == [1, 2]


def test_a_model_whose_only_field_has_the_name_of_the_wrapping_is_not_unwrapped() -> None:
    assert OutputType(Only).parse('{"value": 3}') == Only(value=3)


def test_the_definitions_of_a_wrapped_type_are_at_the_root() -> None:
    assert OutputType(list[Book]).schema == {
        **wrapped({"type": "array", "items": {"$ref": "#/$defs/Book"}}),
        "$defs": {"Book": Book.model_json_schema()},
    }


def test_a_union_of_models_is_told_apart_by_their_fields() -> None:
    output = OutputType[Book | Shelf](Book | Shelf)

    assert output.parse('{"value": {"books": []}}') == Shelf(books=[])
    assert output.parse('{"title": "Dune", "year": 1965}') == Book(title="Dune", year=1965)


def test_a_generic_model_is_read_in_its_type() -> None:
    page = OutputType[Page[Book]](Page[Book]).parse('{"items": [{"title": "Dune", "year": 1}]}')

    assert page.items == [Book(title="Dune", year=1)]


def test_a_recursive_model_has_an_object_at_its_root() -> None:
    schema = OutputType(Tree).schema or {}

    assert schema == {
        "type": "object",
        "title": "Tree",
        "properties": {
            "name": {"type": "string", "title": "Name"},
            "children": {
                "type": "array",
                "items": {"$ref": "#/$defs/Tree"},
                "default": [],
                "title": "Children",
            },
        },
        "required": ["name"],
        "$defs": {"Tree": {k: v for k, v in schema.items() if k != "$defs"}},
    }


def test_a_recursive_model_is_read() -> None:
    tree = OutputType[Tree](Tree).parse('{"name": "a", "children": [{"name": "b"}]}')
    assert tree == Tree(name="a", children=[Tree(name="b")])


def test_a_strict_model_takes_what_json_has_no_type_for() -> None:
    text = '{"at": "2024-02-29T12:00:00Z", "price": "1.50", "tags": ["a", "a"]}'

    assert OutputType(Strict).parse(text) == Strict(
        at=datetime(2024, 2, 29, 12, tzinfo=UTC), price=Decimal("1.50"), tags=frozenset({"a"})
    )


@pytest.mark.parametrize(
    ("annotation", "text", "expected"),
    [
        (date, '{"value": "2024-02-29"}', date(2024, 2, 29)),
        (Colour, '"red"', Colour.RED),
        (bool, "true", True),
        (type(None), '{"value": null}', None),
        (dict[str, int], '{"value": 1}', {"value": 1}),
        (tuple[int, str], '[1, "a"]', (1, "a")),
    ],
)
def test_types_that_pydantic_knows_are_read(annotation: Any, text: str, expected: object) -> None:
    assert OutputType(annotation).parse(text) == expected


json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(json_values)
def test_any_value_is_read_back_from_its_wrapping(value: JsonValue) -> None:
    output: OutputType[JsonValue] = OutputType(JsonValue)

    assert output.parse(json.dumps({"value": value})) == value


@given(st.text())
def test_whatever_a_model_writes_the_only_error_is_the_one_it_is_told(text: str) -> None:
    try:
        value = OutputType[list[Book]](list[Book]).parse(text)
    except OutputParseError:
        return
    assert all(isinstance(item, Book) for item in value)


@pytest.mark.parametrize("text", [r'{"value": ["\ud83d"]}', "[NaN]", "[" * 400, "9" * 5000])
def test_json_that_no_wire_can_carry_is_told_to_the_model(text: str) -> None:
    assert "no JSON was found" in problem(list[Any], text)


def test_the_instruction_holds_the_schema_for_the_model_to_read() -> None:
    instruction = OutputType(Literal["ja", "öfter"]).instruction

    assert instruction == (
        "Give your final answer as one JSON object that satisfies this JSON Schema: "
        '{"type":"object","properties":{"value":{"enum":["ja","öfter"],"type":"string"}},'
        '"required":["value"],"additionalProperties":false}'
    )


def test_each_problem_is_a_line_that_says_where_what_and_which_value() -> None:
    text = '{"books": [{"title": 5, "year": "soon"}, {"title": "Dune"}]}'

    assert problem(Shelf, text).splitlines() == [
        "books.0.title: Input should be a valid string (given: 5)",
        (
            "books.0.year: Input should be a valid integer, unable to parse string as an integer "
            "(given: 'soon')"
        ),
        "books.1.year: Field required (given: {'title': 'Dune'})",
    ]


def test_a_problem_of_the_whole_is_a_problem_of_the_answer() -> None:
    assert problem(int, '{"value": "many"}').startswith("the answer: Input should be a valid int")


def test_a_long_value_is_shown_by_its_beginning() -> None:
    assert len(problem(int, json.dumps("x" * 10_000))) < 250


def test_text_that_is_no_json_is_shown_to_the_model() -> None:
    assert "'about seven'" in problem(int, "about seven")


@pytest.mark.parametrize(
    "annotation", [NoSchema, Callable[[], int], Unfinished, NOWHERE, 5, list[NoSchema]]
)
def test_a_type_that_pydantic_cannot_validate_is_the_developers_mistake(annotation: Any) -> None:
    with pytest.raises(ConfigurationError, match="cannot be the output of an agent"):
        _ = OutputType(annotation).schema
    with pytest.raises(ConfigurationError, match="cannot be the output of an agent"):
        OutputType(annotation).parse("1")
