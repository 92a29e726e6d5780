from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

import pytest
from pydantic import BaseModel

from agentcore import (
    Abilities,
    Agent,
    AssistantMessage,
    Budget,
    Completion,
    ConfigurationError,
    LLMRequest,
    MemoryJournal,
    PlanningError,
    StepLimitError,
    SystemMessage,
    ToolCall,
    ToolCrashError,
    ToolError,
    ToolMessage,
    UserMessage,
    tool,
)
from agentcore.planners import ReWOO
from agentcore.testing import FunctionLLM, Reply, ScriptedLLM
from agentcore.values import JsonValue

CONSTRAINED = Abilities(tools=False)
IN_WORDS = Abilities(tools=False, json_schema=False)


class Height(BaseModel):
    metres: int


@dataclass
class World:
    """Tools that take some turns of the loop, and the order in which they began and ended."""

    log: list[str] = field(default_factory=list[str])
    is_dead: bool = False

    @tool
    async def look_up(self, name: str, turns: int = 1) -> str:
        """Look a thing up."""
        assert not self.is_dead, f"{name} was looked up again"
        self.log.append(f"+{name}")
        for _ in range(turns):
            await asyncio.sleep(0)
        self.log.append(f"-{name}")
        if name == "nothing":
            raise ToolError("there is no such thing")
        if name == "bug":
            raise ZeroDivisionError
        return f"<{name}>"

    @tool
    async def add(self, a: int, b: int) -> int:
        """Add two numbers."""
        assert not self.is_dead
        return a + b


def step(number: int, name: str, /, *after: str, **arguments: JsonValue) -> dict[str, JsonValue]:
    return {
        "id": f"E{number}",
        "expects": f"result {number}",
        "tool": name,
        "arguments": arguments,
        "after": list(after),
    }


def plan(*steps: dict[str, JsonValue]) -> str:
    return json.dumps({"steps": list(steps)})


def make(world: World, llm: FunctionLLM, planner: ReWOO | None = None) -> Agent[str]:
    return Agent(llm=llm, tools=[world.look_up, world.add], planner=planner or ReWOO())


def results(request: LLMRequest) -> list[tuple[str, str, bool]]:
    return [
        (message.tool_call_id, message.content, message.is_error)
        for message in request.messages
        if isinstance(message, ToolMessage)
    ]


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


async def test_the_guide_names_the_tools_and_joins_the_instructions() -> None:
    llm = ScriptedLLM(plan(step(1, "look_up", name="a")), "done", abilities=IN_WORDS)
    agent = Agent(
        llm=llm, tools=[World().look_up], planner=ReWOO(max_steps=5), instructions="Be brief."
    )

    await agent.run("?")

    guide, asked = llm.requests[0].messages
    assert isinstance(guide, SystemMessage)
    assert guide.content.startswith("Be brief.\n\nFirst make a plan")
    assert '- look_up: Look a thing up. Arguments: {"name": {"type": "string"}' in guide.content
    assert "- ask_model: " in guide.content
    assert "at most 5 steps" in guide.content
    assert asked == UserMessage(content="?")
    assert llm.requests[0].output_schema is None
    assert "First make a plan" not in str(llm.requests[1].messages[0])


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


async def test_a_bad_plan_goes_back_with_its_faults_and_nothing_of_it_runs() -> None:
    world = World()
    bad = plan(step(1, "look_up", name="a"), step(2, "add", a="#E7", b="x"))
    llm = ScriptedLLM(bad, "I cannot.", plan(step(1, "look_up", name="b")), "done")

    assert (await make(world, llm).run("?")).output == "done"

    assert world.log == ["+b", "-b"]
    assert llm.requests[1].messages[-2:] == (
        AssistantMessage(content=bad),
        UserMessage(
            content="That plan cannot be carried out:\n"
            '- step E2, add: argument b must be integer, and is "x"\n'
            "- step E2 refers to E7, and there is no such step; the steps are: E1, E2\n"
            "Write the whole plan again."
        ),
    )
    assert llm.requests[2].messages[-2] == AssistantMessage(content="I cannot.")
    assert len(llm.requests[2].messages) == len(llm.requests[1].messages)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (plan(), "no steps"),
        (plan(*(step(n, "add", a=1, b=1) for n in range(1, 10_001))), "10000 steps: write at most"),
        (plan(step(1, "add", a="#E1", b=1)), "E1 refers to itself"),
        ("no plan", "no JSON"),
    ],
    ids=["empty", "endless", "itself", "prose"],
)
async def test_a_model_that_repeats_a_bad_plan_ends_in_an_error_that_says_why(
    text: str, reason: str
) -> None:
    llm = ScriptedLLM(text, text)

    with pytest.raises(PlanningError, match=reason) as caught:
        await make(World(), llm, ReWOO(max_plans=2)).run("?")

    assert "max_plans=2" in str(caught.value)
    assert [event.kind for event in caught.value.trajectory].count("thought") == 2


async def test_after_a_plan_that_was_cut_off_texts_are_bounded() -> None:
    cut = Completion(message=AssistantMessage(content='{"steps": [{"id"'), finish_reason="length")
    llm = ScriptedLLM(cut, plan(step(1, "look_up", name="a")), "done", abilities=CONSTRAINED)

    await make(World(), llm).run("?")

    assert '"maxLength": 200' not in json.dumps(llm.requests[0].output_schema)
    assert '"maxLength": 200' in json.dumps(llm.requests[1].output_schema)
    assert "It was cut off: write less." in str(llm.requests[1].messages[-1].content)


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


async def test_without_tools_the_model_is_asked_once() -> None:
    llm = ScriptedLLM("hello")

    assert (await Agent(llm=llm, planner=ReWOO()).run("hi")).output == "hello"


async def test_a_plan_is_bounded_by_the_budget() -> None:
    world = World()
    text = plan(*(step(n, "look_up", name=f"{n}") for n in range(1, 5)))
    agent = make(world, ScriptedLLM(text, "done"))

    with pytest.raises(StepLimitError, match="max_tool_calls=2") as caught:
        await agent.run("?", budget=Budget(max_tool_calls=2))

    assert [event.kind for event in caught.value.trajectory].count("acted") == 2


def test_wrong_options_are_the_developers_mistake() -> None:
    @tool
    def ask_model(x: int) -> int:
        """Clash."""
        return x

    with pytest.raises(ConfigurationError, match="max_steps is 0"):
        ReWOO(max_steps=0)
    with pytest.raises(ConfigurationError, match="max_plans is -1"):
        ReWOO(max_plans=-1)
    with pytest.raises(ConfigurationError, match="'ask_model'"):
        Agent(llm=ScriptedLLM(), tools=[ask_model], planner=ReWOO()).run_sync("?")


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
