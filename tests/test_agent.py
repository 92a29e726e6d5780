"""What people do with `Agent`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from agentcore import (
    Agent,
    ConfigurationError,
    Event,
    MemoryJournal,
    OutputParseError,
    RunContext,
    Sampling,
    SystemMessage,
    ToolContext,
    ToolMessage,
    dump_messages,
    load_messages,
    tool,
)
from agentcore.memory import Conversation
from agentcore.planners import ReAct, ToolCalling
from agentcore.testing import FunctionLLM, ScriptedLLM, call


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


class Book(BaseModel):
    title: str
    pages: int


async def test_a_typed_output_is_asked_for_by_schema_and_parsed() -> None:
    llm = ScriptedLLM('{"title": "Dune", "pages": 612}')

    result = await Agent[Book](llm=llm).run("A book?")

    assert result.output == Book(title="Dune", pages=612)
    assert llm.requests[0].output_schema == Book.model_json_schema()
    assert '"pages"' in system(llm)


async def test_an_invalid_output_is_asked_for_again_with_the_reason() -> None:
    llm = ScriptedLLM('{"title": "Dune", "pages": "many"}', '{"title": "Dune", "pages": 612}')

    result = await Agent[Book](llm=llm).run("A book?")

    assert result.output.pages == 612
    told = str(llm.requests[1].messages[-1].content)
    assert "pages" in told
    assert "many" in told


async def test_asking_again_is_bounded() -> None:
    llm = ScriptedLLM("no", "no", "no")

    with pytest.raises(OutputParseError) as caught:
        await Agent[Book](llm=llm, output_retries=2).run("A book?")

    assert (caught.value.text, len(llm.requests)) == ("no", 3)
    assert caught.value.messages


async def test_the_agents_own_check_of_the_output_is_told_to_the_model() -> None:
    class Short(Agent[Book]):
        def validate_output(self, output: Book, /) -> Book:
            if output.pages > 100:
                raise ValueError("too long: at most 100 pages")
            return output.model_copy(update={"title": output.title.upper()})

    llm = ScriptedLLM('{"title": "Dune", "pages": 612}', '{"title": "Emma", "pages": 99}')
    result = await Short(llm=llm).run("A book?")

    assert result.output == Book(title="EMMA", pages=99)
    assert "at most 100 pages" in str(llm.requests[1].messages[-1].content)


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


async def test_a_session_goes_on_and_others_do_not_see_it() -> None:
    llm = ScriptedLLM("Hello Ann.", "Ann.", "Who are you?")
    agent = Agent(llm=llm)
    await agent.run("I am Ann.", session="a")
    await agent.run("Who am I?", session="a")
    await agent.run("Who am I?", session="b")

    sent = [[str(item.content) for item in request.messages] for request in llm.requests]
    assert sent == [["I am Ann."], ["I am Ann.", "Hello Ann.", "Who am I?"], ["Who am I?"]]


async def test_a_failed_run_leaves_its_session_as_it_was() -> None:
    memory = Conversation()
    agent = Agent(llm=ScriptedLLM("fine", RuntimeError("cut")), memory=memory)
    await agent.run("one", session="s")
    before = await memory.history("s")

    with pytest.raises(RuntimeError):
        await agent.run("two", session="s")

    assert await memory.history("s") == before


async def test_a_resumed_run_is_added_to_its_session_once() -> None:
    memory, journal = Conversation(), MemoryJournal()
    for _ in range(3):
        llm = ScriptedLLM("hi") if not journal.events() else ScriptedLLM()
        await Agent(llm=llm, memory=memory).run("hello", session="s", journal=journal)

    assert len(await memory.history("s")) == 2


async def test_messages_of_a_result_are_stored_loaded_and_gone_on_from() -> None:
    first = await Agent(llm=ScriptedLLM(call("find", title="Dune"), "B7"), tools=[find]).run(
        "Dune?", deps=Library({"Dune": "B7"})
    )
    llm = ScriptedLLM("B7, as I said.")

    history = load_messages(dump_messages(first.messages))
    await Agent(llm=llm).run("Where?", history=history)

    assert history == first.messages
    assert llm.requests[0].messages[:-1] == first.messages


async def test_sampling_of_the_agent_reaches_the_model() -> None:
    class Cold(Agent):
        sampling = Sampling(temperature=0, seed=7)

    llm = ScriptedLLM("brr")
    await Cold(llm=llm).run("go")

    assert llm.requests[0].sampling == Sampling(temperature=0, seed=7)


def test_the_planner_follows_from_what_the_model_can_do() -> None:
    from agentcore import Abilities

    native, weak = ScriptedLLM(), ScriptedLLM(abilities=Abilities(tools=False))

    picked = [
        type(Agent(llm=llm, tools=tools)._engine.planner)  # pyright: ignore[reportPrivateUsage]
        for llm, tools in ((native, [find]), (weak, [find]), (weak, []))
    ]

    assert picked == [ToolCalling, ReAct, ToolCalling]


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

    with pytest.raises(ConfigurationError, match="Sloppy.solve returned '42'"):
        await Agent(llm=ScriptedLLM(), planner=Sloppy()).run("go")


async def test_a_closed_agent_does_not_run() -> None:
    async with Agent(llm=ScriptedLLM("hi")) as agent:
        await agent.run("go")
    await agent.aclose()

    with pytest.raises(ConfigurationError, match="closed"):
        await agent.run("go")


async def test_a_thousand_runs_of_one_agent_do_not_see_each_other() -> None:
    class Echo(Agent):
        @tool
        async def whoami(self, context: ToolContext[int]) -> int:
            "Tell."
            await asyncio.sleep(0)
            return context.deps

    def reply(request: Any) -> object:
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
