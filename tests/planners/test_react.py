from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
from pydantic import BaseModel

from agentcore import (
    Abilities,
    Agent,
    AssistantMessage,
    ConfigurationError,
    LLMRequest,
    StepLimitError,
    ToolCall,
    ToolMessage,
    UserMessage,
    tool,
)
from agentcore.planners import ReAct
from agentcore.testing import Reply, ScriptedLLM
from agentcore.values import JsonValue

CONSTRAINED = Abilities(tools=False)
IN_WORDS = Abilities(tools=False, json_schema=False)


class Count(BaseModel):
    books: int


@tool
def count(shelf: str) -> int:
    """Count the books on a shelf."""
    return len(shelf)


def action(name: str, **arguments: JsonValue) -> str:
    return json.dumps({"thought": f"use {name}", "action": name, "arguments": arguments})


def final(answer: JsonValue) -> str:
    return json.dumps({"thought": "I know", "action": "final_answer", "answer": answer})


def script(*replies: Reply, abilities: Abilities = CONSTRAINED) -> ScriptedLLM:
    return ScriptedLLM(*replies, abilities=abilities)


def agent(llm: ScriptedLLM, planner: ReAct | None = None) -> Agent[str]:
    return Agent(llm=llm, tools=[count], planner=planner or ReAct())


def last(request: LLMRequest) -> str:
    message = request.messages[-1]
    assert isinstance(message, UserMessage)
    return message.text


def actions_of(request: LLMRequest) -> list[JsonValue]:
    """The actions that the schema of a request allows."""
    schema: dict[str, list[dict[str, dict[str, dict[str, JsonValue]]]]]
    schema = json.loads(json.dumps(request.output_schema))
    return [option["properties"]["action"]["const"] for option in schema["anyOf"]]


async def test_a_step_is_constrained_to_the_tools_and_the_final_answer() -> None:
    llm = script(action("count", shelf="abc"), final("There are 3."))

    result = await agent(llm).run("How many?")

    assert result.output == "There are 3."
    assert [actions_of(request) for request in llm.requests] == [["final_answer", "count"]] * 2
    assert all(request.tools == () for request in llm.requests)


async def test_the_model_reads_its_action_and_what_was_observed() -> None:
    llm = script(action("count", shelf="abc"), final("3"))

    await agent(llm).run("How many?")

    assert llm.requests[1].messages[1:] == (
        UserMessage(content="How many?"),
        AssistantMessage(content=action("count", shelf="abc")),
        UserMessage(content="Observation from count: 3"),
    )


async def test_the_last_step_allows_the_final_answer_only() -> None:
    llm = script(action("count", shelf="a"), final("1"))

    await agent(llm, ReAct(max_steps=2)).run("?")

    assert [actions_of(request) for request in llm.requests] == [
        ["final_answer", "count"],
        ["final_answer"],
    ]


@dataclass
class Library:
    """A library, and what was done to it."""

    lent: list[str] = field(default_factory=list[str])

    @tool
    def lend(self, title: str) -> None:
        """Lend a book."""
        self.lent.append(title)


async def test_a_call_in_the_last_step_is_not_executed() -> None:
    library = Library()
    llm = script(action("lend", title="Dune"), action("lend", title="Emma"), abilities=IN_WORDS)

    with pytest.raises(StepLimitError, match="max_steps=2"):
        await Agent(llm=llm, tools=[library.lend], planner=ReAct(max_steps=2)).run("All!")

    assert library.lent == ["Dune"]


async def test_a_model_that_cannot_be_constrained_is_asked_in_words_only() -> None:
    first = f"Let me see.\n```json\n{action('count', shelf='a')}\n```"
    llm = script(first, final("1"), abilities=IN_WORDS)

    result = await agent(llm).run("?")

    assert result.output == "1"
    assert [request.output_schema for request in llm.requests] == [None, None]


@pytest.mark.parametrize(
    ("malformed", "reason"),
    [
        ("I would count.", "'I would count.'"),
        ('{"action": "count", "arguments": {"shelf": "a"', "delimiter"),
        ('["count"]', 'expected one JSON object with "action"'),
        ('{"action": ["count"]}', 'expected one JSON object with "action"'),
        ('{"action": "final_answer"}', '"answer"'),
        (r'{"action": "count", "arguments": {"shelf": "\ud83d"}}', "no JSON was found"),
        ("[" * 400 + "]" * 400, "no JSON was found"),
        ("", "''"),
    ],
)
async def test_a_malformed_action_is_told_to_the_model(malformed: str, reason: str) -> None:
    llm = script(malformed, final("1"), abilities=IN_WORDS)

    result = await agent(llm).run("?")

    assert llm.requests[1].messages[-2] == AssistantMessage(content=malformed)
    assert reason in last(llm.requests[1])
    assert result.output == "1"


