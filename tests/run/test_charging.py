"""What a model call is charged, whatever the model reports of itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from agentcore import (
    Agent,
    Answer,
    AssistantMessage,
    Budget,
    Completion,
    Decision,
    LimitError,
    LLMUnavailableError,
    MemoryJournal,
    Run,
    RunError,
    StepLimitError,
    Task,
    ToolContext,
    Usage,
    UserMessage,
    tool,
)
from agentcore.testing import FunctionLLM, ScriptedLLM, call

HELLO = [UserMessage(content="hello")]


def planned(body: Callable[[Run], Awaitable[object]], llm: FunctionLLM, **budget: float) -> Agent:
    class Planned:
        async def solve(self, task: Task, run: Run, /) -> Answer:
            await body(run)
            return await run.answer([*task.messages, AssistantMessage(content="done")])

    return Agent(planner=Planned(), llm=llm, budget=Budget.model_validate(budget))


def reporting(usage: Usage) -> FunctionLLM:
    message = AssistantMessage(content="hi")
    return FunctionLLM(lambda _: Completion(message=message, usage=usage))


async def for_ever(run: Run) -> None:
    while True:
        await run.think(HELLO)


async def test_a_model_that_reports_no_steps_is_charged_one_each() -> None:
    llm = reporting(Usage(input_tokens=1, output_tokens=1))

    with pytest.raises(StepLimitError):
        await planned(for_ever, llm, max_steps=3).run("go")

    assert len(llm.requests) == 3


async def test_a_model_that_reports_no_tokens_is_charged_the_estimate() -> None:
    llm = reporting(Usage())

    with pytest.raises(LimitError, match="tokens"):
        await planned(for_ever, llm, max_steps=1000, max_tokens=100).run("go")

    assert len(llm.requests) < 20


async def test_calls_that_fail_spend_the_budget_too() -> None:
    async def stubborn(run: Run) -> None:
        while True:
            try:
                await run.think(HELLO)
            except LLMUnavailableError:
                continue

    llm = FunctionLLM(lambda _: LLMUnavailableError("down"))

    with pytest.raises(LimitError):
        await planned(stubborn, llm, max_steps=1000, max_tokens=100).run("go")

    assert len(llm.requests) < 20


async def test_a_planner_that_ignores_its_bound_for_ever_is_ended() -> None:
    async def stubborn(run: Run) -> None:
        while True:
            try:
                await run.think(HELLO)
            except LimitError:
                continue

    with pytest.raises(RunError, match="went on 100 times"):
        await planned(stubborn, reporting(Usage()), max_steps=2).run("go")


async def test_a_pause_does_not_charge_what_it_cut_off_again() -> None:
    @tool
    async def outer(context: ToolContext[None]) -> str:
        "Ask inside."
        return await context.run.ask("Who?")

    journal = MemoryJournal()
    agent = Agent(llm=ScriptedLLM(call("outer"), "done"), tools=[outer])
    for _ in range(3):
        paused = await agent.run("go", journal=journal)
        assert [item.key for item in paused.pending] == ["act-1/ask-1"]

    answer = {"act-1/ask-1": Decision(kind="answer", text="Ann")}
    result = await agent.run("go", journal=journal, decisions=answer)

    assert (result.output, result.usage.tool_calls, result.usage.steps) == ("done", 1, 2)
