from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from agentcore import Agent, ConfigurationError, LLMRequest, LLMUnavailableError, ToolContext, tool
from agentcore.testing import FunctionLLM, ScriptedLLM, call


def text_of(request: LLMRequest) -> str:
    return str(request.messages[-1].content)


def echo(request: LLMRequest) -> str:
    if "fail" in text_of(request):
        raise LLMUnavailableError("no answer")
    return text_of(request).upper()


async def let_others_work() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


class Counter:
    """Counts how many answers are being written at once; none ends before so many have begun."""

    def __init__(self, together: int) -> None:
        self.barrier = asyncio.Barrier(together)
        self.now = 0
        self.most = 0

    async def reply(self, request: LLMRequest) -> str:
        self.now += 1
        self.most = max(self.most, self.now)
        await self.barrier.wait()
        self.now -= 1
        return text_of(request)


async def test_each_task_gives_one_item_that_names_it() -> None:
    items = [item async for item in Agent(llm=FunctionLLM(echo)).map(["a", "b", "c"])]

    found = {item.index: (item.task, item.result.output if item.result else None) for item in items}
    assert found == {0: ("a", "A"), 1: ("b", "B"), 2: ("c", "C")}
    assert all(item.error is None for item in items)


async def test_a_task_that_fails_is_an_item_and_the_others_go_on() -> None:
    items = [item async for item in Agent(llm=FunctionLLM(echo)).map(["a", "fail", "c"])]

    (failed,) = (item for item in items if item.error is not None)
    assert (failed.index, failed.result) == (1, None)
    assert isinstance(failed.error, LLMUnavailableError)
    assert [event.kind for event in failed.error.trajectory] == ["started", "failed"]
    assert sorted(item.result.output for item in items if item.result) == ["A", "C"]


async def test_an_empty_task_is_an_item_with_its_error() -> None:
    items = [item async for item in Agent(llm=FunctionLLM(echo)).map(["", "b"])]

    assert {item.index: type(item.error) for item in items} == {
        0: ConfigurationError,
        1: type(None),
    }


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_as_many_runs_as_allowed_and_no_more_are_under_way_at_once(concurrency: int) -> None:
    counter = Counter(concurrency)
    agent = Agent(llm=FunctionLLM(counter.reply))

    async with asyncio.timeout(5):
        items = [item async for item in agent.map(map(str, range(9)), concurrency=concurrency)]

    assert len(items) == 9
    assert counter.most == concurrency


@pytest.mark.parametrize("concurrency", [0, -1])
async def test_no_concurrency_at_all_is_the_developers_mistake(concurrency: int) -> None:
    with pytest.raises(ConfigurationError, match=f"concurrency is {concurrency}"):
        await anext(Agent(llm=FunctionLLM(echo)).map(["a"], concurrency=concurrency))


async def test_no_tasks_give_no_items() -> None:
    assert [item async for item in Agent(llm=FunctionLLM(echo)).map([])] == []


async def test_tasks_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def tasks() -> Iterator[str]:
        for number in range(1000):
            taken.append(number)
            yield str(number)

    items = Agent(llm=FunctionLLM(echo)).map(tasks(), concurrency=2)
    await anext(items)

    assert len(taken) <= 2


async def test_results_come_while_the_next_task_is_waited_for() -> None:
    answered = asyncio.Event()

    async def tasks() -> AsyncIterator[str]:
        yield "first"
        await answered.wait()
        yield "second"

    outputs: list[str] = []
    async with asyncio.timeout(5):
        async for item in Agent(llm=FunctionLLM(echo)).map(tasks(), concurrency=8):
            assert item.result is not None
            outputs.append(item.result.output)
            answered.set()

    assert outputs == ["FIRST", "SECOND"]


async def test_faster_results_come_first() -> None:
    released = asyncio.Event()

    async def reply(request: LLMRequest) -> str:
        if text_of(request) == "slow":
            await released.wait()
        return text_of(request)

    outputs: list[object] = []
    async with asyncio.timeout(5):
        async for item in Agent(llm=FunctionLLM(reply)).map(["slow", "fast"]):
            outputs.append(item.task)
            released.set()

    assert outputs == ["fast", "slow"]


async def test_leaving_the_loop_early_cancels_what_runs() -> None:
    cancelled: list[str] = []

    async def reply(request: LLMRequest) -> str:
        if text_of(request) == "quick":
            return "done"
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(text_of(request))
            raise
        return "never"

    async for _ in Agent(llm=FunctionLLM(reply)).map(["slow", "slower", "quick"]):
        break
    await let_others_work()

    assert sorted(cancelled) == ["slow", "slower"]


async def test_leaving_the_loop_early_stops_waiting_for_the_next_task() -> None:
    closed: list[bool] = []

    async def tasks() -> AsyncIterator[str]:
        try:
            yield "a"
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    async with asyncio.timeout(5):
        async for _ in Agent(llm=FunctionLLM(echo)).map(tasks()):
            break
    await let_others_work()

    assert closed == [True]


async def test_an_error_of_the_source_ends_the_map_and_cancels_what_runs() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def reply(request: LLMRequest) -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return "never"

    async def tasks() -> AsyncIterator[str]:
        yield "a"
        await begun.wait()
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        _ = [item async for item in Agent(llm=FunctionLLM(reply)).map(tasks())]

    assert cancelled.is_set()


async def test_every_run_sees_the_deps() -> None:
    @tool
    def whoami(context: ToolContext[str]) -> str:
        """Tell the user's name."""
        return context.deps

    llm = ScriptedLLM(call("whoami"), "done")
    agent = Agent(llm=llm, tools=[whoami])

    _ = [item async for item in agent.map(["who?"], deps="Ann")]

    assert llm.requests[1].messages[-1].content == "Ann"
