"""How one effect is done: looked up in the journal, else performed, recorded, reported."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from .errors import (
    AgentCoreError,
    DivergenceError,
    LimitError,
    RunError,
    StepLimitError,
    TimeLimitError,
    TokenLimitError,
)
from .events import Answered, Event, Failed
from .frame import Frame
from .recording import CANCELLED, to_error, to_failed
from .scope import Scope
from .usage import Finish, Usage

__all__ = ["Meter", "Place", "perform"]

E = TypeVar("E", bound=Event)

_MOST_REFUSALS = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where an effect happens: a scope of a run, and the frame of the agent whose run it is."""

    scope: Scope
    frame: Frame


@dataclass(slots=True)
class Meter:
    """What an effect is charged; filled in while it is done, so that it is known if it fails."""

    usage: Usage | None = None


async def perform(
    place: Place,
    key: str,
    kind: type[E],
    digest: str,
    action: Callable[[], Awaitable[E]],
    *,
    meter: Meter | None = None,
) -> E:
    """Return the recorded event of an effect, or do it and record what came of it.

    Only agentcore's own errors are recorded: any other is a bug, and is met again when it runs
    again. A cancelled effect is recorded where it was charged, but not where a pause cancelled it.
    """
    recorded = place.scope.find(key, kind, digest)
    if recorded is not None:
        return recorded
    _check_may_go_on(place, key)
    meter = meter or Meter()
    try:
        place.frame.ledger.check_time(place.scope.state.elapsed_s)
        event = await action()
    except AgentCoreError as error:
        place.frame.latest = place.scope
        if isinstance(error, LimitError):
            await _count_refusal(place)
        failed = to_failed(error, key=key, digest=digest, usage=meter.usage)
        place.scope.state.record(failed)
        raise
    except asyncio.CancelledError:
        if meter.usage is not None and not place.scope.state.paused.done():
            cancelled = Failed(key=key, request_digest=digest, usage=meter.usage, error=CANCELLED)
            place.scope.state.record(cancelled)
        raise
    return place.scope.state.record(event)


async def _count_refusal(place: Place) -> None:
    """End a planner that goes on and on after a bound; until then let others run in between."""
    place.scope.refusals += 1
    if place.scope.refusals > _MOST_REFUSALS:
        raise RunError(
            f"the planner went on {_MOST_REFUSALS} times after a bound of its budget was reached"
        )
    await asyncio.sleep(0)


def _check_may_go_on(place: Place, key: str) -> None:
    """Stop here instead of doing something new.

    Where the recorded run had stopped, and where the task was cancelled, also if a tool or planner
    swallowed that.
    """
    _check_not_ended(place, key)
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _check_not_ended(place: Place, key: str) -> None:
    end = place.frame.end
    if end is None:
        return
    if isinstance(end, Answered):
        if end.finish == "answered":
            raise DivergenceError(
                f"the replay diverged: {key!r} was never recorded, and the recorded run had its "
                "answer"
            )
        raise _limit_error(end.finish)
    raise to_error(end)


def _limit_error(limit: Finish) -> LimitError:
    """Make the error of a bound again."""
    message = f"the recorded run ended when its {limit} were used up"
    if limit == "tokens":
        return TokenLimitError(message)
    if limit == "seconds":
        return TimeLimitError(message)
    return StepLimitError(message, limit=limit)
