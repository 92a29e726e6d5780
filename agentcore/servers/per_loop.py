"""Keeps one object per event loop: a client belongs to the loop that opened its connections."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from threading import Lock
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

__all__ = ["PerLoop"]

T = TypeVar("T")

_CLOSING_S = 1.0


class PerLoop(Generic[T]):
    """Makes one object per running event loop, when it is first asked for there.

    Args:
        make: Is called inside the loop.
        close: Is called inside the loop that the object was made in.
    """

    def __init__(self, make: Callable[[], T], close: Callable[[T], Awaitable[None]]) -> None:
        self._make = make
        self._close = close
        self._objects: WeakKeyDictionary[asyncio.AbstractEventLoop, T] = WeakKeyDictionary()
        self._lock = Lock()

    def get(self) -> T:
        """Return the running loop's object."""
        loop = asyncio.get_running_loop()
        with self._lock:
            # An object may hold its loop, so that the weak key alone would keep both alive.
            for closed in [other for other in self._objects if other.is_closed()]:
                del self._objects[closed]
            if loop not in self._objects:
                self._objects[loop] = self._make()
            return self._objects[loop]

    async def aclose(self) -> None:
        """Close every object whose loop still runs; waits at most a second for other loops."""
        with self._lock:
            objects = dict(self._objects)
            self._objects.clear()
        here = asyncio.get_running_loop()
        elsewhere: list[asyncio.Future[None]] = []
        for loop, item in objects.items():
            if loop is not here and loop.is_running():
                with suppress(RuntimeError):  # the loop was closed in between
                    future = asyncio.run_coroutine_threadsafe(self._close_one(item), loop)
                    elsewhere.append(asyncio.wrap_future(future))
        if here in objects:
            await self._close(objects[here])
        if elsewhere:
            # Bounded: a loop that waits for this one must not be waited for in turn.
            await asyncio.wait(elsewhere, timeout=_CLOSING_S)

    async def _close_one(self, item: T) -> None:
        await self._close(item)
