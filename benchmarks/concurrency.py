"""A thousand runs of one agent at once, beside the time that the model alone takes."""

from __future__ import annotations

import asyncio
import time

from agentcore import Agent

from .loop import add, scripted
from .rows import Row, spread

__all__ = ["concurrency_row"]

RUNS, LATENCY_S, ROUNDS = 1000, 0.05, 5


def concurrency_row() -> Row:
    """Measure what a thousand concurrent runs take over two latencies of the model."""
    agent = Agent(llm=scripted("add", latency_s=LATENCY_S), tools=[add])
    samples = [asyncio.run(_milliseconds(agent)) for _ in range(ROUNDS + 1)][1:]
    return Row(
        what=f"{RUNS} concurrent runs of one agent, over the model's own time",
        measured=spread([sample - 2000 * LATENCY_S for sample in samples], "ms"),
        asked="no number",
        comparison=f"the model's own time: {2000 * LATENCY_S:.0f} ms",
    )


async def _milliseconds(agent: Agent) -> float:
    start = time.perf_counter()
    await asyncio.gather(*[agent.run("2 + 3?") for _ in range(RUNS)])
    return (time.perf_counter() - start) * 1000
