from __future__ import annotations

import json

import pytest
from pydantic import BaseModel

from agentcore import (
    Agent,
    AssistantMessage,
    Budget,
    LLMRequest,
    MemoryJournal,
    StepLimitError,
    ToolCall,
    ToolCrashError,
    ToolMessage,
    UserMessage,
    tool,
)
from agentcore.planners import ReWOO
from agentcore.testing import FunctionLLM, Reply, ScriptedLLM
from tests.planners.planned import IN_WORDS, World, make, plan, results, step


class Height(BaseModel):
    metres: int


async def test_the_plan_is_made_once_and_the_answer_is_given_from_its_results() -> None:
    world = World()
    llm = ScriptedLLM(
        plan(step(1, "look_up", name="Dune"), step(2, "look_up", name="by #E1")), "Herbert."
    )

    result = await make(world, llm).run("Who wrote it?")

    assert result.output == "Herbert."
    assert world.log == ["+Dune", "-Dune", "+by <Dune>", "-by <Dune>"]
    assert llm.requests[0].output_schema is not None
    assert llm.requests[1].messages == (
        UserMessage(content="Who wrote it?"),
        AssistantMessage(
            content="#E1: result 1",
            tool_calls=(ToolCall(id="E1", name="look_up", arguments='{"name": "Dune"}'),),
        ),
        ToolMessage(tool_call_id="E1", name="look_up", content="<Dune>"),
        AssistantMessage(
            content="#E2: result 2",
            tool_calls=(ToolCall(id="E2", name="look_up", arguments='{"name": "by #E1"}'),),
        ),
        ToolMessage(tool_call_id="E2", name="look_up", content="<by <Dune>>"),
        UserMessage(
            content="The plan was carried out; the results are above. Now give your answer to the "
            "task, from these results."
        ),
    )
    assert result.messages == (
        *llm.requests[1].messages[:-1],
        AssistantMessage(content="Herbert."),
    )


async def test_independent_steps_overlap_and_none_waits_for_more_than_it_needs() -> None:
    world = World()
    text = plan(
        step(1, "look_up", name="slow", turns=60),
        step(2, "look_up", name="fast", turns=1),
        step(3, "look_up", name="after #E2", turns=1),
        step(4, "look_up", name="last #E1 #E3", turns=1),
    )

    await make(world, ScriptedLLM(text, "done")).run("?")

    assert world.log == [
        *("+slow", "+fast", "-fast", "+after <fast>", "-after <fast>", "-slow"),
        *("+last <slow> <after <fast>>", "-last <slow> <after <fast>>"),
    ]


async def test_a_step_waits_for_another_whose_result_it_does_not_use() -> None:
    world = World()
    text = plan(step(1, "look_up", "E2", name="second"), step(2, "look_up", name="first", turns=9))

    await make(world, ScriptedLLM(text, "done")).run("?")

    assert world.log == ["+first", "-first", "+second", "-second"]


async def test_a_result_becomes_a_number_where_the_tool_wants_one() -> None:
    llm = ScriptedLLM(plan(step(1, "add", a=2, b=3), step(2, "add", a="#E1", b="#E1")), "10")

    await make(World(), llm).run("?")

    assert results(llm.requests[1]) == [("E1", "5", False), ("E2", "10", False)]


async def test_a_failed_step_is_told_and_those_that_need_it_are_left_out() -> None:
    world = World()
    text = plan(
        step(1, "look_up", name="nothing"),
        step(2, "look_up", name="of #E1"),
        step(3, "look_up", name="of #E2"),
        step(4, "look_up", name="other"),
    )
    llm = ScriptedLLM(text, "partly")

    assert (await make(world, llm).run("?")).output == "partly"

    assert sorted(world.log) == ["+nothing", "+other", "-nothing", "-other"]
    assert results(llm.requests[1]) == [
        ("E1", "there is no such thing", True),
        ("E2", "not done: there is no usable result of E1", True),
        ("E3", "not done: there is no usable result of E2", True),
        ("E4", "<other>", False),
    ]
    assert "There is no usable result of E1, E2, E3." in str(llm.requests[1].messages[-1].content)


