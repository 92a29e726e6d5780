"""How ReWOO has its plan made."""

from __future__ import annotations

import json

import pytest

from agentcore import (
    Agent,
    AssistantMessage,
    Completion,
    ConfigurationError,
    PlanningError,
    SystemMessage,
    UserMessage,
    tool,
)
from agentcore.planners import ReWOO
from agentcore.testing import ScriptedLLM
from tests.planners.planned import CONSTRAINED, IN_WORDS, World, make, plan, step


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


async def test_of_an_endless_plan_only_the_beginning_is_sent_back() -> None:
    endless = plan(*(step(n, "add", a=1, b=1) for n in range(1, 10_001)))
    llm = ScriptedLLM(endless, plan(step(1, "add", a=1, b=1)), "2")

    await make(World(), llm).run("?")

    assert llm.requests[1].messages[-2] == AssistantMessage(content=endless[:8000])


async def test_after_a_plan_that_was_cut_off_texts_are_bounded() -> None:
    cut = Completion(message=AssistantMessage(content='{"steps": [{"id"'), finish_reason="length")
    llm = ScriptedLLM(cut, plan(step(1, "look_up", name="a")), "done", abilities=CONSTRAINED)

    await make(World(), llm).run("?")

    assert '"maxLength": 200' not in json.dumps(llm.requests[0].output_schema)
    assert '"maxLength": 200' in json.dumps(llm.requests[1].output_schema)
    assert "It was cut off: write less." in str(llm.requests[1].messages[-1].content)


async def test_without_tools_the_model_is_asked_once() -> None:
    llm = ScriptedLLM("hello")

    assert (await Agent(llm=llm, planner=ReWOO()).run("hi")).output == "hello"


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
