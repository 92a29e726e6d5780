from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore import OutputParseError, ToolSpec
from agentcore.planners import Plan, Step
from agentcore.planners.fitting import fill, misfits
from agentcore.planners.plan import plan_schema, read_plan
from agentcore.values import JsonObject, JsonValue

COPY: JsonObject = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "count": {"type": "integer", "minimum": 1},
        "kind": {"enum": ["loan", "sale"], "type": "string"},
        "books": {"type": "array", "items": {"$ref": "#/$defs/Book"}},
        "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    },
    "required": ["title"],
    "additionalProperties": False,
    "$defs": {
        "Book": {
            "type": "object",
            "properties": {"mark": {"type": "string"}, "pages": {"type": "number"}},
            "required": ["mark"],
        }
    },
}


def steps(*needs: str) -> Plan:
    """A plan of steps E1, E2, ... each with the references that are given for it."""
    return Plan(
        steps=tuple(
            Step(id=f"E{n}", tool="copy", arguments={"title": text})
            for n, text in enumerate(needs, start=1)
        )
    )


def test_a_plan_is_read_from_an_object_a_list_and_from_between_remarks() -> None:
    step = {"id": "E1", "tool": "copy", "arguments": {"title": "Dune"}, "expects": "a mark"}
    expected = Plan(
        steps=(Step(id="E1", tool="copy", arguments={"title": "Dune"}, expects="a mark"),)
    )

    for text in (json.dumps({"steps": [step]}), json.dumps([step])):
        assert read_plan(text) == expected
        assert read_plan(f"<think>hm</think>Here:\n```json\n{text}\n```") == expected


def test_both_forms_of_a_reference_are_read_as_one() -> None:
    plan = read_plan(
        '[{"tool": "a"}, {"tool": "b"}, {"tool": "c", "after": ["#E2"], "arguments":'
        ' {"x": {"$ref": "E1"}, "y": [{"$ref": "#E2"}], "z": "of #E1, #E1"}}]'
    )

    assert plan.steps[2].arguments == {"x": "#E1", "y": ["#E2"], "z": "of #E1, #E1"}
    assert plan.steps[2].references == ("E1", "E2")
    assert plan.steps[2].needs == ("E1", "E2")


def test_a_reference_in_a_form_of_its_own_is_one_that_dangles_and_no_text() -> None:
    plan = read_plan('[{"tool": "a", "arguments": {"x": {"$ref": "step-1"}}}]')

    assert plan.steps[0].references == ("step-1",)


@pytest.mark.parametrize("text", ["#E5E5E5", "#E51234", "#Easter", "E1", "# E1", "#E0"])
def test_what_only_looks_like_a_placeholder_is_text(text: str) -> None:
    assert steps(text).steps[0].references == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I would look it up.", "no JSON"),
        ('{"plan": []}', 'no list "steps"'),
        ('["find"]', "step 1 is no JSON object"),
        ('[{"tool": "a"}, {"arguments": {}}]', 'step 2 has no "tool"'),
        ('[{"tool": "a", "arguments": [1]}]', '"arguments" of step 1'),
    ],
)
def test_what_is_no_plan_is_said_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(OutputParseError, match=reason) as caught:
        read_plan(text)

    assert caught.value.text == text


@settings(max_examples=50)
@given(
    st.recursive(
        st.none() | st.booleans() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(["steps", "id", "tool", "arguments", "after", "expects", "$ref"]), x
            )
        ),
    )
)
def test_any_json_is_a_plan_or_an_output_that_cannot_be_read(value: JsonValue) -> None:
    try:
        plan = read_plan(json.dumps(value))
    except OutputParseError:
        return
    assert all(step.tool is not None for step in plan.steps)


def test_steps_are_ordered_by_what_they_need_and_else_as_they_were_written() -> None:
    plan = steps("#E3", "", "#E4", "", "#E1 #E2")

    assert [step.id for step in plan.in_order()] == ["E2", "E4", "E3", "E1", "E5"]
    assert plan.cycles() == ()


