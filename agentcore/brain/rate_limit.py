"""So many requests and tokens a minute, first come first served, across tasks and event loops."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock

from ..errors import ConfigurationError

__all__ = ["Admission", "RateLimit"]

_WINDOW_S = 60.0


@dataclass(slots=True)
class Admission:
    """One request that was let through."""

    at_s: float
    tokens: int
    is_counted: bool = True
    """Whether it is one of the last minute."""


class RateLimit:
    """Lets at most so many requests and tokens through in any 60 seconds.

    Hand one object to several `RateLimited` models that share an account. It serves any number of
    tasks in any number of threads and event loops, in the order in which they came; one that is
    cancelled while it waits leaves the queue.

    Args:
        clock: Seconds; a test hands in its own.
    """

    def __init__(
        self,
        *,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        bounds = [item for item in (requests_per_minute, tokens_per_minute) if item is not None]
        if not bounds or min(bounds) < 1:
            raise ConfigurationError(
                f"RateLimit(requests_per_minute={requests_per_minute}, tokens_per_minute="
                f"{tokens_per_minute}): give at least one of them, each at least 1"
            )
        self._requests = requests_per_minute
        self._tokens = tokens_per_minute
        self._clock = clock
        self._lock = Lock()
        self._window: deque[Admission] = deque()
        self._used_tokens = 0
        self._queue: deque[_Waiter] = deque()

    async def admit(self, tokens: int) -> Admission:
        """Wait until a request of about so many tokens may be sent.

        One that is larger than the limit of a whole minute is let through alone: it is an estimate,
        and what is too large is for the server to say.
        """
        waiter = _Waiter()
        with self._lock:
            self._queue.append(waiter)
        try:
            while True:
                with self._lock:
                    wait_s = self._wait_s(waiter, tokens)
                    if wait_s <= 0:
                        return self._take(tokens)
                    waiter.event.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await waiter.event.wait()
        finally:
            with self._lock:
                with suppress(ValueError):  # another found its loop closed, and took it out
                    self._queue.remove(waiter)
                self._wake_first()

    def settle(self, admission: Admission, tokens: int) -> None:
        """Count what a request really took instead of the estimate."""
        with self._lock:
            if admission.is_counted:
                self._used_tokens += tokens - admission.tokens
            admission.tokens = tokens
            self._wake_first()

    def _take(self, tokens: int) -> Admission:
        admission = Admission(self._clock(), tokens)
        self._window.append(admission)
        self._used_tokens += tokens
        return admission

    def _wait_s(self, waiter: _Waiter, tokens: int) -> float:
        """Seconds until this one may go, or shall look again; at most 0 if it may go now."""
        self._drop_lost()
        first = self._queue[0]
        if first is not waiter:
            first.wake()  # the one before it may have been lost
            return _WINDOW_S
        now_s = self._clock()
        while self._window and self._window[0].at_s + _WINDOW_S <= now_s:
            gone = self._window.popleft()
            gone.is_counted = False
            self._used_tokens -= gone.tokens
        leaving = max(self._too_many(), self._too_large(tokens))
        return self._window[leaving - 1].at_s + _WINDOW_S - now_s if leaving else 0.0

    def _too_many(self) -> int:
        """How many requests have to leave the window before one more fits."""
        return 0 if self._requests is None else max(0, len(self._window) + 1 - self._requests)

    def _too_large(self, tokens: int) -> int:
        """How many requests have to leave the window before so many tokens fit."""
        if self._tokens is None:
            return 0
        left, leaving = self._used_tokens + tokens - self._tokens, 0
        for admission in self._window:
            if left <= 0:
                break
            left -= admission.tokens
            leaving += 1
        return leaving

    def _wake_first(self) -> None:
        self._drop_lost()
        if self._queue:
            self._queue[0].wake()

    def _drop_lost(self) -> None:
        while self._queue and self._queue[0].is_lost:
            self._queue.popleft()


class _Waiter:
    """A place in the queue."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    @property
    def is_lost(self) -> bool:
        """Whether its event loop was closed while it waited."""
        return self._loop.is_closed()

    def wake(self) -> None:
        """Let it look again, from any thread."""
        with suppress(RuntimeError):  # its loop was closed: the next in the queue notices
            self._loop.call_soon_threadsafe(self.event.set)
