"""The loop itself: two model calls and one tool call, with a model that costs nothing."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

from agentcore import Agent, LLMRequest, ToolMessage, tool
from agentcore.testing import FunctionLLM, Reply, call

from .rows import Row, spread

__all__ = ["loop_rows"]

ROUNDS, RUNS = 9, 200


@tool
async def add(a: int, b: int) -> int:
    """Add two integers."""
    return a + b


@tool
def add_in_thread(a: int, b: int) -> int:
    """Add two integers."""
    return a + b


def scripted(name: str, *, latency_s: float = 0.0) -> FunctionLLM:
    """Answer a task with one call, and the call's result with text."""

    def reply(request: LLMRequest) -> Reply:
        is_done = isinstance(request.messages[-1], ToolMessage)
        return "The sum is 5." if is_done else call(name, a=2, b=3)

    return FunctionLLM(reply, latency_s=latency_s)


def loop_rows() -> list[Row]:
    """Measure the loop with an async and a sync tool, beside the same loop written by hand."""
    floor = asyncio.run(_microseconds(_by_hand))
    rows: list[Row] = []
    for name, kind in (("add", "async tool"), ("add_in_thread", "sync tool, in a thread")):
        agent = Agent(llm=scripted(name), tools=[add, add_in_thread])
        samples = asyncio.run(_microseconds(lambda agent=agent: agent.run("2 + 3?")))
        rows.append(
            Row(
                what=f"one run: 2 model calls, 1 tool call ({kind})",
                measured=spread(samples, "µs"),
                asked="under 500 µs",
                comparison=f"a bare loop over dictionaries: {spread(floor, 'µs')}",
            )
        )
    return rows


async def _microseconds(run: Callable[[], Awaitable[object]]) -> list[float]:
    samples: list[float] = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        for _ in range(RUNS):
            await run()
        samples.append((time.perf_counter() - start) / RUNS * 1e6)
    return samples[1:]  # the first round builds schemas


async def _by_hand() -> str:
    """Do the same without types, budget, journal, events or errors."""
    messages: list[dict[str, object]] = [{"role": "user", "content": "2 + 3?"}]
    while True:
        if messages[-1]["role"] == "tool":
            return "The sum is 5."
        arguments = json.loads('{"a": 2, "b": 3}')
        messages.append({"role": "assistant", "tool_calls": [{"name": "add"}]})
        result = await add(**arguments)
        messages.append({"role": "tool", "content": json.dumps(result)})
