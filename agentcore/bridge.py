"""The one way from synchronous code into the event loop: a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar, cast

from .errors import ConfigurationError

__all__ = ["run_in_bridge"]

T = TypeVar("T")


_CLEANUP_S = 5.0
"""What a cancelled run gets to clean up before `run_sync` raises."""


async def _carried(
    work: Coroutine[Any, Any, T], ended: threading.Event
) -> tuple[T | None, BaseException | None]:
    """Hand a SystemExit or KeyboardInterrupt over as a value: raised it would end the loop."""
    try:
        return await work, None
    except (KeyboardInterrupt, SystemExit) as interruption:
        return None, interruption
    finally:
        ended.set()


class _Bridge:
    """One loop for all synchronous calls: connections belong to the loop that opened them."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="agentcore", daemon=True
        )
        self._thread.start()
        atexit.register(self._close)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        if threading.current_thread() is self._thread:
            work.close()
            raise ConfigurationError(
                "run_sync was called inside a run that run_sync started: use "
                "`await agent.run(...)`, or `await context.run.child(agent, task)` in a tool"
            )
        ended = threading.Event()
        future = asyncio.run_coroutine_threadsafe(_carried(work, ended), self._loop)
        try:
            result, interruption = future.result()
        except BaseException:
            future.cancel()  # a KeyboardInterrupt here stops the run there
            ended.wait(_CLEANUP_S)
            raise
        if interruption is not None:
            raise interruption
        return cast("T", result)

    def _close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=1)
        if not self._loop.is_running():
            self._loop.close()


_lock = threading.Lock()  # two threads that come first shall not make two


@cache
def _bridge(process_id: int) -> _Bridge:
    """One bridge per process: a thread does not live on in a forked child."""
    del process_id
    return _Bridge()


def run_in_bridge(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end from sync code, in any thread, also beside a running loop."""
    with _lock:
        bridge = _bridge(os.getpid())
    return bridge.run(work)
