"""Strict schemas: checked against the types that they come from, with a validator of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError, create_model
from typing_extensions import TypedDict

from agentcore.brain.schemas import to_grammar, to_strict
from agentcore.brain.structured import OutputType
from agentcore.values import JsonObject, JsonValue

T = TypeVar("T")

CLOSED: JsonObject = {
    "type": "object",
    "properties": {"title": {"type": "string"}},
    "required": ["title"],
    "additionalProperties": False,
}
STRICT_KEYWORDS = {
    "$defs", "$ref", "additionalProperties", "anyOf", "const", "description", "enum", "items",
    "maxItems", "maximum", "minItems", "minimum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "pattern", "format", "properties", "required", "title", "type",
}  # fmt: skip


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(BaseModel):
    """A dog."""

    kind: Literal["dog"] = "dog"
    name: str = Field(default="Rex", description="What it is called.")


class Tree(BaseModel):
    label: str
    children: list[Tree] = []


class Page(BaseModel, Generic[T]):
    items: list[T]
    next: int | None = None


class Point(TypedDict):
    x: float
    y: float


class Owner(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    best: Dog = Field(default_factory=Dog, description="The best one.")


TYPES: list[Any] = [
    int,
    int | None,
    Cat | Dog,
    Annotated[Cat | Dog, Field(discriminator="kind")],
    Tree,
    Page[Dog],
    Page[int] | None,
    Point,
    Owner,
    Literal["a", 1],
    list[Tree],
    Annotated[int, Field(ge=1, le=5)],
    bool,
]

OUTPUTS: list[OutputType[Any]] = [OutputType(annotation) for annotation in TYPES]

# Fields of random models: each with or without a default, and nested.
scalars: st.SearchStrategy[Any] = st.sampled_from(
    [int, float, bool, str, int | None, Literal["a", "b"], list[int], Dog, Cat | None, list[Tree]]
)
names = st.sampled_from(["a", "b", "type", "title", "default", "$ref_", "pattern"])


@st.composite
def models(draw: st.DrawFn) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for name in draw(st.lists(names, min_size=1, max_size=4, unique=True)):
        kind, words = draw(scalars), draw(st.sampled_from([None, "Says what."]))
        if draw(st.booleans()):
            field: Any = Field(None, alias=name, description=words)
            kind = kind | None
        else:
            field = Field(alias=name, description=words)
        fields[f"f_{len(fields)}"] = (kind, field)
    return create_model("Model", **fields)


def strict_of(output: OutputType[Any]) -> JsonObject:
    schema = output.schema
    assert schema is not None
    strict = to_strict(schema)
    assert strict is not None
    return strict


def resolved(schema: Any, root: Any) -> Any:
    return root["$defs"][schema["$ref"].removeprefix("#/$defs/")] if "$ref" in schema else schema


def instances(schema: Any, root: Any) -> st.SearchStrategy[Any]:
    """JSON that a strict schema allows, and nothing else."""
    if "$ref" in schema:
        return st.deferred(lambda: instances(resolved(schema, root), root))
    if "anyOf" in schema:
        return st.one_of(*(instances(option, root) for option in schema["anyOf"]))
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    kinds: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
        "object": lambda: st.fixed_dictionaries(
            {name: instances(part, root) for name, part in schema["properties"].items()}
        ),
        "array": lambda: st.lists(instances(schema["items"], root), max_size=2),
        "integer": lambda: st.integers(schema.get("minimum"), schema.get("maximum")),
        "number": lambda: st.floats(allow_nan=False, allow_infinity=False),
        "boolean": st.booleans,
        "null": st.none,
        "string": lambda: st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    }
    return kinds[schema["type"]]()


PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}


def is_allowed(value: Any, schema: Any, root: Any) -> bool:
    """Whether a strict schema allows a value."""
    schema = resolved(schema, root)
    if "anyOf" in schema:
        return any(is_allowed(value, option, root) for option in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        return value in (schema.get("enum") or [schema["const"]])
    if type(value) not in PYTHON_TYPES[schema["type"]]:
        return False
    parts: list[tuple[Any, Any]] = []
    if schema["type"] == "object":
        if not value.keys() == schema["properties"].keys() == set(schema["required"]):
            return False
        parts = [(value[name], part) for name, part in schema["properties"].items()]
    elif schema["type"] == "array":
        parts = [(item, schema["items"]) for item in value]
    elif schema["type"] == "integer":
        return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))
    return all(is_allowed(item, part, root) for item, part in parts)


def check_form(schema: Any) -> None:
    """Every rule of strict servers, for a schema and its parts."""
    assert schema.keys() <= STRICT_KEYWORDS
    if "$ref" in schema:
        assert list(schema) == ["$ref"]
        return
    if schema.get("type") == "object":
        assert schema["required"] == list(schema["properties"])
        assert schema["additionalProperties"] is False
    parts = [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]
    for holder in ("properties", "$defs"):
        parts += schema.get(holder, {}).values()
    for part in parts:
        check_form(part)


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda output: str(output.annotation))
def test_a_strict_schema_has_the_form_that_strict_servers_take(output: OutputType[Any]) -> None:
    strict = strict_of(output)

    assert strict["type"] == "object"
    check_form(strict)


@settings(max_examples=60)
@given(st.sampled_from(OUTPUTS), st.data())
def test_what_a_strict_schema_allows_has_the_type(
    output: OutputType[Any], data: st.DataObject
) -> None:
    strict = strict_of(output)
    value = data.draw(instances(strict, strict))

    answer = output.parse(json.dumps(value))

    written = output.dump(answer)
    assert output.parse(written) == answer
    assert is_allowed(json.loads(written), strict, strict)


@settings(max_examples=30)
@given(models(), st.data())
def test_any_model_made_strict_allows_only_what_the_model_takes(
    model: type[BaseModel], data: st.DataObject
) -> None:
    strict = strict_of(OutputType(model))
    check_form(strict)
    value = data.draw(instances(strict, strict))

    output = model.model_validate_json(json.dumps(value))

    written = output.model_dump_json(by_alias=True)
    assert is_allowed(json.loads(written), strict, strict)
    assert model.model_validate_json(written) == output


@settings(max_examples=30)
@given(models(), st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=4))
def test_what_the_model_refuses_the_strict_schema_refuses(
    model: type[BaseModel], value: JsonValue
) -> None:
    strict: Any = strict_of(OutputType(model))
    filled = dict.fromkeys(strict["properties"], value)
    try:
        model.model_validate_json(json.dumps(filled), strict=True)
    except ValidationError:
        assert not is_allowed(filled, strict, strict)


@pytest.mark.parametrize(
    "change",
    [
        {"additionalProperties": True},
        {"additionalProperties": {"type": "integer"}},
        {"anyOf": [{"type": "object"}]},
        {"minProperties": 1},
        {"properties": {"title": {"type": "string", "format": "uri"}}},
        {"properties": {"title": {"type": "string", "maxLength": 3}}},
        {"properties": {"title": {"oneOf": [{"type": "string"}]}}},
        {"properties": {"title": {"$ref": "#/$defs/T", "maxLength": 3}}},
        {"properties": {"title": {"anyOf": [{"type": "object"}]}}},
        {"properties": {"title": {"type": ["object", "null"]}}},
        {"properties": {"title": {"type": "array"}}},
        {"properties": {"title": {"type": "array", "items": {"type": "object"}}}},
        {"$defs": {"T": {"type": "object", "properties": {"a": {}}}}},
        {"type": "array", "items": {"type": "string"}},
        {"properties": {"title": True}},
        {"properties": {"title": {"description": "anything"}}},
    ],
)
def test_a_schema_whose_meaning_would_change_is_not_made_strict(change: JsonObject) -> None:
    assert to_strict(CLOSED) == CLOSED
    assert to_strict({**CLOSED, **change}) is None


def test_a_reference_stands_alone() -> None:
    strict = strict_of(OutputType(Owner))

    assert strict["properties"] == {
        "pet": {
            "anyOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}],
            "title": "Pet",
        },
        "best": {"$ref": "#/$defs/Dog"},
    }


def test_the_schema_that_is_made_strict_is_left_as_it_was() -> None:
    schema = Owner.model_json_schema()

    to_strict(schema)

    assert schema == Owner.model_json_schema()


def test_what_llama_cpp_makes_no_grammar_of_is_left_out() -> None:
    long: JsonObject = {"type": "string", "minLength": 5000, "maxLength": 9000, "pattern": r"^\d$"}

    assert to_grammar({"properties": {"minLength": long}}) == {
        "properties": {"minLength": {"type": "string", "maxLength": 9000}}
    }


def test_a_short_bound_and_a_plain_pattern_stay() -> None:
    plain: JsonObject = {"type": "string", "minLength": 5, "pattern": "^a+$"}

    assert to_grammar(plain) == plain
