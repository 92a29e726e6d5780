"""Many tasks through one agent: bounded, results as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

from .errors import AgentCoreError, ConfigurationError
from .results import MapItem, Result

__all__ = ["map_tasks"]

Out = TypeVar("Out")

Runner = Callable[..., Awaitable[Result[Out]]]


async def map_tasks(
    run: Runner[Out],
    tasks: Iterable[object] | AsyncIterable[object],
    *,
    concurrency: int,
    deps: object,
) -> AsyncIterator[MapItem[Out]]:
    """Yield one item per task, in the order in which they end."""
    if concurrency < 1:
        raise ConfigurationError(f"concurrency is {concurrency}: it must be at least 1")

    async def run_one(index: int, task: object) -> MapItem[Out]:
        try:
            return MapItem(index, task, result=await run(task, deps=deps))
        except AgentCoreError as error:
            return MapItem(index, task, error=error)

    running: set[asyncio.Task[MapItem[Out]]] = set()
    try:
        async for index, task in _numbered(tasks):
            running.add(asyncio.create_task(run_one(index, task)))
            if len(running) == concurrency:
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for finished in done:
                    yield finished.result()
        while running:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for finished in done:
                yield finished.result()
    finally:
        for task_ in running:
            task_.cancel()
        if running:
            await asyncio.wait(running)


async def _numbered(
    tasks: Iterable[object] | AsyncIterable[object],
) -> AsyncIterator[tuple[int, object]]:
    index = 0
    if isinstance(tasks, AsyncIterable):
        async for task in tasks:
            yield index, task
            index += 1
    else:
        for task in tasks:
            yield index, task
            index += 1
