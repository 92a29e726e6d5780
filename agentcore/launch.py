"""Starts a run as a task of its own, waits for it, and ends it when it is cancelled or paused."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from copy import copy
from typing import Any

from .completions import TextDelta
from .driver import drive, make_frame
from .effects import Place
from .engine import Engine
from .errors import AgentCoreError, ConfigurationError, RunError
from .events import Event, Started
from .frame import Frame
from .journal import MemoryJournal
from .messages import settle_calls
from .options import RunOptions
from .planning import Run
from .recording import Recording
from .results import Partial, Result
from .run import LiveRun
from .run_state import RunState
from .scope import Scope
from .wave import InterruptedRunError, contained

__all__ = ["launch", "launch_child", "stop"]

_logger = logging.getLogger("agentcore.run")


async def launch(
    engine: Engine,
    task: object,
    options: RunOptions,
    *,
    on_event: Callable[[Event], None] | None = None,
    on_delta: Callable[[TextDelta | Partial[Any]], Awaitable[None]] | None = None,
) -> Result[Any]:
    """Run a task to its end, or until it waits for a person.

    An error that ends the run carries the trajectory and the conversation up to it.
    """
    recording = Recording(options.get("journal", MemoryJournal()))
    state = RunState(
        _run_id(recording),
        recording,
        on_event=on_event or engine.on_event,
        on_delta=on_delta,
        decisions=options.get("decisions", {}),
    )
    scope = Scope(state)
    frame = make_frame(engine, options, scope, parent=None)
    _logger.debug("run %s of %s starts", state.id, engine.name, extra={"run_id": state.id})

    async def work() -> Result[Any]:
        scope.claim()
        return await drive(engine, task, options, LiveRun(Place(scope, frame)))

    worker = asyncio.create_task(contained(work()), name=f"agentcore:{state.id}")
    try:
        await asyncio.wait((worker, state.paused), return_when=asyncio.FIRST_COMPLETED)
        if worker.done():
            return _result(worker, state, frame)
    finally:
        await stop(worker)
    state.check_decisions_used()
    return _paused(state, frame, scope)


def _result(worker: asyncio.Task[Result[Any]], state: RunState, frame: Frame) -> Result[Any]:
    """Return the result of a run that has ended, or raise its error with what it had done."""
    if worker.cancelled():
        raise RunError(f"run {state.id} was cancelled by its own code, not by its caller")
    error = worker.exception()
    if error is None:
        state.warn_of_unused_decisions()
        return worker.result()
    if isinstance(error, InterruptedRunError):
        raise error.interruption
    if not isinstance(error, AgentCoreError):
        error.add_note(f"in run {state.id}, after {state.recording.latest_key!r}")
        raise error
    if error.trajectory:  # one object raised in two runs, as a test model may: each gets its own
        error = copy(error).with_traceback(error.__traceback__)
    error.trajectory = state.recording.events
    error.messages = settle_calls(frame.latest.conversation if frame.latest else ())
    raise error


async def launch_child(engine: Engine, task: object, run: Run) -> Result[Any]:
    """Run a task under the run of a parent: its journal, its deps, and within its budget."""
    if not isinstance(run, LiveRun):
        raise ConfigurationError(f"a child needs the run of its parent, and got {run!r}")
    place = run.place
    options = RunOptions(deps=place.frame.deps)
    frame = make_frame(engine, options, place.scope, parent=place.frame.ledger)
    with place.scope.state.listening(place.scope.path, engine.on_event):
        return await drive(engine, task, options, LiveRun(Place(place.scope, frame)))


def _run_id(recording: Recording) -> str:
    for event in recording.events:
        if isinstance(event, Started):
            return event.run_id
    return os.urandom(8).hex()


def _paused(state: RunState, frame: Frame, scope: Scope) -> Result[Any]:
    return Result(
        finish="paused",
        usage=frame.ledger.used,
        messages=settle_calls(scope.conversation),
        trajectory=state.recording.events,
        run_id=state.id,
        duration_s=state.elapsed_s,
        pending=tuple(state.pending.values()),
    )


async def stop(worker: asyncio.Task[Any]) -> None:
    """Cancel the run and wait until it has cleaned up, even if this is cancelled meanwhile."""
    worker.cancel()
    cancelled: asyncio.CancelledError | None = None
    while not worker.done():
        try:
            await asyncio.wait((worker,))
        except asyncio.CancelledError as error:
            cancelled = error
    if not worker.cancelled():
        worker.exception()
    if cancelled is not None:
        raise cancelled
