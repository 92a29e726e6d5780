"""Where synchronous functions run: each in a thread of its own, so that it blocks nothing else."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

__all__ = ["run_in_thread"]

T = TypeVar("T")

_IDLE_S = 10.0
_MOST_IDLE = 32


async def run_in_thread(function: Callable[[], T]) -> T:
    """Call a function in a thread that nothing else uses meanwhile, and wait for it.

    Not in asyncio's pool: that is small, and a few functions that hang, or that wait for others in
    the same pool, would stop all the rest for ever. Cancelling ends the wait only: a thread cannot
    be stopped. The threads do not keep the program from ending.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return  # cancelled meanwhile
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  T

    def work() -> Callable[[], None]:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = context.run(function)
        except StopIteration as stop:
            # A future cannot hold a StopIteration: whoever awaits it would wait for ever.
            error = RuntimeError(f"the function raised {stop!r}")
            error.__cause__ = stop
        except BaseException as raised:  # noqa: BLE001  it crosses to the caller, who raises it
            error = raised

        def report() -> None:
            with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
                loop.call_soon_threadsafe(settle, result, error)

        return report

    _idle_worker().jobs.put(work)
    return await future


class _Worker(threading.Thread):
    """A thread that does one job at a time, and waits a while for the next: starting one is dear.

    It is free again before it reports, so that whoever waited finds it.
    """

    def __init__(self) -> None:
        super().__init__(name="agentcore:tool", daemon=True)
        self.jobs: SimpleQueue[Callable[[], Callable[[], None]]] = SimpleQueue()

    def run(self) -> None:
        while True:
            try:
                job = self.jobs.get(timeout=_IDLE_S)
            except Empty:
                try:
                    _idle.remove(self)
                except ValueError:  # somebody has just taken it: a job comes
                    continue
                return
            report = job()
            del job  # what it holds shall not live until the next one comes
            is_kept = len(_idle) < _MOST_IDLE
            if is_kept:
                _idle.append(self)
            report()
            del report
            if not is_kept:
                return


# The only thing that runs have in common: threads without work, which hold no data of theirs.
_idle: deque[_Worker] = deque()


def _idle_worker() -> _Worker:
    """Take a thread that waits, or start one."""
    with suppress(IndexError):
        while True:
            worker = _idle.pop()  # the one that waited least: the others may end
            if worker.is_alive():  # the threads of a process are not in its forks
                return worker
    worker = _Worker()
    worker.start()
    return worker