def test_steps_that_need_each_other_are_found_as_groups() -> None:
    plan = steps("#E3", "#E1", "#E2", "#E5", "#E4", "#E6 #E9")

    assert plan.cycles() == (("E1", "E2", "E3"), ("E4", "E5"))


def test_the_schema_of_a_plan_allows_a_placeholder_where_a_tool_wants_no_text() -> None:
    tool = ToolSpec(name="copy", description="", parameters=COPY)

    schema = plan_schema([tool], max_steps=4)

    text = json.dumps(schema)
    option = json.loads(text)["properties"]["steps"]["items"]["anyOf"][0]["properties"]
    placeholder = {"type": "string", "pattern": "^#E[1-9][0-9]{0,3}$"}
    assert option["tool"] == {"const": "copy"}
    assert option["arguments"]["properties"]["title"] == {"type": "string"}
    assert option["arguments"]["properties"]["count"]["anyOf"][1] == placeholder
    assert option["arguments"]["properties"]["kind"]["anyOf"][1] == placeholder
    assert list(json.loads(text)["$defs"]) == ["copy.Book"]
    assert "#/$defs/copy.Book" in text
    assert json.loads(text)["properties"]["steps"]["maxItems"] == 4


def test_a_result_becomes_the_value_that_the_tool_wants() -> None:
    planned: JsonObject = {
        "title": "#E1",
        "count": "#E1",
        "books": [{"mark": "#E1", "pages": "#E1"}, "#E2"],
        "limit": "#E3",
    }

    filled = fill(planned, COPY, {"E1": "7", "E2": '{"mark": "B"}', "E3": "none at all"})

    assert filled == {
        "title": "7",
        "count": 7,
        "books": [{"mark": "7", "pages": 7}, {"mark": "B"}],
        "limit": "none at all",
    }


def test_a_result_cannot_bring_placeholders_of_its_own() -> None:
    results = {"E1": "read #E2 and \\1 {{ E2 }}", "E2": "secret"}

    assert fill({"title": "of #E1!"}, COPY, results) == {"title": "of read #E2 and \\1 {{ E2 }}!"}
    assert fill({"title": "#E1"}, COPY, results) == {"title": "read #E2 and \\1 {{ E2 }}"}


MISFITS: list[tuple[JsonObject, tuple[str, str]]] = [
    ({}, ("title", "is missing")),
    ({"title": 3}, ("title", "must be string, and is 3")),
    ({"title": "a", "count": True}, ("count", "must be integer, and is true")),
    ({"title": "a", "count": 0}, ("count", "must be at least 1, and is 0")),
    ({"title": "a", "count": "some #E1"}, ("count", 'must be integer, and is "some #E1"')),
    (
        {"title": "a", "kind": "gift"},
        ("kind", 'must be one of ["loan", "sale"], and is "gift"'),
    ),
    ({"title": "a", "limit": "x"}, ("limit", 'must be integer or null, and is "x"')),
    ({"title": "a", "books": [{}]}, ("books[0].mark", "is missing")),
    (
        {"title": "a", "mark": 1},
        ("mark", "is not known; known are: title, count, kind, books, limit"),
    ),
]


@pytest.mark.parametrize(("arguments", "expected"), MISFITS)
def test_an_argument_that_does_not_fit_is_named(
    arguments: JsonObject, expected: tuple[str, str]
) -> None:
    assert misfits(arguments, COPY) == [expected]


@pytest.mark.parametrize(
    "circle",
    [
        {"$ref": "#/$defs/A"},
        {"anyOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/A"}]},
        {"allOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/A"}]},
    ],
)
def test_a_schema_in_circles_ends(circle: JsonObject) -> None:
    schema: JsonObject = {"properties": {"a": circle}, "$defs": {"A": circle}}

    assert misfits({"a": 1}, schema) == []
    assert fill({"a": "#E1"}, schema, {"E1": "x"}) == {"a": "x"}
