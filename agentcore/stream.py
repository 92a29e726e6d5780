"""A run as a stream: text while it is written, an event for each effect, the result last."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any, Generic, cast

from typing_extensions import TypeVar

from .completions import TextDelta
from .engine import Engine
from .errors import ConfigurationError
from .events import Event
from .launch import launch
from .options import RunOptions
from .results import Finished, Partial, Result
from .wave import contained, result_of

__all__ = ["RunStream"]

Out = TypeVar("Out", default=str)

CAPACITY = 256
"""Pieces of text that wait for a slow reader before the model is slowed down."""


class RunStream(Generic[Out]):
    """Iterate over it once. Leaving the loop early cancels the run.

    Yields `TextDelta`, where the output is typed a `Partial` whenever the answer has grown, the
    events of the run, and `Finished` with the result at the end. An error of the run is raised
    where its end would be.
    """

    def __init__(self, engine: Engine, task: object, options: RunOptions) -> None:
        self._engine = engine
        self._task = task
        self._options = options
        self._items: deque[Any] = deque()
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._result: Result[Out] | None = None
        self._is_started = False

    @property
    def result(self) -> Result[Out]:
        """The result, when the stream has ended."""
        if self._result is None:
            raise ConfigurationError("the stream has not ended: iterate over it to its end first")
        return self._result

    async def __aiter__(self) -> AsyncGenerator[TextDelta | Partial[Out] | Event | Finished[Out]]:
        """Start the run and yield what happens; `contextlib.aclosing` of it waits for its end."""
        if self._is_started:
            raise ConfigurationError(
                "a stream can be iterated over once: call agent.stream() again"
            )
        self._is_started = True
        run = launch(
            self._engine, self._task, self._options, on_event=self._push, on_delta=self._put
        )
        worker = asyncio.create_task(contained(run))
        worker.add_done_callback(lambda _: self._readable.set())
        try:
            while True:
                while self._items:
                    item = self._items.popleft()
                    self._writable.set()
                    yield item
                if worker.done():
                    break
                self._readable.clear()
                await self._readable.wait()
            self._result = cast("Result[Out]", result_of(worker))
            yield Finished(self._result)
        finally:
            worker.cancel()
            if not worker.done():
                await asyncio.wait((worker,))
            if not worker.cancelled():
                worker.exception()  # marks it as seen: the reader has left

    def _push(self, event: Event) -> None:
        self._engine.on_event(event)
        self._items.append(event)
        self._readable.set()

    async def _put(self, delta: TextDelta | Partial[Any]) -> None:
        while len(self._items) >= CAPACITY:
            self._writable.clear()
            await self._writable.wait()
        self._items.append(delta)
        self._readable.set()
