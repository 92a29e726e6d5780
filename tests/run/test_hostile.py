"""What a hostile world, tool or planner does to a run: each was broken once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from agentcore import (
    Abilities,
    Agent,
    Answer,
    AssistantMessage,
    Budget,
    Completion,
    ConfigurationError,
    Decision,
    Event,
    LimitError,
    LLMRequest,
    MemoryJournal,
    ModelCalls,
    Run,
    RunError,
    StepLimitError,
    Task,
    ToolCall,
    ToolCrashError,
    ToolMessage,
    Usage,
    UserMessage,
    tool,
)
from agentcore.testing import FunctionLLM, Reply, ScriptedLLM, call

HELLO = [UserMessage(content="hello")]


def planned(body: Callable[[Run], Awaitable[object]], llm: FunctionLLM, **budget: float) -> Agent:
    class Planned:
        async def solve(self, task: Task, run: Run, /) -> Answer:
            await body(run)
            return await run.answer([*task.messages, AssistantMessage(content="done")])

    return Agent(planner=Planned(), llm=llm, budget=Budget.model_validate(budget))


async def test_a_tool_that_swallows_its_cancellation_does_not_keep_the_run_going() -> None:
    reached = asyncio.Event()

    @tool
    async def deaf() -> str:
        "Do not listen."
        reached.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "what?"
        return ""

    llm = FunctionLLM(lambda _: call("deaf"))
    task = asyncio.create_task(Agent(llm=llm, tools=[deaf]).run("go"))
    await reached.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(llm.requests) == 1


async def test_a_planner_that_swallows_the_end_of_its_time_has_no_answer() -> None:
    async def deaf(run: Run) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)

    with pytest.raises(LimitError, match=r"max_seconds=0\.02"):
        await planned(deaf, ScriptedLLM(), max_seconds=0.02).run("go")


async def test_an_answer_that_the_last_tokens_cut_off_is_not_called_answered() -> None:
    def reply(request: LLMRequest) -> Completion:
        wanted = request.sampling.max_tokens or 1000
        usage = Usage(steps=1, input_tokens=5, output_tokens=wanted)
        message = AssistantMessage(content="The capital of France is")
        return Completion(message=message, finish_reason="length", usage=usage)

    result = await Agent(llm=FunctionLLM(reply), budget=Budget(max_tokens=40)).run("Capital?")

    assert (result.finish, result.output) == ("tokens", "The capital of France is")


async def test_branches_do_not_mix_their_conversations() -> None:
    @tool
    async def secret(who: str) -> str:
        "Tell."
        if who == "B":
            await asyncio.sleep(0.001)
            raise ValueError("bug")
        return f"secret of {who}"

    def branch(who: str) -> Callable[[Run], Awaitable[object]]:
        async def ask(run: Run) -> object:
            reply = await run.think([UserMessage(content=who)], tools=run.tools)
            return await run.act(reply.message.tool_calls)

        return ask

    def reply(request: LLMRequest) -> Reply:
        return ToolCall(
            id="same", name="secret", arguments=f'{{"who": "{request.messages[-1].content}"}}'
        )

    class Both:
        async def solve(self, task: Task, run: Run, /) -> Answer:
            await run.all(branch("A"), branch("B"))
            return await run.answer(task.messages)

    with pytest.raises(ToolCrashError) as caught:
        await Agent(llm=FunctionLLM(reply), tools=[secret], planner=Both()).run("go")

    assert "secret of A" not in str(caught.value.messages)
    assert caught.value.messages[0] == UserMessage(content="B")


async def test_a_crash_that_the_planner_went_on_from_is_not_executed_again() -> None:
    attempts: list[str] = []

    @tool(effect="write")
    async def send(to: str) -> str:
        "Send."
        attempts.append(to)
        if to == "nobody":
            raise ValueError("no such person")
        return f"sent to {to}"

    async def body(run: Run) -> None:
        try:
            await run.act([call("send", to="nobody")])
        except ToolCrashError:
            await run.act([call("send", to="ann")])

    journal = MemoryJournal()
    agent = planned(body, ScriptedLLM())
    agent = Agent(llm=ScriptedLLM(), tools=[send], planner=agent.planner)
    await agent.run("go", journal=journal)
    cut = MemoryJournal([event for event in journal.events() if event.kind != "answered"])

    result = await agent.run("go", journal=cut)

    assert (result.finish, attempts) == ("answered", ["nobody", "ann"])


async def test_two_runs_on_one_journal_do_not_execute_a_write_twice() -> None:
    paid: list[str] = []

    @tool(effect="write", needs_approval=True)
    async def pay(to: str) -> str:
        "Pay."
        paid.append(to)
        await asyncio.sleep(0.001)
        return "ok"

    def reply(request: LLMRequest) -> Reply:
        return "Done" if isinstance(request.messages[-1], ToolMessage) else call("pay", to="Bob")

    agent, journal = Agent(llm=FunctionLLM(reply), tools=[pay]), MemoryJournal()
    await agent.run("go", journal=journal)
    decisions = {"act-1": Decision(kind="approve")}
    runs = [agent.run("go", journal=journal, decisions=decisions) for _ in range(2)]

    results = await asyncio.gather(*runs, return_exceptions=True)

    assert paid == ["Bob"]
    assert any(isinstance(result, ConfigurationError) for result in results)


async def test_a_child_tells_its_own_hook_and_its_bound_is_not_its_parents() -> None:
    seen: list[str] = []

    class Child(Agent):
        budget = Budget(max_steps=1)

        def on_event(self, event: Event, /) -> None:
            seen.append(event.key)

    class Twice:
        async def solve(self, task: Task, run: Run, /) -> Answer:
            await run.think(task.messages)
            return await run.answer(task.messages)

    child = Child(llm=ScriptedLLM("a"), planner=Twice())

    async def body(run: Run) -> None:
        await run.offer("mine")
        await run.child(child, "task")

    with pytest.raises(StepLimitError) as caught:
        await planned(body, ScriptedLLM()).run("go")

    assert caught.value.scope == "child-1/"
    assert seen == ["child-1/start", "child-1/think-1", "child-1/answer/think-1"]


@pytest.mark.parametrize("interruption", [SystemExit, KeyboardInterrupt])
def test_an_interruption_inside_a_run_reaches_its_caller_and_ends_nothing_else(
    interruption: type[BaseException],
) -> None:
    class Leaving(Agent):
        def validate_output(self, output: str, /) -> str:
            raise interruption("stop")

    with pytest.raises(interruption):
        Leaving(llm=ScriptedLLM("a")).run_sync("go")

    assert Agent(llm=ScriptedLLM("b")).run_sync("go").output == "b"


def test_sync_tools_that_wait_for_sync_tools_do_not_starve_each_other() -> None:
    @tool
    def leaf() -> str:
        "Leaf."
        return "x"

    def reply(request: LLMRequest) -> Reply:
        return "in" if isinstance(request.messages[-1], ToolMessage) else call("leaf")

    inner = Agent(llm=FunctionLLM(reply), tools=[leaf])

    @tool
    def branch() -> str:
        "Branch."
        return inner.run_sync("q").output

    many = tuple(call("branch") for _ in range(40))
    result = Agent(llm=ScriptedLLM(many, "done"), tools=[branch]).run_sync("go")

    assert result.output == "done"


async def test_a_sync_tool_that_never_ends_holds_nobody_up() -> None:
    never = threading.Event()

    @tool(timeout_s=0.01)
    def stuck() -> str:
        "Wait."
        never.wait(20)
        return ""

    llm = ScriptedLLM(tuple(call("stuck") for _ in range(40)), "done")
    result = await Agent(llm=llm, tools=[stuck]).run("go")
    never.set()

    assert result.output == "done"


async def test_a_model_is_asked_what_it_can_do_before_a_planner_is_chosen() -> None:
    class Late(FunctionLLM):
        async def probe(self, *, calls: ModelCalls | None = None) -> Abilities:
            return Abilities(tools=False)

    @tool
    def add(a: int) -> int:
        "Add."
        return a

    llm = Late(lambda _: '{"action": "final_answer", "answer": "5"}')
    journal = MemoryJournal()
    result = await Agent(llm=llm, tools=[add]).run("2 + 3?", journal=journal)
    again = await Agent(llm=FunctionLLM(lambda _: ""), tools=[add]).run("2 + 3?", journal=journal)

    assert result.output == again.output == "5"
    assert llm.requests[0].output_schema is not None


async def test_a_planner_that_ignores_the_end_of_its_time_is_ended() -> None:
    async def stubborn(run: Run) -> None:
        while True:
            with suppress(LimitError):
                await run.think(HELLO)

    with pytest.raises(RunError):
        await planned(
            stubborn, FunctionLLM(lambda _: "hi"), max_seconds=0.02, max_steps=10_000
        ).run("go")


async def test_an_interruption_in_a_branch_is_not_lost_in_a_race() -> None:
    async def leaving(run: Run) -> str:
        raise SystemExit(3)

    async def staying(run: Run) -> str:
        return (await run.think(HELLO)).text

    with pytest.raises(SystemExit):
        await planned(lambda run: run.race(leaving, staying), ScriptedLLM("hi")).run("go")
