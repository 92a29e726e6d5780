"""How a composite asks its parts where there is no run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from agentcore import (
    LLM,
    LLMRequest,
    LLMTimeoutError,
    LLMUnavailableError,
    ModelCalls,
    UserMessage,
)
from agentcore.brain import DirectCalls
from agentcore.testing import FunctionLLM, ScriptedLLM

HELLO = LLMRequest(messages=(UserMessage(content="hello"),))


def branch(llm: LLM) -> Callable[[ModelCalls], Awaitable[str]]:
    async def ask(calls: ModelCalls) -> str:
        return (await calls.complete(llm, HELLO)).text

    return ask


class Hanging(FunctionLLM):
    """Never answers, and remembers that it was stopped."""

    def __init__(self) -> None:
        super().__init__(self._hang)
        self.is_stopped = False

    async def _hang(self, _: LLMRequest) -> str:
        try:
            return await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            self.is_stopped = True
            raise


async def test_branches_give_their_results_in_order() -> None:
    slow, fast = FunctionLLM(lambda _: "slow", latency_s=0.001), ScriptedLLM("fast")

    assert await DirectCalls().all(branch(slow), branch(fast)) == ("slow", "fast")
    assert await DirectCalls().all() == ()


async def test_the_first_failure_cancels_the_other_branches() -> None:
    hanging, down = Hanging(), ScriptedLLM(LLMUnavailableError("down"))

    with pytest.raises(LLMUnavailableError, match="down"):
        await DirectCalls().all(branch(hanging), branch(down))

    assert hanging.is_stopped


async def test_a_call_that_takes_too_long_is_stopped() -> None:
    hanging = Hanging()

    with pytest.raises(LLMTimeoutError, match="function did not answer within timeout_s=0"):
        await DirectCalls().complete(hanging, HELLO, timeout_s=0)

    assert hanging.is_stopped


async def test_the_clock_and_chance_are_those_of_the_machine() -> None:
    calls = DirectCalls()

    assert abs((await calls.now() - datetime.now(UTC)).total_seconds()) < 3600
    assert 0 <= await calls.random() < 1
    await calls.sleep(0)
