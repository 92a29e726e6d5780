"""Requests wait for their minute in the order in which they came; time is the test's own."""

from __future__ import annotations

import asyncio
import selectors
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from agentcore import (
    Agent,
    AssistantMessage,
    Completion,
    ConfigurationError,
    LLMRequest,
    LLMUnavailableError,
    Sampling,
    Usage,
    UserMessage,
)
from agentcore.brain import Probed, RateLimit, RateLimited
from agentcore.completions import estimate_input
from agentcore.testing import FunctionLLM, ScriptedLLM

T = TypeVar("T")

HELLO = LLMRequest(messages=(UserMessage(content="hello"),), sampling=Sampling(max_tokens=100))


class Leap(selectors.DefaultSelector):
    """Where nothing is left to do but wait, time leaps to the end of the wait."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout:
            self.now_s += timeout
        return ready


class LeapingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.leap = Leap()
        super().__init__(self.leap)

    def time(self) -> float:
        return self.leap.now_s


def run(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(work)


def now_s() -> float:
    return asyncio.get_running_loop().time()


def limit(*, requests: int | None = None, tokens: int | None = None) -> RateLimit:
    return RateLimit(requests_per_minute=requests, tokens_per_minute=tokens, clock=now_s)


async def times(llm: RateLimited, count: int) -> list[int]:
    """When each of some requests at once was answered, in the order of their start."""

    async def ask() -> int:
        await llm.complete(HELLO)
        return round(now_s())

    return list(await asyncio.gather(*(ask() for _ in range(count))))


def test_no_minute_has_more_requests_than_allowed_and_the_first_come_goes_first() -> None:
    async def check() -> list[int]:
        return await times(RateLimited(FunctionLLM(lambda _: "hi"), limit(requests=2)), 5)

    assert run(check()) == [0, 0, 60, 60, 120]


def answer(tokens: int) -> FunctionLLM:
    usage = Usage(steps=1, input_tokens=tokens)
    message = AssistantMessage(content="hi")
    return FunctionLLM(lambda _: Completion(message=message, usage=usage))


def test_tokens_are_reserved_as_estimated_and_counted_as_reported() -> None:
    size = estimate_input(HELLO) + 100

    async def check(reported: int) -> list[int]:
        return await times(RateLimited(answer(reported), limit(tokens=2 * size)), 4)

    assert run(check(size)) == [0, 0, 60, 60]
    assert run(check(1)) == [0, 0, 0, 0]
    assert run(check(2 * size)) == [0, 60, 120, 180]


def test_a_request_larger_than_a_whole_minute_goes_alone() -> None:
    async def check() -> list[int]:
        return await times(RateLimited(answer(500), limit(tokens=50)), 2)

    assert run(check()) == [0, 60]


def test_a_limit_is_shared_by_the_models_of_an_account() -> None:
    async def check() -> list[int]:
        account = limit(requests=1)
        llms = [RateLimited(FunctionLLM(lambda _: "hi"), account) for _ in range(2)]
        found = await asyncio.gather(*(times(llm, 1) for llm in llms))
        return [one for many in found for one in many]

    assert run(check()) == [0, 60]


def test_what_is_cancelled_while_it_waits_leaves_its_place_to_the_next() -> None:
    async def check() -> list[int]:
        llm = RateLimited(FunctionLLM(lambda _: "hi"), limit(requests=1))
        await llm.complete(HELLO)
        first = asyncio.create_task(llm.complete(HELLO))
        second = asyncio.create_task(times(llm, 1))
        await asyncio.sleep(30)
        first.cancel()
        return await second

    assert run(check()) == [60]


def test_what_fails_counts_as_a_request_and_with_its_input_only() -> None:
    error = LLMUnavailableError("down")
    size = estimate_input(HELLO) + 100

    async def check() -> list[int]:
        llm = RateLimited(ScriptedLLM(error, "hi", "hi"), limit(requests=2, tokens=2 * size - 1))
        with pytest.raises(LLMUnavailableError) as caught:
            await llm.complete(HELLO)
        assert caught.value is error
        return await times(llm, 2)

    assert run(check()) == [0, 60]


def test_a_wait_counts_towards_the_time_of_its_run() -> None:
    async def check() -> str:
        llm = RateLimited(FunctionLLM(lambda _: "hi"), limit(requests=1))
        agent = Agent(llm=llm)
        results = await asyncio.gather(agent.run("one"), agent.run("two"))
        assert round(now_s()) == 60
        return results[1].output

    assert run(check()) == "hi"


def test_loops_in_several_threads_share_one_limit() -> None:
    shared = RateLimit(requests_per_minute=20)
    llm = RateLimited(FunctionLLM(lambda _: "hi"), shared)
    admitted: list[int] = []

    def work() -> None:
        async def ask() -> None:
            for _ in range(5):
                await llm.complete(HELLO)
                admitted.append(1)

        asyncio.run(ask())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    async def one_more() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await llm.complete(HELLO)

    asyncio.run(one_more())
    assert len(admitted) == 20


def test_a_waiting_loop_is_woken_by_another_one_that_settles() -> None:
    shared = RateLimit(tokens_per_minute=100)
    waits = threading.Event()
    answers: list[str] = []

    async def wait() -> None:
        admission = asyncio.create_task(shared.admit(60))
        await asyncio.sleep(0)
        waits.set()
        await admission
        answers.append("admitted")

    async def settle() -> None:
        admission = await shared.admit(60)
        thread = threading.Thread(target=lambda: asyncio.run(wait()))
        thread.start()
        await asyncio.to_thread(waits.wait)
        shared.settle(admission, 10)
        await asyncio.to_thread(thread.join, 30)

    asyncio.run(settle())
    assert answers == ["admitted"]


def test_those_behind_a_waiter_whose_loop_was_closed_are_let_through() -> None:
    clock = [0.0]
    shared = RateLimit(requests_per_minute=1, clock=lambda: clock[0])
    lost = LeapingLoop()
    first = lost.run_until_complete(shared.admit(1))
    waits = lost.create_task(shared.admit(1))
    lost.run_until_complete(asyncio.sleep(0))

    async def check() -> None:
        behind = asyncio.create_task(shared.admit(1))
        await asyncio.sleep(0)
        lost.close()
        clock[0] = 60.0
        shared.settle(first, 1)
        await behind

    run(check())
    assert not waits.done()


def test_probes_wait_for_their_turn_as_well(tmp_path: Path) -> None:
    sent_at: list[float] = []

    def reply(_request: LLMRequest) -> str:
        sent_at.append(now_s())
        return "hi"

    async def check() -> None:
        model = Probed(FunctionLLM(reply), cache_dir=tmp_path)
        await Agent(llm=RateLimited(model, limit(requests=5))).run("?")

    run(check())

    assert len(sent_at) > 5
    assert all(later - sent >= 60 for sent, later in zip(sent_at, sent_at[5:], strict=False))


def test_a_limit_without_a_bound_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least one of them"):
        RateLimit()
    with pytest.raises(ConfigurationError, match="each at least 1"):
        RateLimit(requests_per_minute=0)
