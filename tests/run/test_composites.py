"""What a model made of models costs, and where its calls are found."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from agentcore import (
    LLM,
    Abilities,
    Agent,
    Answer,
    AssistantMessage,
    Budget,
    Completion,
    ConfigurationError,
    LLMRequest,
    LLMTimeoutError,
    LLMUnavailableError,
    MemoryJournal,
    ModelCalls,
    Run,
    StepLimitError,
    Task,
    TextDelta,
    TokenLimitError,
    Usage,
    UserMessage,
)
from agentcore.brain import DirectCalls
from agentcore.events import Failed, Thought
from agentcore.interfaces import DeltaSink
from agentcore.testing import FunctionLLM, ScriptedLLM

Body = Callable[[LLMRequest, ModelCalls, DeltaSink | None], Awaitable[Completion]]
HELLO = LLMRequest(messages=(UserMessage(content="hello"),))


class Made:
    """A composite made of a function."""

    name = "made"
    abilities = Abilities()

    def __init__(self, body: Body) -> None:
        self.body = body

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        return await self.compose(request, DirectCalls(), on_delta=on_delta)

    async def compose(
        self, request: LLMRequest, calls: ModelCalls, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        return await self.body(request, calls, on_delta)

    async def aclose(self) -> None: ...


def in_turn(*llms: LLM) -> Made:
    """Ask each; the last one's answer counts, and errors do not."""

    async def body(
        request: LLMRequest, calls: ModelCalls, on_delta: DeltaSink | None
    ) -> Completion:
        answers: list[Completion] = []
        for llm in llms:
            try:
                answers.append(await calls.complete(llm, request, on_delta=on_delta))
            except LLMUnavailableError:
                continue
        return answers[-1]

    return Made(body)


def remembered(text: str) -> Made:
    """Ask nobody."""

    async def body(request: LLMRequest, calls: ModelCalls, _: DeltaSink | None) -> Completion:
        return Completion(message=AssistantMessage(content=text), usage=Usage(), is_cached=True)

    return Made(body)


async def test_each_inner_call_is_charged_and_recorded_under_its_own_key() -> None:
    llm = in_turn(ScriptedLLM("one"), ScriptedLLM(LLMUnavailableError("down")), ScriptedLLM("two"))

    result = await Agent(llm=llm).run("go")

    assert result.output == "two"
    found = [
        (event.key, event.kind, event.usage and event.usage.steps) for event in result.trajectory
    ]
    assert found == [
        ("start", "started", None),
        ("answer/think-1/llm-1", "thought", 1),
        ("answer/think-1/llm-2", "failed", 1),
        ("answer/think-1/llm-3", "thought", 1),
        ("answer/think-1", "thought", None),
        ("end", "answered", None),
    ]
    assert result.usage.steps == 3
    named = [event.llm for event in result.trajectory if isinstance(event, Thought)]
    assert named == ["scripted", "scripted", "made"]


async def test_a_composite_within_a_composite_nests_its_keys() -> None:
    llm = in_turn(in_turn(ScriptedLLM("inner")))

    result = await Agent(llm=llm).run("go")

    keys = [event.key for event in result.trajectory if event.kind == "thought"]
    assert keys == ["answer/think-1/llm-1/llm-1", "answer/think-1/llm-1", "answer/think-1"]
    assert result.usage.steps == 1


async def test_one_that_asks_nobody_is_charged_a_step_and_no_tokens() -> None:
    result = await Agent(llm=in_turn(remembered("known"))).run("go")

    assert (result.output, result.usage) == ("known", Usage(steps=1))


async def think_for_ever(run: Run) -> None:
    while True:
        await run.think(HELLO.messages)


def planned(body: Callable[[Run], Awaitable[object]], llm: LLM, **budget: float) -> Agent:
    class Planned:
        async def solve(self, task: Task, run: Run, /) -> Answer:
            await body(run)
            return await run.answer([*task.messages, AssistantMessage(content="done")])

    return Agent(planner=Planned(), llm=llm, budget=Budget.model_validate(budget))


async def test_a_planner_cannot_think_for_ever_with_answers_that_cost_nothing() -> None:
    with pytest.raises(StepLimitError, match="max_steps=5"):
        await planned(think_for_ever, remembered("known"), max_steps=5).run("go")


async def test_failing_without_asking_anybody_spends_the_budget_too() -> None:
    async def body(request: LLMRequest, calls: ModelCalls, _: DeltaSink | None) -> Completion:
        raise LLMUnavailableError("nobody there")

    async def stubborn(run: Run) -> None:
        while True:
            try:
                await run.think(HELLO.messages)
            except LLMUnavailableError:
                continue

    with pytest.raises(StepLimitError, match="max_steps=5"):
        await planned(stubborn, Made(body), max_steps=5).run("go")


async def test_side_by_side_calls_that_cost_nothing_do_not_overspend() -> None:
    async def ask(run: Run) -> str:
        return (await run.think(HELLO.messages)).text

    async def four(run: Run) -> None:
        await run.all(ask, ask, ask, ask)

    journal = MemoryJournal()
    with pytest.raises(StepLimitError):
        await planned(four, remembered("known"), max_steps=3).run("go", journal=journal)

    assert sum(event.usage.steps for event in journal.events() if event.usage) == 3


