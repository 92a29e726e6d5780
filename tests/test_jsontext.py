from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore.errors import OutputParseError
from agentcore.jsontext import parse_json
from agentcore.values import JsonValue

numbers = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | st.integers() | numbers | st.text()
values: st.SearchStrategy[JsonValue] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
containers = st.lists(values, max_size=4) | st.dictionaries(st.text(), values, max_size=4)
prose = st.text(alphabet=st.characters(exclude_characters="{[", exclude_categories=["Cs"]))
json_like = st.text(alphabet='{}[]":,1 a\\\nuNd8', max_size=60)


@given(values, st.booleans(), st.sampled_from([None, 2]))
def test_any_value_is_read_however_it_is_written(
    value: JsonValue,
    is_ascii: bool,  # noqa: FBT001 - hypothesis gives it by name
    indent: int | None,
) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=is_ascii, indent=indent)) == value


@given(containers, prose, prose)
def test_an_object_or_array_is_found_in_prose(value: JsonValue, before: str, after: str) -> None:
    # a word between, so that the prose before it does not become a part of the JSON
    assert parse_json(f"{before} is {json.dumps(value)} {after}.") == value


@given(containers)
def test_an_object_or_array_is_found_in_a_fence(value: JsonValue) -> None:
    assert parse_json(f"Sure, [see] here:\n```json\n{json.dumps(value, indent=2)}\n```") == value


@given(st.text() | json_like)
def test_any_text_gives_json_or_the_one_error(text: str) -> None:
    with suppress(OutputParseError):
        value = parse_json(text)
        assert json.loads(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.lists(values, min_size=1, max_size=3), st.data())
def test_json_that_was_cut_off_never_gives_a_part_of_itself(
    value: list[JsonValue], data: st.DataObject
) -> None:
    whole = json.dumps({"answer": value})
    end = data.draw(st.integers(min_value=2, max_value=len(whole) - 1))

    with pytest.raises(OutputParseError):
        parse_json(whole[:end])


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1, 2,], "b": [3]}',
        '{"a": "two\nlines [1]"}',
        '{"a": "\\alpha [1]"}',
        '{"a": 1 "b": {"c": 2}}',
    ],
)
def test_malformed_json_never_gives_a_part_of_itself(text: str) -> None:
    with pytest.raises(OutputParseError):
        parse_json(text)


def test_the_first_of_several_objects_is_taken() -> None:
    assert parse_json('{"a": 1}\n{"b": 2}') == {"a": 1}


def test_braces_that_were_doubled_are_taken_for_prose() -> None:
    assert parse_json('{{"a": 1}}') == {"a": 1}


@pytest.mark.parametrize("text", ["NaN", '{"a": Infinity}', "x [-Infinity]"])
def test_numbers_that_json_does_not_have_are_refused(text: str) -> None:
    with pytest.raises(OutputParseError, match="is no JSON"):
        parse_json(text)


@pytest.mark.parametrize(
    "text",
    [r'{"a": "\ud83d"}', "9" * 5000, f"x [{'9' * 5000}]", "[" * 300 + "]" * 300],
    ids=["half a character", "huge number", "huge number in prose", "deep"],
)
def test_json_that_cannot_be_written_again_is_refused(text: str) -> None:
    with pytest.raises(OutputParseError):
        parse_json(text)


@pytest.mark.parametrize(
    "text",
    ["[" * 200_000, "{" * 200_000, '{"a":' * 100_000, '["' * 100_000, "[x" * 100_000],
    ids=["[", "{", "nested", "strings", "prose"],
)
def test_a_text_of_nothing_but_brackets_is_given_up(text: str) -> None:
    with pytest.raises(OutputParseError):
        parse_json(text)


def test_at_most_64_openings_are_tried() -> None:
    assert parse_json("[x] " * 63 + '{"a": 1}') == {"a": 1}
    with pytest.raises(OutputParseError):
        parse_json("[x] " * 64 + '{"a": 1}')


def test_the_error_shows_the_text_and_where_it_broke() -> None:
    with pytest.raises(OutputParseError, match=r"'Here: \{\"a\": 1': .*char 13") as caught:
        parse_json('Here: {"a": 1')

    assert caught.value.text == 'Here: {"a": 1'


def test_the_error_shows_the_beginning_of_a_long_text_only() -> None:
    with pytest.raises(OutputParseError) as caught:
        parse_json("long " * 10_000)

    assert len(str(caught.value)) < 400
    assert len(caught.value.text) == 50_000


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, 2,], "b": [3]}', {"a": [1, 2], "b": [3]}),
        ('{"a": "two\nlines [1]"}', {"a": "two\nlines [1]"}),
        ('{"a": 1 "b": {"c": 2}}', {"a": 1, "b": {"c": 2}}),
        ("{'a': True, 'b': None}", {"a": True, "b": None}),
        ('{a: 1, b: "x"} // done', {"a": 1, "b": "x"}),
        ('{"a": 1, // one\n"b": 2}', {"a": 1, "b": 2}),
        ('{"a": "he said "hi" there"}', {"a": 'he said "hi" there'}),
        ("Sure:\n```json\n['a', 'b',]\n```\nDone.", ["a", "b"]),
        ("[1, 2, 3,]", [1, 2, 3]),
        ("See [the list] for {'a': 1,}", {"a": 1}),
        ('{"a": 1,} and {"b": 2}', {"a": 1}),
    ],
)
def test_what_a_reader_still_understands_is_repaired(text: str, value: JsonValue) -> None:
    with pytest.raises(OutputParseError):
        parse_json(text)

    assert parse_json(text, repair=True) == value


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1, 2}',
        "{'a': {'b': 1}",
        '{"a": ...}',
        "{'a': NaN}",
        '{"a": "x}',
        "See [the list] below.",
        "Use {name} here.",
        "I cannot say.",
        "",
    ],
)
def test_what_is_cut_off_or_no_json_is_not_guessed(text: str) -> None:
    with pytest.raises(OutputParseError):
        parse_json(text, repair=True)


@settings(max_examples=50)
@given(st.lists(values, min_size=1, max_size=3), st.data())
def test_json_that_was_cut_off_is_not_repaired_to_a_part_of_itself(
    value: list[JsonValue], data: st.DataObject
) -> None:
    whole = json.dumps({"answer": value})
    end = data.draw(st.integers(min_value=2, max_value=len(whole) - 1))

    with pytest.raises(OutputParseError):
        parse_json(whole[:end], repair=True)


@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_text_of_escaped_quotes_takes_no_quadratic_time(quote: str) -> None:
    escaped = f"\\{quote}" * 48_000  # in quadratic time: half a minute

    with pytest.raises(OutputParseError):
        parse_json(f"{{a: {quote}{escaped}", repair=True)


@settings(max_examples=50)
@given(st.text() | json_like)
def test_a_repair_gives_json_or_the_one_error(text: str) -> None:
    with suppress(OutputParseError):
        value = parse_json(text, repair=True)
        assert json.loads(json.dumps(value, ensure_ascii=False).encode()) == value


@settings(max_examples=50)
@given(values)
def test_a_repair_leaves_good_json_as_it_is(value: JsonValue) -> None:
    assert parse_json(json.dumps(value), repair=True) == value
