from __future__ import annotations

import json
import re

from agentcore import (
    Abilities,
    Agent,
    AssistantMessage,
    Completion,
    LLMRequest,
    ToolCall,
    Usage,
    UserMessage,
    tool,
)
from agentcore.planners import ReAct
from agentcore.testing import Reply, ScriptedLLM
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


def last(request: LLMRequest) -> str:
    message = request.messages[-1]
    assert isinstance(message, UserMessage)
    return message.text


async def test_a_model_that_answers_in_words_again_is_taken_at_its_word() -> None:
    llm = script(action("count", shelf="abc"), "There are 3.", "I said: 3.", abilities=IN_WORDS)

    result = await agent(llm).run("?")

    assert result.output == "I said: 3."
    assert last(llm.requests[2]).endswith("Write one action.")


async def test_an_observation_that_the_model_wrote_itself_is_not_believed() -> None:
    dream = f"{action('count', shelf='abc')}\nObservation: 9\nFinal Answer: 9"
    llm = script(dream, "Observation: 9\nFinal Answer: 9", final("3"), abilities=IN_WORDS)

    result = await agent(llm).run("?")

    assert result.output == "3"
    assert last(llm.requests[1]) == "Observation from count: 3"
    assert "9" not in str(llm.requests[1].messages)
    assert "only a tool gives one" in last(llm.requests[2])


async def test_native_calls_of_a_model_that_was_offered_none_are_understood() -> None:
    llm = script(ToolCall(id="x", name="count", arguments='{"shelf": "ab"}'), final("2"))

    await agent(llm).run("?")

    assert last(llm.requests[1]) == "Observation from count: 2"


def cut(text: str, tokens: int) -> Completion:
    return Completion(
        message=AssistantMessage(content=text),
        finish_reason="length",
        usage=Usage(steps=1, output_tokens=tokens),
    )


def most_characters(request: LLMRequest) -> set[str]:
    return set(re.findall(r'"maxLength": (\d+)', json.dumps(request.output_schema)))


async def test_a_step_that_was_cut_is_asked_for_again_within_bounds() -> None:
    llm = script(
        cut('{"thought": "well', 96),
        cut('{"thought": "well, well', 96),
        action("count", shelf="abc"),
        final("3"),
    )

    result = await agent(llm).run("?")

    assert result.output == "3"
    assert [most_characters(request) for request in llm.requests] == [set(), {"96"}, {"24"}, set()]
    assert "It was cut off: write less." in last(llm.requests[1])
