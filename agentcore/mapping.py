"""Many tasks through one agent: bounded, results as they come."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
)
from contextlib import aclosing
from typing import Any, TypeVar, cast

from .errors import ConfigurationError
from .results import MapItem, Result
from .wave import contained, result_of

__all__ = ["map_tasks"]

Out = TypeVar("Out")
T = TypeVar("T")

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
    if isinstance(tasks, (str, bytes, Mapping)):
        raise ConfigurationError(f"map takes many tasks, and got {tasks!r:.100}: give a list")
    source, has_more = _numbered(tasks), True
    taking: set[asyncio.Task[tuple[int, object] | None]] = set()  # at most one
    running: set[asyncio.Task[MapItem[Out]]] = set()
    try:
        while has_more or running:
            if has_more and not taking and len(running) < concurrency:
                taking.add(asyncio.create_task(_next(source)))
            await asyncio.wait(taking | running, return_when=asyncio.FIRST_COMPLETED)
            for taken in _pop_done(taking):
                if (item := taken.result()) is None:
                    has_more = False
                else:
                    running.add(asyncio.create_task(contained(_run_one(run, *item, deps))))
            for done in _pop_done(running):
                yield result_of(done)
    finally:
        await _cancel(taking | running)
        await source.aclose()


async def _run_one(run: Runner[Out], index: int, task: object, deps: object) -> MapItem[Out]:
    try:
        return MapItem(index, task, result=await run(task, deps=deps))
    except Exception as error:  # noqa: BLE001  one bad input of many is an item, whatever it raised
        return MapItem(index, task, error=error)


async def _next(source: AsyncIterator[T]) -> T | None:
    return await anext(source, None)


def _pop_done(tasks: set[asyncio.Task[T]]) -> set[asyncio.Task[T]]:
    """Take what has ended out of the set."""
    done = {task for task in tasks if task.done()}
    tasks -= done
    return done


async def _cancel(running: set[asyncio.Task[Any]]) -> None:
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running)


async def _numbered(
    tasks: Iterable[object] | AsyncIterable[object],
) -> AsyncGenerator[tuple[int, object]]:
    index = 0
    if isinstance(tasks, AsyncGenerator):
        source = cast("AsyncGenerator[object]", tasks)
        async with aclosing(source):
            async for task in source:
                yield index, task
                index += 1
    elif isinstance(tasks, AsyncIterable):
        async for task in tasks:
            yield index, task
            index += 1
    else:
        for task in tasks:
            yield index, task
            index += 1
