"""What is set on an agent: fixed once it is made, and refused at once where it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentcore import Agent, ConfigurationError, tool
from agentcore.planners import ReAct
from agentcore.testing import ScriptedLLM


@tool
def find(title: str) -> str:
    "Find a book."
    return title


@pytest.mark.parametrize("name", ["llm", "tools", "budget", "planner"])
def test_options_are_fixed_once_the_agent_is_made(name: str) -> None:
    agent = Agent(llm=ScriptedLLM())

    with pytest.raises(ConfigurationError, match="cannot be changed"):
        setattr(agent, name, None)


def test_an_attribute_of_a_subclass_can_be_set_once() -> None:
    class Owner(Agent):
        def __init__(self) -> None:
            super().__init__(llm=ScriptedLLM())
            self.books = ["Dune"]

    agent = Owner()

    with pytest.raises(ConfigurationError, match=r"Owner\.books cannot be changed"):
        agent.books = []
    assert agent.books == ["Dune"]


def make_wrong(**options: Any) -> Callable[[], object]:
    return lambda: Agent(**options)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (make_wrong(lm="x:y"), "no option 'lm': did you mean 'llm'"),
        (make_wrong(llm="opnai:gpt"), "did you mean 'openai'"),
        (make_wrong(llm="gpt-5"), "prefix"),
        (make_wrong(llm=ScriptedLLM), "give an object, not the class"),
        (make_wrong(llm=5), "cannot be used as llm"),
        (make_wrong(llm=ScriptedLLM(), planner=ReAct), "give an object, not the class"),
        (make_wrong(llm=ScriptedLLM(), budget=10), "cannot be used as budget"),
        (make_wrong(llm=ScriptedLLM(), memory="notes.db"), "cannot be used as memory"),
        (make_wrong(llm=ScriptedLLM(), tools=[find, find]), "find"),
        (make_wrong(llm=ScriptedLLM(), tools=["find"]), "find"),
    ],
)
def test_a_wrong_option_is_met_when_the_agent_is_made(
    make: Callable[[], object], reason: str
) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        make()


async def test_an_agent_without_a_model_says_how_to_give_one() -> None:
    with pytest.raises(ConfigurationError, match="set llm="):
        await Agent().run("go")


async def test_a_constructor_that_forgets_its_base_says_so() -> None:
    class Forgetful(Agent):
        def __init__(self) -> None:
            pass

    with pytest.raises(ConfigurationError, match=r"super\(\).__init__"):
        await Forgetful().run("go")


@pytest.mark.parametrize("task", ["", "   ", []])
async def test_an_empty_task_is_refused(task: object) -> None:
    with pytest.raises(ConfigurationError, match="empty"):
        await Agent(llm=ScriptedLLM()).run(task)


async def test_a_planner_that_returns_no_answer_is_refused() -> None:
    class Sloppy:
        async def solve(self, task: object, run: object, /) -> Any:
            return "42"

    with pytest.raises(ConfigurationError, match=r"Sloppy\.solve returned '42'"):
        await Agent(llm=ScriptedLLM(), planner=Sloppy()).run("go")


async def test_a_closed_agent_does_not_run() -> None:
    async with Agent(llm=ScriptedLLM("hi")) as agent:
        await agent.run("go")
    await agent.aclose()

    with pytest.raises(ConfigurationError, match="closed"):
        await agent.run("go")
