"""Tasks that one task starts and waits for, counted so that a run knows when nothing can move."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

from .errors import DivergenceError, RunError
from .run_state import RunState

__all__ = ["InterruptedRunError", "Outcome", "Wave", "contained", "result_of"]

T = TypeVar("T")


class InterruptedRunError(BaseException):
    """Carries a SystemExit or KeyboardInterrupt out of a task: raised there it ends the loop.

    Like these two it is no `Exception`, so that no tool or planner catches it by accident.
    """

    def __init__(self, interruption: BaseException) -> None:
        super().__init__(repr(interruption))
        self.interruption = interruption


async def contained(work: Coroutine[Any, Any, T]) -> T:
    """Do the work of a task so that nothing in it can end the event loop."""
    try:
        return await work
    except (KeyboardInterrupt, SystemExit) as interruption:
        raise InterruptedRunError(interruption) from interruption


def result_of(task: asyncio.Task[T]) -> T:
    """Return what a contained task returned, or raise its error, an interruption as itself."""
    try:
        return task.result()
    except InterruptedRunError as error:
        raise error.interruption from error


class Outcome(Generic[T]):
    """How one task of a wave ended."""

    def __init__(self, label: str, task: asyncio.Task[T]) -> None:
        self.label = label
        self.error: BaseException | None
        if task.cancelled():
            self.error = RunError(f"the branch {label!r} cancelled itself")
        else:
            self.error = task.exception()
        self._task = task

    def result(self) -> T:
        """Return what the task returned; only where there is no error."""
        return self._task.result()


class Wave(Generic[T]):
    """Use it as `async with`: what still runs at the end is cancelled and waited for."""

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._running: dict[str, asyncio.Task[T]] = {}

    async def __aenter__(self) -> Wave[T]:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def __bool__(self) -> bool:
        return bool(self._running)

    def start(self, label: str, work: Coroutine[Any, Any, T]) -> None:
        """Start a task under a label that is its own."""
        self._state.enter(1)
        self._running[label] = asyncio.create_task(
            contained(work), name=f"{self._state.id}:{label}"
        )

    async def finished(self) -> list[Outcome[T]]:
        """Wait until a task has ended; return all that have, in the order of their start."""
        self._state.leave(1)  # the waiting task itself cannot move
        try:
            await asyncio.wait(self._running.values(), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._state.enter(1)
        labels = [label for label, task in self._running.items() if task.done()]
        outcomes = [Outcome(label, self._running.pop(label)) for label in labels]
        self._state.leave(len(outcomes))
        for outcome in outcomes:
            if isinstance(outcome.error, (DivergenceError, InterruptedRunError)):
                raise outcome.error  # these may not lose a race in silence
        return outcomes

    async def stop(self) -> None:
        """Cancel what still runs and wait until it has ended, even if cancelled meanwhile."""
        cancelled: asyncio.CancelledError | None = None
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        while any(not task.done() for task in tasks):
            try:
                await asyncio.wait(tasks)
            except asyncio.CancelledError as error:
                cancelled = error
        for task in tasks:
            if not task.cancelled():
                task.exception()  # marks it as seen: the wave ends for another reason
        self._state.leave(len(self._running))
        self._running.clear()
        if cancelled is not None:
            raise cancelled
