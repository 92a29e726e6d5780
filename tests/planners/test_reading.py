from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore import OutputParseError
from agentcore.planners.reading import Action, is_prose, read_action, read_call
from agentcore.values import JsonValue

TOOLS = ("count", "lib.find")
CALL = Action("count", {"shelf": "a"})


def read(text: str) -> Action:
    return read_action(text, final="final_answer", known=TOOLS)


@pytest.mark.parametrize(
    "text",
    [
        '{"action": "count", "arguments": {"shelf": "a"}}',
        '{"action": "count", "action_input": {"shelf": "a"}}',
        '{"name": "count", "parameters": {"shelf": "a"}}',
        '{"name": "count", "arguments": "{\\"shelf\\": \\"a\\"}"}',
        '{"tool": "count", "args": {"shelf": "a"}}',
        '{"function": {"name": "count", "arguments": {"shelf": "a"}}}',
        '{"tool_calls": [{"function": {"name": "count", "arguments": {"shelf": "a"}}}]}',
        '{"action": {"name": "count", "arguments": {"shelf": "a"}}}',
        '[{"name": "count", "arguments": {"shelf": "a"}}]',
        '{"count": {"shelf": "a"}}',
        'Sure!\n```json\n{"name": "count", "arguments": {"shelf": "a"}}\n```',
        '<tool_call>\n{"name": "count", "arguments": {"shelf": "a"}}\n</tool_call>',
        '<function=count>{"shelf": "a"}</function>',
        '<think>{"name": "find"}</think>{"name": "count", "arguments": {"shelf": "a"}}',
        "{'name': 'count', 'arguments': {'shelf': 'a',},}",
        'Thought: hm\nAction: count\nAction Input: {"shelf": "a"}',
        '**Action:** `count`\n**Action Input:** {"shelf": "a"}\n',
        '[count(shelf="a")]',
        "count(shelf='a')",
    ],
)
def test_a_call_is_read_in_each_form_that_models_write(text: str) -> None:
    assert read(text) == CALL


def test_a_bare_name_at_the_start_of_a_line_is_json_and_no_action_line() -> None:
    assert read("{\naction: 'count',\narguments: {'shelf': 'a'}\n}") == CALL


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('{"action": "final_answer", "answer": 3}', 3),
        ('{"action": "final_answer", "answer": null}', None),
        ('{"action": "final_answer", "arguments": {"answer": "1"}}', "1"),
        ('{"answer": [1]}', [1]),
        ('{"final_answer": "1"}', "1"),
        ("Thought: I know.\nFinal Answer: it is 3", "it is 3"),
    ],
)
def test_the_final_answer_is_read(text: str, answer: JsonValue) -> None:
    assert read(text) == Action("final_answer", answer)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "count", "arguments": {"shelf": "a"}}\nObservation: 9\nFinal Answer: 9',
        'Action: count\nAction Input: {"shelf": "a"}\nObservation: 9\nFinal Answer: 9',
    ],
)
def test_only_what_stands_before_an_invented_observation_is_read(text: str) -> None:
    assert read(text) == CALL


@pytest.mark.parametrize(
    "text",
    [
        'Observation: 9\n{"action": "final_answer", "answer": 9}',
        "I count.\n**Observation:** 9\nFinal Answer: 9",
        "Observation from count: 9\nFinal Answer: 9",
    ],
)
def test_a_conclusion_from_an_invented_observation_is_refused(text: str) -> None:
    with pytest.raises(OutputParseError, match="observation"):
        read(text)


def test_a_field_named_observation_is_no_invented_one() -> None:
    text = '{\n  "action": "final_answer",\n  "answer": {\n  "observation": "x"\n  }\n}'

    assert read(text).value == {"observation": "x"}


@pytest.mark.parametrize("text", ["", "I would count.", "[]", "{}", '["count"]', '{"a": 1}', "7"])
def test_what_is_no_action_is_an_error_that_keeps_the_text(text: str) -> None:
    with pytest.raises(OutputParseError) as caught:
        read(text)

    assert caught.value.text == text


@given(st.text(alphabet=st.sampled_from('{}[]":,\\ \nactionObservation:<>()=`')))
def test_reading_any_text_gives_an_action_or_an_output_error(text: str) -> None:
    try:
        action = read(text)
    except OutputParseError:
        return

    assert action.name


@given(
    st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers() | st.booleans()),
    st.sampled_from(["{}", "```json\n{}\n```", "<tool_call>{}</tool_call>", "I call it: {}"]),
)
def test_arguments_come_through_whatever_stands_around_them(
    arguments: dict[str, JsonValue], frame: str
) -> None:
    call = json.dumps({"name": "count", "arguments": arguments})

    assert read(frame.replace("{}", call)) == Action("count", arguments)


def test_a_text_that_is_a_call_of_a_tool_is_one() -> None:
    call = read_call('```json\n{"name": "count", "arguments": {"shelf": "a"}}\n```', known=TOOLS)

    assert call is not None
    assert (call.name, json.loads(call.arguments)) == ("count", {"shelf": "a"})


@pytest.mark.parametrize(
    "text",
    [
        "There are 3.",
        '{"books": 3}',
        '{"name": "shout", "arguments": {}}',
        'Use it like this: {"name": "count", "arguments": {}}',
        '{"name": "count',
    ],
)
def test_an_answer_is_no_call(text: str) -> None:
    assert read_call(text, known=TOOLS) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("It is 3.", True), ("", False), ("{it is", False), ("Observation: 3\nIt is 3.", False)],
)
def test_words_without_any_sign_of_an_action_are_prose(text: str, *, expected: bool) -> None:
    assert is_prose(text) is expected
