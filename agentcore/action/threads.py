"""Where synchronous functions run: each in a thread of its own, so that it blocks nothing else."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

__all__ = ["run_in_thread"]

T = TypeVar("T")


async def run_in_thread(function: Callable[[], T], *, name: str) -> T:
    """Call a function in a new thread and wait for it.

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

    def work() -> None:
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
        with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, name=f"agentcore:{name}", daemon=True).start()
    return await future
