"""What a journal remembers, what is tried again, and what diverges."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from agentcore import (
    Agent,
    Answer,
    AssistantMessage,
    DivergenceError,
    LLMRequest,
    LLMUnavailableError,
    MemoryJournal,
    Run,
    Task,
    UserMessage,
)
from agentcore.events import Failed, Resumed, Settled
from agentcore.testing import FunctionLLM, ScriptedLLM


@dataclass(frozen=True)
class Plan:
    """A planner made of a function."""

    body: Callable[[Run], Awaitable[str]]

    async def solve(self, task: Task, run: Run, /) -> Answer:
        text = await self.body(run)
        return await run.answer([*task.messages, AssistantMessage(content=text)])


async def ask(run: Run, text: str) -> str:
    return (await run.think([UserMessage(content=text)])).text


def last(request: LLMRequest) -> str:
    return str(request.messages[-1].content)


def outage(request: LLMRequest) -> Exception | str:
    return LLMUnavailableError("down") if "b" in last(request) else last(request).upper()


def asking(*texts: str) -> Plan:
    async def body(run: Run) -> str:
        return " ".join([await ask(run, text) for text in texts])

    return Plan(body)


async def test_a_failure_that_ended_the_run_is_tried_again() -> None:
    journal, plan = MemoryJournal(), asking("a", "b")
    with pytest.raises(LLMUnavailableError):
        await Agent(llm=FunctionLLM(outage), planner=plan).run("go", journal=journal)
    healthy = FunctionLLM(last)

    result = await Agent(llm=healthy, planner=plan).run("go", journal=journal)

    assert result.output == "A b"
    assert [last(request) for request in healthy.requests] == ["b"]
    resumed = [event for event in journal.events() if isinstance(event, Resumed)]
    failed = [event for event in journal.events() if isinstance(event, Failed)]
    assert [event.dropped for event in resumed] == [tuple(event.seq for event in failed)]


async def test_a_failure_that_the_planner_went_on_from_is_kept() -> None:
    async def body(run: Run) -> str:
        try:
            return await ask(run, "b")
        except LLMUnavailableError as error:
            return f"{error}, so {await ask(run, 'a')}"

    journal = MemoryJournal()
    first = await Agent(llm=FunctionLLM(outage), planner=Plan(body)).run("go", journal=journal)

    again = await Agent(llm=ScriptedLLM(), planner=Plan(body)).run("go", journal=journal)

    assert first.output == again.output == "down, so A"


async def test_a_failure_beside_which_another_branch_went_on_is_tried_again() -> None:
    async def slow(run: Run) -> str:
        return await ask(run, "a") + await ask(run, "c")

    async def body(run: Run) -> str:
        return " ".join(await run.all(slow, lambda run: ask(run, "b")))

    journal = MemoryJournal()
    with pytest.raises(LLMUnavailableError):
        await Agent(llm=FunctionLLM(outage), planner=Plan(body)).run("go", journal=journal)

    result = await Agent(llm=FunctionLLM(last), planner=Plan(body)).run("go", journal=journal)

    assert result.output == "AC b"


async def test_a_replay_does_not_start_the_branches_that_a_failure_discarded() -> None:
    started: list[str] = []

    async def slow(run: Run) -> str:
        started.append("slow")
        return await ask(run, "a") + await ask(run, "c")

    async def body(run: Run) -> str:
        try:
            await run.all(lambda run: ask(run, "b"), slow)
        except LLMUnavailableError:
            return await ask(run, "d")
        return "no failure"

    journal = MemoryJournal()
    await Agent(llm=FunctionLLM(outage), planner=Plan(body)).run("go", journal=journal)
    settled = next(event for event in journal.events() if isinstance(event, Settled))
    started.clear()

    again = await Agent(llm=ScriptedLLM(), planner=Plan(body)).run("go", journal=journal)

    assert (again.output, started) == ("D", [])
    assert (settled.failed, settled.discarded) == ("0", ("1",))


async def test_a_replay_starts_the_winner_of_a_race_only() -> None:
    started: list[str] = []

    def racer(name: str, steps: int) -> Callable[[Run], Awaitable[str]]:
        async def branch(run: Run) -> str:
            started.append(name)
            return [await ask(run, f"{name}{step}") for step in range(steps)][-1]

        return branch

    async def body(run: Run) -> str:
        return await run.race(racer("slow", 5), racer("fast", 1))

    async def reply(request: LLMRequest) -> str:
        await asyncio.sleep(0)
        return last(request)

    journal = MemoryJournal()
    first = await Agent(llm=FunctionLLM(reply), planner=Plan(body)).run("go", journal=journal)
    started.clear()

    again = await Agent(llm=ScriptedLLM(), planner=Plan(body)).run("go", journal=journal)

    assert (first.output, again.output, started) == ("fast0", "fast0", ["fast"])


async def test_a_race_that_all_lose_raises_the_error_of_the_first_branch() -> None:
    async def body(run: Run) -> str:
        return await run.race(lambda run: ask(run, "b1"), lambda run: ask(run, "b2"))

    llm = FunctionLLM(lambda request: LLMUnavailableError(last(request)))

    with pytest.raises(LLMUnavailableError, match="b1"):
        await Agent(llm=llm, planner=Plan(body)).run("go")


async def test_a_planner_that_asks_something_else_diverges() -> None:
    journal = MemoryJournal()
    await Agent(llm=ScriptedLLM("A"), planner=asking("a")).run("go", journal=journal)

    with pytest.raises(DivergenceError, match="'think-1'") as caught:
        await Agent(llm=ScriptedLLM(), planner=asking("other")).run("go", journal=journal)

    assert caught.value.trajectory == journal.events()


async def test_a_planner_that_asks_more_than_was_recorded_diverges() -> None:
    journal = MemoryJournal()
    await Agent(llm=ScriptedLLM("A"), planner=asking("a")).run("go", journal=journal)

    with pytest.raises(DivergenceError, match="'think-2' was never recorded"):
        await Agent(llm=ScriptedLLM("B"), planner=asking("a", "b")).run("go", journal=journal)


async def test_another_task_on_the_same_journal_diverges() -> None:
    journal = MemoryJournal()
    await Agent(llm=ScriptedLLM("A")).run("one", journal=journal)

    with pytest.raises(DivergenceError, match="'start'"):
        await Agent(llm=ScriptedLLM("B")).run("two", journal=journal)


async def test_keys_are_scope_and_counter() -> None:
    async def body(run: Run) -> str:
        plan = run.scope("plan")
        await ask(plan.scope("step"), "1")
        await ask(plan.scope("step"), "2")
        return await ask(run, "3")

    result = await Agent(llm=FunctionLLM(last), planner=Plan(body)).run("go")

    keys = [event.key for event in result.trajectory]
    assert keys == ["start", "plan/step/think-1", "plan/step-2/think-1", "think-1", "end"]


async def test_time_and_chance_are_the_same_on_replay() -> None:
    async def body(run: Run) -> str:
        return f"{await run.now()} {await run.random()}"

    journal = MemoryJournal()
    first = await Agent(llm=ScriptedLLM(), planner=Plan(body)).run("go", journal=journal)

    again = await Agent(llm=ScriptedLLM(), planner=Plan(body)).run("go", journal=journal)

    assert first.output == again.output