async def test_a_malformed_action_is_forgotten_after_a_good_one() -> None:
    llm = script("hm", action("count", shelf="a"), final("1"), abilities=IN_WORDS)

    result = await agent(llm).run("?")

    assert AssistantMessage(content="hm") not in llm.requests[2].messages
    assert AssistantMessage(content="hm") not in result.messages


async def test_a_model_that_never_writes_an_action_reaches_the_bound() -> None:
    with pytest.raises(StepLimitError, match="max_steps=3"):
        await agent(script("{", "{", "{", abilities=IN_WORDS), ReAct(max_steps=3)).run("?")


async def test_native_calls_of_a_model_that_was_offered_none_are_not_sent_back() -> None:
    llm = script(ToolCall(id="x", name="count", arguments="{}"), final("1"))

    await agent(llm).run("?")

    assert not any(isinstance(message, ToolMessage) for message in llm.requests[1].messages)


async def test_an_unknown_action_is_told_to_the_model() -> None:
    llm = script(action("cuont", shelf="a"), final("1"), abilities=IN_WORDS)

    await agent(llm).run("?")

    assert last(llm.requests[1]).startswith("Error from cuont: ")
    assert "'cuont'" in last(llm.requests[1])


async def test_an_action_without_arguments_calls_a_tool_that_needs_none() -> None:
    @tool
    def ring() -> str:
        """Ring the bell."""
        return "ding"

    llm = script('{"action": "ring"}', final("rung"), abilities=IN_WORDS)

    await Agent(llm=llm, tools=[ring], planner=ReAct()).run("?")

    assert last(llm.requests[1]) == "Observation from ring: ding"


async def test_a_tool_with_the_name_of_the_final_answer_is_the_developers_mistake() -> None:
    @tool(name="final_answer")
    def answer() -> None:
        """Answer."""

    with pytest.raises(ConfigurationError, match="'final_answer'"):
        await Agent(llm=script(), tools=[answer], planner=ReAct()).run("?")


async def test_a_typed_answer_is_constrained_to_its_schema() -> None:
    llm = script(final({"books": 3}))

    result = await Agent[Count](llm=llm, tools=[count], planner=ReAct()).run("?")

    schema = llm.requests[0].output_schema
    assert result.output == Count(books=3)
    assert result.messages[-1].content == '{"books": 3}'
    assert schema is not None
    assert '"answer": {"properties": {"books"' in json.dumps(schema)


async def test_an_invalid_typed_answer_is_asked_for_again_outside_of_the_steps() -> None:
    llm = script(action("count", shelf="a"), final({"books": "one"}), '{"books": 1}')

    result = await Agent[Count](llm=llm, tools=[count], planner=ReAct()).run("?")

    asked_again = llm.requests[2]
    assert result.output == Count(books=1)
    assert "books: Input should be a valid integer" in last(asked_again)
    assert asked_again.output_schema == Count.model_json_schema()
    assert "final_answer" not in str(asked_again.messages)
    assert UserMessage(content="Observation from count: 1") in asked_again.messages


@pytest.mark.parametrize(("value", "text"), [(3, "3"), ({"a": "ü"}, '{"a": "ü"}'), ("3", "3")])
async def test_a_text_answer_that_is_no_text_is_its_json(value: JsonValue, text: str) -> None:
    result = await agent(script(final(value), abilities=IN_WORDS)).run("?")

    assert result.output == text


async def test_without_tools_the_model_is_asked_plainly() -> None:
    llm = script("hello")

    result = await Agent(llm=llm, planner=ReAct()).run("hi")

    assert result.output == "hello"
    assert llm.requests[0].messages == (UserMessage(content="hi"),)
    assert llm.requests[0].output_schema is None


@pytest.mark.parametrize("max_steps", [0, -1])
def test_no_steps_at_all_is_the_developers_mistake(max_steps: int) -> None:
    with pytest.raises(ConfigurationError, match=f"max_steps is {max_steps}"):
        ReAct(max_steps=max_steps)
