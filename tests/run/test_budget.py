"""Budgets: reserved before the call, shared with children, and what happens at the bound."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agentcore import (
    Agent,
    Answer,
    AssistantMessage,
    Budget,
    Completion,
    LimitError,
    LLMRequest,
    MemoryJournal,
    Run,
    Sampling,
    StepLimitError,
    Task,
    TimeLimitError,
    TokenLimitError,
    Usage,
    UserMessage,
    tool,
)
from agentcore.testing import FunctionLLM, ScriptedLLM, call

HELLO = [UserMessage(content="hello")]


def planned(body: Callable[[Run], Awaitable[object]], **options: Any) -> Agent:
    class Planned:
        async def solve(self, task: Task, run: Run, /) -> Answer:
            await body(run)
            return await run.answer([*task.messages, AssistantMessage(content="done")])

    return Agent(planner=Planned(), **options)


async def reply_later(request: LLMRequest) -> Completion:
    await asyncio.sleep(0.001)
    usage = Usage(steps=1, input_tokens=10, output_tokens=5)
    return Completion(message=AssistantMessage(content="hi"), usage=usage)


async def say_hello(run: Run) -> Completion:
    return await run.think(HELLO)


async def twenty(run: Run) -> None:
    await run.all(*[say_hello] * 20)


async def test_twenty_parallel_calls_cannot_overspend_the_steps() -> None:
    llm = FunctionLLM(reply_later)

    with pytest.raises(StepLimitError, match="max_steps=7") as caught:
        await planned(twenty, llm=llm, budget=Budget(max_steps=7)).run("go")

    assert len(llm.requests) == 7
    assert caught.value.limit == "steps"


async def test_twenty_parallel_calls_cannot_overspend_the_tokens() -> None:
    spent: list[int] = []

    async def reply(request: LLMRequest) -> Completion:
        await asyncio.sleep(0.001)
        usage = Usage(input_tokens=6, output_tokens=request.sampling.max_tokens or 0)
        spent.append(usage.tokens)
        message = AssistantMessage(content="hi")
        return Completion(message=message, usage=usage, finish_reason="length")

    budget = Budget(max_tokens=100, output_tokens=9, at_limit="raise")
    with pytest.raises(TokenLimitError):
        await planned(twenty, llm=FunctionLLM(reply), budget=budget).run("go")

    assert 90 < sum(spent) <= 100


async def test_a_reservation_waits_for_those_in_flight_before_it_is_refused() -> None:
    async def four(run: Run) -> None:
        await run.all(*[say_hello] * 4)

    llm, budget = FunctionLLM(reply_later), Budget(max_tokens=120, output_tokens=40)

    result = await planned(four, llm=llm, budget=budget).run("go")

    assert result.usage == Usage(steps=4, input_tokens=40, output_tokens=20)


async def test_under_a_token_budget_each_call_is_told_how_much_it_may_write() -> None:
    llm = FunctionLLM(reply_later)

    await planned(
        lambda run: run.think(HELLO, sampling=Sampling(max_tokens=9)),
        llm=llm,
        budget=Budget(max_tokens=1000),
    ).run("go")
    await planned(say_hello, llm=llm, budget=Budget(max_tokens=1000)).run("go")
    await planned(say_hello, llm=llm).run("go")

    assert llm.requests[0].sampling.max_tokens == 9
    assert 900 < (llm.requests[1].sampling.max_tokens or 0) < 1000
    assert llm.requests[2].sampling.max_tokens is None


async def test_tool_calls_are_bounded() -> None:
    done: list[int] = []

    @tool
    async def work(n: int) -> str:
        "Work."
        done.append(n)
        return "ok"

    llm = ScriptedLLM(tuple(call("work", n=n) for n in range(5)))

    with pytest.raises(StepLimitError, match="max_tool_calls=3") as caught:
        await Agent(llm=llm, tools=[work], budget=Budget(max_tool_calls=3)).run("go")

    assert caught.value.limit == "tool_calls"
    assert done == [0, 1, 2]


async def test_at_the_bound_the_best_offer_is_the_output() -> None:
    async def body(run: Run) -> None:
        for score, text in ((0.2, "poor"), (0.9, "good"), (0.5, "fair")):
            await run.offer(text, score=score)
        while True:
            await run.think(HELLO)

    result = await planned(body, llm=FunctionLLM(reply_later), budget=Budget(max_steps=3)).run("go")

    assert (result.output, result.finish, result.usage.steps) == ("good", "steps", 3)
    assert result.messages[-1] == AssistantMessage(content="good")


async def test_of_offers_with_one_score_the_latest_is_the_output() -> None:
    async def body(run: Run) -> None:
        for score, text in ((0.5, "first"), (0.5, "second"), (0.1, "worse")):
            await run.offer(text, score=score)
        await twenty(run)

    result = await planned(body, llm=FunctionLLM(reply_later), budget=Budget(max_steps=3)).run("go")

    assert result.output == "second"


async def test_an_offer_that_is_not_of_the_output_type_is_no_answer() -> None:
    class Endless:
        async def solve(self, task: Task, run: Run, /) -> Answer:
            await run.offer("7", score=0.1)
            await run.offer("a lot", score=0.9)
            while True:
                await run.think(HELLO)

    agent = Agent[int](llm=FunctionLLM(reply_later), planner=Endless(), budget=Budget(max_steps=2))

    assert (await agent.run("go")).output == 7


async def test_the_user_can_choose_the_error_instead_of_the_offer() -> None:
    async def body(run: Run) -> None:
        await run.offer("good")
        await run.think(HELLO)
        await run.think(HELLO)

    agent = planned(body, llm=FunctionLLM(reply_later))

    with pytest.raises(StepLimitError) as caught:
        await agent.run("go", budget=Budget(max_steps=1, at_limit="raise"))

    assert [event.kind for event in caught.value.trajectory][-2:] == ["thought", "failed"]
    assert caught.value.messages[-1] == UserMessage(content="hello")


async def test_a_run_that_hit_its_steps_goes_on_with_a_larger_budget() -> None:
    async def body(run: Run) -> None:
        for _ in range(5):
            await run.think(HELLO)

    llm, journal = FunctionLLM(reply_later), MemoryJournal()
    agent = planned(body, llm=llm)
    with pytest.raises(StepLimitError):
        await agent.run("go", journal=journal, budget=Budget(max_steps=3))

    result = await agent.run("go", journal=journal, budget=Budget(max_steps=5))

    assert (result.output, result.usage.steps, len(llm.requests)) == ("done", 5, 5)


async def test_a_limited_run_replays_to_the_same_answer() -> None:
    async def body(run: Run) -> None:
        await run.offer("so far")
        await asyncio.sleep(30)

    journal = MemoryJournal()
    agent = planned(body, llm=ScriptedLLM(), budget=Budget(max_seconds=0.02))
    first = await agent.run("go", journal=journal)
    assert (first.output, first.finish) == ("so far", "seconds")


async def test_seconds_end_a_run_that_hangs() -> None:
    @tool
    async def hang() -> str:
        "Hang."
        await asyncio.sleep(30)
        return ""

    agent = Agent(llm=ScriptedLLM(call("hang")), tools=[hang], budget=Budget(max_seconds=0.02))

    with pytest.raises(TimeLimitError, match=r"max_seconds=0.02") as caught:
        await agent.run("go")

    assert caught.value.messages[-1].role == "tool"


async def test_a_child_spends_the_budget_of_its_parent() -> None:
    llm = FunctionLLM(reply_later)

    async def greedy(run: Run) -> None:
        for _ in range(10):
            await run.think(HELLO)

    async def body(run: Run) -> None:
        await run.think(HELLO)
        await run.child(planned(greedy, llm=llm), "child")

    with pytest.raises(LimitError, match="max_steps=4"):
        await planned(body, llm=llm, budget=Budget(max_steps=4)).run("go")

    assert len(llm.requests) == 4


async def test_a_child_keeps_to_its_own_budget_and_the_parent_goes_on() -> None:
    llm, kept = FunctionLLM(reply_later), list[str]()

    async def greedy(run: Run) -> None:
        await run.offer("half done")
        for _ in range(10):
            await run.think(HELLO)

    async def body(run: Run) -> None:
        child = planned(greedy, llm=llm, budget=Budget(max_steps=2))
        result = await run.child(child, "child")
        kept.extend((result.output, result.finish))
        await run.think(HELLO)

    journal = MemoryJournal()
    agent = planned(body, llm=llm)
    first = await agent.run("go", journal=journal)
    again = await agent.run("go", journal=journal)

    assert kept == ["half done", "steps"] * 2
    assert (first.usage, again.usage, len(llm.requests)) == (
        Usage(steps=3, input_tokens=30, output_tokens=15),
    ) * 2 + (3,)


@pytest.mark.parametrize("wrong", [{"max_steps": 0}, {"max_tokens": -1}, {"max_seconds": 0}])
def test_a_budget_that_allows_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="greater than"):
        Budget(**wrong)