async def test_an_answer_that_costs_nothing_waits_for_a_step_that_is_reserved() -> None:
    async def ask(run: Run) -> str:
        return (await run.complete(FunctionLLM(lambda _: "paid", latency_s=0.001), HELLO)).text

    async def look_up(run: Run) -> str:
        return (await run.think(HELLO.messages)).text

    async def both(run: Run) -> None:
        assert await run.all(ask, look_up) == ("paid", "known")

    agent = planned(both, remembered("known"), max_steps=2)
    assert (await agent.run("go")).usage.steps == 2
    with pytest.raises(StepLimitError):
        await planned(both, remembered("known"), max_steps=1).run("go")


async def test_the_token_budget_bounds_each_inner_call() -> None:
    cut = Completion(message=AssistantMessage(content="half an"), finish_reason="length")
    small, large = FunctionLLM(lambda _: "x" * 40), FunctionLLM(lambda _: cut)

    budget = Budget(max_tokens=100, output_tokens=1000)
    result = await Agent(llm=in_turn(small, large), budget=budget).run("go")

    assert (result.output, result.finish) == ("half an", "tokens")
    bounds = [llm.requests[0].sampling.max_tokens for llm in (small, large)]
    assert all(bound is not None and bound < 100 for bound in bounds)


async def test_what_a_judge_was_cut_off_in_is_not_offered_as_the_answer() -> None:
    cut = Completion(message=AssistantMessage(content="I think th"), finish_reason="length")

    async def body(request: LLMRequest, calls: ModelCalls, _: DeltaSink | None) -> Completion:
        question = LLMRequest(messages=(UserMessage(content="which is better?"),))
        return await calls.complete(FunctionLLM(lambda _: cut), question)

    with pytest.raises(TokenLimitError):
        await Agent(llm=Made(body), budget=Budget(max_tokens=100)).run("go")


async def test_an_inner_call_that_takes_too_long_is_recorded_and_replayed() -> None:
    async def hang(_: LLMRequest) -> str:
        return await asyncio.get_running_loop().create_future()

    async def body(request: LLMRequest, calls: ModelCalls, _: DeltaSink | None) -> Completion:
        try:
            return await calls.complete(FunctionLLM(hang), request, timeout_s=0)
        except LLMTimeoutError:
            return await calls.complete(ScriptedLLM("in time"), request)

    journal = MemoryJournal()
    first = await Agent(llm=Made(body)).run("go", journal=journal)

    failed = [event for event in journal.events() if isinstance(event, Failed)]
    assert [(event.key, event.error) for event in failed] == [
        ("answer/think-1/llm-1", "LLMTimeoutError")
    ]
    assert first.output == "in time"
    assert (await Agent(llm=Made(body)).run("go", journal=journal)).output == "in time"


async def test_the_time_of_a_think_bounds_the_whole_composite() -> None:
    async def body(request: LLMRequest, calls: ModelCalls, _: DeltaSink | None) -> Completion:
        await calls.sleep(3600)
        raise AssertionError

    async def impatient(run: Run) -> None:
        with pytest.raises(LLMTimeoutError, match="made did not answer within timeout_s=0"):
            await run.think(HELLO.messages, timeout_s=0)

    assert (await planned(impatient, Made(body)).run("go")).output == "done"


async def test_text_streams_under_the_key_of_the_think() -> None:
    deltas = [
        (item.key, item.text)
        async for item in Agent(llm=in_turn(ScriptedLLM("so it is"))).stream("go")
        if isinstance(item, TextDelta)
    ]

    assert "".join(text for _, text in deltas) == "so it is"
    assert {key for key, _ in deltas} == {"answer/think-1"}


async def test_a_resumed_composite_does_not_ask_again_what_was_answered() -> None:
    journal = MemoryJournal()
    await Agent(llm=in_turn(ScriptedLLM("one"), ScriptedLLM("two"))).run("go", journal=journal)
    until = [event.key for event in journal.events()].index("answer/think-1/llm-1") + 1
    resumed = MemoryJournal(journal.events()[:until])

    never, second = ScriptedLLM(), ScriptedLLM("two")
    result = await Agent(llm=in_turn(never, second)).run("go", journal=resumed)

    assert (result.output, len(never.requests), len(second.requests)) == ("two", 0, 1)
    assert result.usage.steps == 2


async def test_a_composite_that_keeps_its_calls_for_another_task_is_told_so() -> None:
    async def body(request: LLMRequest, calls: ModelCalls, _: DeltaSink | None) -> Completion:
        return await asyncio.create_task(calls.complete(ScriptedLLM("x"), request))  # type: ignore[arg-type]

    with pytest.raises(ConfigurationError, match="not its own"):
        await Agent(llm=Made(body)).run("go")


async def test_a_planner_asks_a_second_model_through_the_run() -> None:
    judge = ScriptedLLM("good")

    async def body(run: Run) -> None:
        assert (await run.complete(judge, HELLO)).text == "good"

    result = await planned(body, ScriptedLLM()).run("go")

    assert [event.key for event in result.trajectory] == ["start", "llm-1", "end"]
    assert result.usage.steps == 1
