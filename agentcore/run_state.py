"""What all scopes of a run share: its journal, clock and listeners, and who waits for a person."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from .completions import LLMRequest, TextDelta
from .errors import ConfigurationError
from .events import Cut, Decided, Decision, Event
from .interfaces import LLM
from .recording import Recording
from .results import Partial, Pending

__all__ = ["RunState"]

E = TypeVar("E", bound=Event)

_logger = logging.getLogger("agentcore.run")


class RunState:
    """One per run; child runs and branches share it."""

    def __init__(
        self,
        run_id: str,
        recording: Recording,
        *,
        on_event: Callable[[Event], None],
        on_delta: Callable[[TextDelta | Partial[Any]], Awaitable[None]] | None,
        decisions: Mapping[str, Decision],
    ) -> None:
        self.id = run_id
        self.recording = recording
        self.on_delta = on_delta
        self.on_request: Callable[[LLM, LLMRequest, Cut | None], Awaitable[None]] | None = None
        """Is told of a model call right before it is made."""
        self.is_read_only = False
        """Whether the run is only explained: it probes no model, and stores nothing."""
        self.pending: dict[str, Pending] = {}
        self.paused: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_over = recording.end("end") is not None
        """Whether the run had ended when it was recorded: then it is replayed, and only read."""
        self._listeners = [("", on_event)]
        self._decisions = dict(decisions)
        self._movable = 1
        self._started_s = time.monotonic() - recording.elapsed_s

    @property
    def elapsed_s(self) -> float:
        """Seconds that the run has taken, those of an earlier process included."""
        return time.monotonic() - self._started_s

    def record(self, event: E, *, durable: bool = False) -> E:
        """Store what has just happened and tell the listeners; nothing once the run has ended."""
        if self.is_over:
            return event
        recorded = self.recording.append(event, at_s=self.elapsed_s, durable=durable)
        self.report(recorded)
        return recorded

    def report(self, event: Event) -> None:
        """Tell the listeners of an event that was recorded, now or in an earlier process."""
        if _logger.isEnabledFor(logging.DEBUG):
            _logger.debug(
                "run %s: %s %s", self.id, event.kind, event.key, extra={"run_id": self.id}
            )
        for path, listener in self._listeners:
            if event.key.startswith(path):
                listener(event)

    @contextmanager
    def listening(self, path: str, listener: Callable[[Event], None]) -> Generator[None]:
        """Tell the listener too of what happens under a path, as long as the block runs."""
        entry = (path, listener)
        self._listeners.append(entry)
        try:
            yield
        finally:
            self._listeners.remove(entry)

    async def decision(self, pending: Pending) -> Decision:
        """Return a person's decision. Where there is none yet this waits for ever.

        Siblings go on meanwhile; when nothing can move any more the run is paused and cancelled.
        """
        attempt = self.recording.last_attempt(pending.key)
        if isinstance(attempt, Decided):
            return attempt.decision
        decision = self._decisions.pop(pending.key, None)
        if decision is not None:
            _check_fits(decision, pending)
            self.record(Decided(key=pending.key, decision=decision), durable=True)
            return decision
        self.pending[pending.key] = pending
        self.leave(1)
        try:
            never: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
            return await never
        finally:
            self.enter(1)
            if not self.paused.done():
                del self.pending[pending.key]

    def enter(self, tasks: int) -> None:
        """Count tasks that can move from now on."""
        self._movable += tasks

    def leave(self, tasks: int) -> None:
        """Count tasks that cannot move any more; the last one pauses the run if somebody waits."""
        self._movable -= tasks
        if self._movable == 0 and self.pending and not self.paused.done():
            self.paused.set_result(None)

    def warn_of_unused_decisions(self) -> None:
        """Log the keys of decisions that a run which has ended had no use for."""
        if self._decisions:
            _logger.warning(
                "run %s ended; nothing in it waited for the decisions %s",
                self.id,
                sorted(self._decisions),
                extra={"run_id": self.id},
            )

    def check_decisions_used(self) -> None:
        """Raise `ConfigurationError` where a decision names a key that nothing waits for."""
        if self._decisions:
            raise ConfigurationError(
                f"decisions for {sorted(self._decisions)} were given, but the run waits for "
                f"{sorted(self.pending)}"
            )


def _check_fits(decision: Decision, pending: Pending) -> None:
    if pending.kind == "question" and decision.kind != "answer":
        raise ConfigurationError(
            f"{pending.key!r} waits for an answer to {pending.text!r}, and the decision is "
            f"{decision.kind!r}: give Decision(kind='answer', text=...)"
        )
