"""A model that goes round in circles is told so once; then its tools are taken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import count as counter
from itertools import cycle

import pytest
from pydantic import BaseModel

from agentcore import (
    Abilities,
    Agent,
    Completion,
    ConfigurationError,
    LLMRequest,
    LLMUnavailableError,
    MemoryJournal,
    StepLimitError,
    UserMessage,
    tool,
)
from agentcore.planners import ReAct, ToolCalling
from agentcore.testing import FunctionLLM, Reply, call

NATIVE = Abilities()
CONSTRAINED = Abilities(tools=False)
IN_WORDS = Abilities(tools=False, json_schema=False)
A, B = call("count", shelf="a"), call("count", shelf="ab")


@tool
def count(shelf: str) -> int:
    """Count the books on a shelf."""
    return len(shelf)


def offers_tools(request: LLMRequest) -> bool:
    in_guide = "- count:" in str(request.messages[0].content)
    return bool(request.tools) or '"count"' in str(request.output_schema) or in_guide


def circling(calls: Sequence[Completion | Reply], abilities: Abilities) -> FunctionLLM:
    """A model that makes these calls for ever, while it has tools."""
    steps = cycle(calls)

    def reply(request: LLMRequest) -> Reply:
        is_react = not abilities.tools
        if not offers_tools(request):
            return '{"action": "final_answer", "answer": "1"}' if is_react else "1"
        step = next(steps)
        return as_action(step) if is_react else step

    return FunctionLLM(reply, abilities=abilities)


def as_action(step: object) -> str:
    name, arguments = getattr(step, "name", ""), getattr(step, "arguments", "{}")
    return json.dumps({"action": name, "arguments": json.loads(arguments)})


def told(request: LLMRequest) -> str:
    """Which remark a request ends with."""
    last = request.messages[-1]
    text = last.text if isinstance(last, UserMessage) else ""
    if text.startswith("You have done this before"):
        return "told"
    return "over" if text.startswith("You repeat yourself") else ""


EACH = [
    pytest.param(NATIVE, ToolCalling(), id="native"),
    pytest.param(CONSTRAINED, ReAct(), id="constrained"),
    pytest.param(IN_WORDS, ReAct(), id="in words"),
]


@pytest.mark.parametrize(("abilities", "planner"), EACH)
@pytest.mark.parametrize(("calls", "before"), [([A], 3), ([A, B], 4)], ids=["AAA", "ABAB"])
async def test_who_goes_in_circles_is_told_once_and_then_answers_without_tools(
    abilities: Abilities, planner: ReAct | ToolCalling, calls: list[Reply], before: int
) -> None:
    llm = circling(calls, abilities)

    result = await Agent(llm=llm, tools=[count], planner=planner).run("How many?")

    assert result.output == "1"
    assert [told(request) for request in llm.requests] == [""] * before + ["told", "over"]
    assert [offers_tools(request) for request in llm.requests] == [True] * (before + 1) + [False]


async def test_what_the_model_was_told_is_no_part_of_the_conversation() -> None:
    result = await Agent(llm=circling([A], NATIVE), tools=[count]).run("How many?")

    assert [m.role for m in result.messages] == ["user", *["assistant", "tool"] * 4, "assistant"]


async def test_who_does_something_else_when_it_is_told_keeps_its_tools() -> None:
    replies: Iterator[Reply] = iter((A, A, A, B, A, "done"))
    llm = FunctionLLM(lambda request: next(replies))

    result = await Agent(llm=llm, tools=[count]).run("How many?")

    assert result.output == "done"
    assert [told(request) for request in llm.requests] == ["", "", "", "told", "", ""]
    assert all(request.tools for request in llm.requests)


async def test_a_call_whose_result_changes_is_no_circle() -> None:
    ticks = counter()

    @tool
    def state() -> str:
        """How far the job is."""
        return f"{next(ticks)} %"

    replies: Iterator[Reply] = iter((*[call("state")] * 8, "done"))
    llm = FunctionLLM(lambda request: next(replies))

    await Agent(llm=llm, tools=[state]).run("Wait for it.")

    assert not any(map(told, llm.requests))


async def test_the_order_of_arguments_makes_no_new_call() -> None:
    @tool
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    one, other = call("add", a=1, b=2), call("add", b=2, a=1)
    replies: Iterator[Reply] = iter((one, other, one, "3"))
    llm = FunctionLLM(lambda request: next(replies))

    await Agent(llm=llm, tools=[add]).run("1 + 2?")

    assert told(llm.requests[-1]) == "told"


class Count(BaseModel):
    books: int


@pytest.mark.parametrize("json_schema", [True, False])
async def test_a_typed_answer_is_asked_for_without_tools(*, json_schema: bool) -> None:
    def reply(request: LLMRequest) -> Reply:
        if any(spec.name == "count" for spec in request.tools):
            return A
        return call("final_answer", books=1) if request.tools else '{"books": 1}'

    llm = FunctionLLM(reply, abilities=Abilities(json_schema=json_schema))

    result = await Agent[Count](llm=llm, tools=[count]).run("How many?")

    assert result.output == Count(books=1)
    assert [spec.name for spec in llm.requests[-1].tools] == ["final_answer"] * (not json_schema)
    assert bool(llm.requests[-1].output_schema) is json_schema


@pytest.mark.parametrize(
    ("planner", "reply", "abilities"),
    [(ToolCalling(), A, NATIVE), (ReAct(), as_action(A), IN_WORDS)],
    ids=["native", "in words"],
)
async def test_who_calls_although_there_are_no_tools_comes_to_its_limit(
    planner: ReAct | ToolCalling, reply: Reply, abilities: Abilities
) -> None:
    llm = FunctionLLM(lambda request: reply, abilities=abilities)

    with pytest.raises(StepLimitError, match="repeated itself"):
        await Agent(llm=llm, tools=[count], planner=planner).run("How many?")

    assert len(llm.requests) == 5


@pytest.mark.parametrize(("most", "calls"), [(None, 12), (5, 7), (2, 4)])
async def test_how_often_is_the_callers_choice(most: int | None, calls: int) -> None:
    llm = circling([A], NATIVE)

    await Agent(llm=llm, tools=[count], planner=ToolCalling(most_repeats=most)).run("How many?")

    assert len(llm.requests) == calls


@pytest.mark.parametrize("planner", [ToolCalling, ReAct])
def test_once_is_no_repetition(planner: Callable[..., object]) -> None:
    with pytest.raises(ConfigurationError, match="most_repeats is 1: it must be at least 2"):
        planner(most_repeats=1)


@pytest.mark.parametrize(("abilities", "planner"), EACH)
async def test_a_circle_is_replayed_without_asking(
    abilities: Abilities, planner: ReAct | ToolCalling
) -> None:
    journal = MemoryJournal()
    llm = circling([A, B], abilities)
    first = await Agent(llm=llm, tools=[count], planner=planner).run("?", journal=journal)
    dead = FunctionLLM(lambda request: LLMUnavailableError("gone"), abilities=abilities)

    again = await Agent(llm=dead, tools=[count], planner=planner).run("?", journal=journal)

    assert (again.output, dead.requests) == (first.output, [])
