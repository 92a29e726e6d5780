"""What people do with `Agent`."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

import pytest

from agentcore import (
    Abilities,
    Agent,
    ConfigurationError,
    Event,
    LLMRequest,
    MemoryJournal,
    RunContext,
    Sampling,
    SystemMessage,
    ToolContext,
    ToolMessage,
    tool,
)
from agentcore.planners import ReAct, ToolCalling
from agentcore.testing import FunctionLLM, Reply, ScriptedLLM, call


def system(llm: FunctionLLM, request: int = 0) -> str:
    first = llm.requests[request].messages[0]
    assert isinstance(first, SystemMessage)
    return first.content


async def test_instructions_come_from_the_docstring() -> None:
    class Poet(Agent):
        """You write poems.

        Short ones.
        """

    llm = ScriptedLLM("ode")
    await Poet(llm=llm).run("go")

    assert system(llm) == "You write poems.\n\nShort ones."


async def test_instructions_come_from_a_class_attribute_before_the_docstring() -> None:
    class Poet(Agent):
        """Not this."""

        instructions = "You write poems."

    llm = ScriptedLLM("ode")
    await Poet(llm=llm).run("go")

    assert system(llm) == "You write poems."


async def test_instructions_given_to_the_constructor_come_first() -> None:
    class Poet(Agent):
        instructions = "Not this."

    llm = ScriptedLLM("ode")
    await Poet(llm=llm, instructions="You write poems.").run("go")

    assert system(llm) == "You write poems."


async def test_instructions_are_computed_for_each_run() -> None:
    class Counting(Agent):
        async def instructions(self, context: RunContext) -> str:
            return f"Task {context.task!r} for {context.deps} in {context.session}"

    llm = ScriptedLLM("1", "2")
    agent = Counting(llm=llm)
    await agent.run("one", deps="Ann")
    await agent.run("two", session="s")

    assert system(llm) == "Task 'one' for Ann in None"
    assert system(llm, 1) == "Task 'two' for None in s"


async def test_instructions_can_be_a_method_without_context() -> None:
    class Plain(Agent):
        def instructions(self) -> str:
            return "Be plain."

    llm = ScriptedLLM("yes")
    await Plain(llm=llm).run("go")

    assert system(llm) == "Be plain."


async def test_an_agent_without_instructions_sends_no_system_message() -> None:
    llm = ScriptedLLM("yes")
    await Agent(llm=llm).run("go")

    assert [message.role for message in llm.requests[0].messages] == ["user"]


async def test_every_event_reaches_the_hook_of_the_class() -> None:
    seen: list[str] = []

    class Watched(Agent):
        def on_event(self, event: Event, /) -> None:
            seen.append(event.key)

    result = await Watched(llm=ScriptedLLM("hi")).run("go")

    assert seen == [event.key for event in result.trajectory] == ["start", "answer/think-1", "end"]


@dataclass
class Library:
    books: dict[str, str]


@tool
def find(title: str, context: ToolContext[Library]) -> str:
    "Find a book."
    return context.deps.books[title]


async def test_tools_see_the_deps_of_the_run_and_the_schema_does_not() -> None:
    llm = ScriptedLLM(call("find", title="Dune"), "B7")
    result = await Agent(llm=llm, tools=[find]).run("Dune?", deps=Library({"Dune": "B7"}))

    assert result.output == "B7"
    assert list(llm.requests[0].tools[0].parameters["properties"]) == ["title"]  # type: ignore[arg-type]
    assert isinstance(seen := llm.requests[1].messages[-1], ToolMessage)
    assert seen.content == "B7"


async def test_deps_of_another_type_are_the_developers_mistake() -> None:
    agent = Agent(llm=ScriptedLLM(call("find", title="Dune")), tools=[find])

    with pytest.raises(ConfigurationError, match="Library"):
        await agent.run("Dune?", deps="not a library")


async def test_sampling_of_the_agent_reaches_the_model() -> None:
    class Cold(Agent):
        sampling = Sampling(temperature=0, seed=7)

    llm = ScriptedLLM("brr")
    await Cold(llm=llm).run("go")

    assert llm.requests[0].sampling == Sampling(temperature=0, seed=7)


def test_the_planner_follows_from_what_the_model_can_do() -> None:
    native, weak = ScriptedLLM(), ScriptedLLM(abilities=Abilities(tools=False))

    picked = [
        type(Agent(llm=llm, tools=tools)._engine.planner_for(llm.abilities))  # pyright: ignore[reportPrivateUsage]
        for llm, tools in ((native, [find]), (weak, [find]), (weak, []))
    ]

    assert picked == [ToolCalling, ReAct, ToolCalling]


async def test_a_thousand_runs_of_one_agent_do_not_see_each_other() -> None:
    class Echo(Agent):
        @tool
        async def whoami(self, context: ToolContext[int]) -> int:
            "Tell."
            await asyncio.sleep(0)
            return context.deps

    def reply(request: LLMRequest) -> Reply:
        last = request.messages[-1]
        if isinstance(last, ToolMessage):
            return f"{request.messages[-3].content}={last.content}"
        return call("whoami")

    agent = Echo(llm=FunctionLLM(reply, latency_s=0.001))
    results = await asyncio.gather(*[agent.run(f"{n}", deps=n) for n in range(1000)])

    assert [result.output for result in results] == [f"{n}={n}" for n in range(1000)]
    assert {result.usage.steps for result in results} == {2}
    assert {len(result.trajectory) for result in results} == {5}


async def test_a_child_agent_works_within_the_run_of_its_parent() -> None:
    child_llm = ScriptedLLM("a summary")
    child = Agent(llm=child_llm, instructions="You summarise.")

    @tool
    async def summarise(text: str, context: ToolContext[None]) -> str:
        "Summarise."
        return (await context.run.child(child, text)).output

    journal = MemoryJournal()
    llm = ScriptedLLM(call("summarise", text="long"), "done")
    result = await Agent(llm=llm, tools=[summarise]).run("go", journal=journal)

    assert [event.key for event in result.trajectory] == [
        "start",
        "think-1",
        "act-1/child-1/start",
        "act-1/child-1/answer/think-1",
        "act-1/child-1/end",
        "act-1",
        "think-2",
        "end",
    ]
    assert result.usage.steps == 3
    assert isinstance(seen := llm.requests[1].messages[-1], ToolMessage)
    assert seen.content == "a summary"


async def test_log_records_carry_the_run_id_and_no_content(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="agentcore")
    result = await Agent(llm=ScriptedLLM("secret answer")).run("secret task")

    ids = {getattr(record, "run_id", None) for record in caplog.records}
    assert ids == {result.run_id}
    assert "secret" not in caplog.text
