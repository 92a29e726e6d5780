from __future__ import annotations

import json
import pickle

from pydantic import BaseModel

from agentcore import (
    Abilities,
    Agent,
    AssistantMessage,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
    dump_messages,
    load_messages,
    tool,
)
from agentcore.planners import ReAct
from agentcore.planners.offering import guided
from agentcore.testing import Reply, ScriptedLLM, call
from agentcore.values import JsonValue

CONSTRAINED = Abilities(tools=False)
IN_WORDS = Abilities(tools=False, json_schema=False)


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


async def test_the_guide_joins_the_instructions() -> None:
    llm = script(final("3"))

    await Agent(llm=llm, tools=[count], planner=ReAct(), instructions="Be brief.").run("?")

    system = llm.requests[0].messages[0]
    assert isinstance(system, SystemMessage)
    assert system.content.startswith("Be brief.\n\nWork step by step.")
    assert "- count: Count the books on a shelf. Arguments:" in system.content
    assert len(llm.requests[0].messages) == 2


async def test_each_option_of_a_step_is_a_closed_object() -> None:
    llm = script(final("3"))

    await agent(llm).run("?")

    assert llm.requests[0].output_schema is not None
    assert llm.requests[0].output_schema["anyOf"] == [
        {
            "type": "object",
            "properties": {
                "thought": {"type": "string"},
                "action": {"const": "final_answer"},
                "answer": {"type": "string"},
            },
            "required": ["thought", "action", "answer"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                "thought": {"type": "string"},
                "action": {"const": "count"},
                "arguments": {
                    "type": "object",
                    "properties": {"shelf": {"type": "string"}},
                    "required": ["shelf"],
                    "additionalProperties": False,
                },
            },
            "required": ["thought", "action", "arguments"],
            "additionalProperties": False,
        },
    ]


async def test_without_thoughts_neither_schema_nor_guide_asks_for_one() -> None:
    llm = script('{"action": "final_answer", "answer": "3"}')

    result = await agent(llm, ReAct(thoughts=False)).run("?")

    assert result.output == "3"
    assert "thought" not in json.dumps(llm.requests[0].output_schema)
    assert "thought" not in str(llm.requests[0].messages[0].content)


async def test_a_thought_is_kept_apart_from_the_answer() -> None:
    result = await agent(script(final("3"))).run("?")

    assert result.messages[-1] == AssistantMessage(content="3", thinking="I know")


class Folder(BaseModel):
    folders: list[Folder]


async def test_definitions_of_one_name_do_not_collide() -> None:
    @tool
    def store(folder: Folder) -> None:
        """Store a folder."""

    @tool
    def answer(folder: Folder) -> None:
        """Answer, by a name that the schema uses as well."""

    llm = script(final({"folders": []}))
    await Agent[Folder](llm=llm, tools=[store, answer], planner=ReAct()).run("?")

    schema = llm.requests[0].output_schema or {}
    definitions = schema["$defs"]
    assert isinstance(definitions, dict)
    assert set(definitions) == {"final_answer.Folder", "store.Folder", "answer.Folder"}
    assert references(schema) == {f"#/$defs/{name}" for name in definitions}


def references(value: JsonValue) -> set[str]:
    """Every `$ref` in a schema."""
    if isinstance(value, list):
        return set[str]().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    found = set[str]().union(*map(references, value.values()))
    return found | {str(value["$ref"])} if "$ref" in value else found


async def test_the_definitions_of_arguments_are_in_the_guide() -> None:
    @tool
    def store(folder: Folder) -> None:
        """Store a folder."""

    llm = script(final("done"), abilities=IN_WORDS)
    await Agent(llm=llm, tools=[store], planner=ReAct()).run("?")

    guide = str(llm.requests[0].messages[0].content)
    assert '"#/$defs/Folder"' in guide
    assert 'with $defs {"Folder": ' in guide


async def test_native_calls_in_the_history_are_rewritten_as_actions() -> None:
    calls = (
        ToolCall(id="1", name="count", arguments='{"shelf": "a"}'),
        ToolCall(id="2", name="count", arguments='{"shelf": "bc"}'),
    )
    history = [
        UserMessage(content="Count both."),
        AssistantMessage(content="both", tool_calls=calls),
        ToolMessage(tool_call_id="1", name="count", content="1"),
        ToolMessage(tool_call_id="2", name="count", content="no shelf", is_error=True),
        AssistantMessage(content="1 and none"),
    ]
    llm = script(final("1"))

    await agent(llm).run("Sure?", history=history)

    assert llm.requests[0].messages[1:] == (
        UserMessage(content="Count both."),
        AssistantMessage(
            content='{"thought": "both", "action": "count", "arguments": {"shelf": "a"}}\n'
            '{"thought": "both", "action": "count", "arguments": {"shelf": "bc"}}'
        ),
        UserMessage(content="Observation from count: 1"),
        UserMessage(content="Error from count: no shelf"),
        AssistantMessage(content="1 and none"),
        UserMessage(content="Sure?"),
    )


async def test_the_transcript_is_native_and_loads_again() -> None:
    result = await agent(script(action("count", shelf="a"), final("1"))).run("How many?")

    asked = ToolCall(id="react-1", name="count", arguments='{"shelf": "a"}')
    assert result.messages == (
        UserMessage(content="How many?"),
        AssistantMessage(content="use count", tool_calls=(asked,)),
        ToolMessage(tool_call_id="react-1", name="count", content="1"),
        AssistantMessage(content="1", thinking="I know"),
    )
    assert load_messages(dump_messages(result.messages)) == result.messages


async def test_a_native_model_goes_on_from_the_transcript() -> None:
    first = await agent(script(action("count", shelf="a"), final("1"))).run("How many?")
    native = ScriptedLLM("As I said.")

    await Agent(llm=native, tools=[count]).run("Sure?", history=first.messages)

    assert native.requests[0].messages == (*first.messages, UserMessage(content="Sure?"))


def test_messages_that_were_rewritten_are_still_compared_and_pickled() -> None:
    message, call_ = UserMessage(content="hi"), call("add", a=1)
    asked = AssistantMessage(tool_calls=(call_,))
    guided([message, asked])

    assert message == UserMessage(content="hi")
    assert pickle.loads(pickle.dumps([message, asked])) == [message, asked]  # noqa: S301  our own bytes