async def test_a_bug_in_a_tool_ends_the_run_with_its_trajectory() -> None:
    text = plan(step(1, "look_up", name="bug"), step(2, "look_up", name="b", turns=50))

    with pytest.raises(ToolCrashError) as caught:
        await make(World(), ScriptedLLM(text)).run("?")

    assert "thought" in [event.kind for event in caught.value.trajectory]


async def test_what_a_tool_returns_cannot_refer_to_other_steps() -> None:
    @tool
    def read(page: str) -> str:
        """Read a page."""
        return "see #E2" if page == "open" else f"[{page}]"

    text = plan(
        step(1, "read", page="open"), step(2, "read", page="secret"), step(3, "read", page="#E1")
    )
    llm = ScriptedLLM(text, "done")

    await Agent(llm=llm, tools=[read], planner=ReWOO()).run("?")

    assert results(llm.requests[1])[2] == ("E3", "[see #E2]", False)


async def test_the_model_can_be_a_step_that_reads_results() -> None:
    text = plan(
        step(1, "look_up", name="page"),
        step(2, "ask_model", prompt="Who is named in #E1?"),
        step(3, "look_up", name="#E2"),
    )
    llm = ScriptedLLM(text, "<think>hm</think>Ann", "It is Ann.")

    await make(World(), llm).run("?")

    assert llm.requests[1].messages == (UserMessage(content="Who is named in <page>?"),)
    assert [content for _, content, _ in results(llm.requests[2])] == ["<page>", "Ann", "<Ann>"]


async def test_a_typed_answer_is_had_under_its_schema() -> None:
    llm = ScriptedLLM(plan(step(1, "add", a=1, b=2)), '{"metres": 3}')

    result = await Agent[Height](llm=llm, tools=[World().add], planner=ReWOO()).run("?")

    assert result.output == Height(metres=3)
    assert "metres" in json.dumps(llm.requests[1].output_schema)


async def test_a_model_without_native_calls_reads_the_results_as_text() -> None:
    llm = ScriptedLLM(plan(step(1, "add", a=1, b=2)), "3", abilities=IN_WORDS)

    await make(World(), llm).run("?")

    assert [message.content for message in llm.requests[1].messages[1:3]] == [
        '{"thought": "#E1: result 1", "action": "add", "arguments": {"a": 1, "b": 2}}',
        "Observation from add: 3",
    ]


async def test_a_plan_is_bounded_by_the_budget() -> None:
    world = World()
    text = plan(*(step(n, "look_up", name=f"{n}") for n in range(1, 5)))
    agent = make(world, ScriptedLLM(text, "done"))

    with pytest.raises(StepLimitError, match="max_tool_calls=2") as caught:
        await agent.run("?", budget=Budget(max_tool_calls=2))

    assert [event.kind for event in caught.value.trajectory].count("acted") == 2


def model(request: LLMRequest) -> Reply:
    """A model that is a function of what it reads: the first plan is bad."""
    last = str(request.messages[-1].content)
    good = plan(
        step(1, "look_up", name="a", turns=3),
        step(2, "look_up", name="nothing"),
        step(3, "ask_model", prompt="extract #E1"),
        step(4, "look_up", name="#E3"),
        step(5, "look_up", name="#E2"),
    )
    if last == "?":
        return plan(step(1, "fly"))
    if "cannot be carried out" in last:
        return good
    return "extracted" if "extract" in last else f"answer from {results(request)}"


async def test_every_prefix_of_a_journal_resumes_to_the_same_answer() -> None:
    journal = MemoryJournal()
    first = await make(World(), FunctionLLM(model)).run("?", journal=journal)
    events = journal.events()

    for length in range(len(events) + 1):
        world, llm = World(is_dead=length == len(events)), FunctionLLM(model)
        again = await make(world, llm).run("?", journal=MemoryJournal(events[:length]))

        assert (again.output, again.messages) == (first.output, first.messages)
        thoughts = [event.kind for event in events[:length]].count("thought")
        assert len(llm.requests) == 4 - thoughts
