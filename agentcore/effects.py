"""How one effect is done: looked up in the journal, else performed, recorded, reported."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from .errors import (
    AgentCoreError,
    DivergenceError,
    LimitError,
    StepLimitError,
    TimeLimitError,
    TokenLimitError,
)
from .events import Answered, Event
from .frame import Frame
from .recording import to_error, to_failed
from .scope import Scope
from .usage import Finish

__all__ = ["Place", "check_not_ended", "limit_error", "perform"]

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an effect happens: a scope of a run, and the frame of the agent whose run it is."""

    scope: Scope
    frame: Frame


async def perform(
    place: Place, key: str, kind: type[E], digest: str, action: Callable[[], Awaitable[E]]
) -> E:
    """Return the recorded event of an effect, or do it and record what came of it.

    Only agentcore's own errors are recorded: any other is a bug, and is met again when it runs
    again.
    """
    recorded = place.scope.find(key, kind, digest)
    if recorded is not None:
        return recorded
    check_not_ended(place, key)
    try:
        event = await action()
    except AgentCoreError as error:
        place.scope.state.record(to_failed(error, key=key, digest=digest))
        raise
    return place.scope.state.record(event)


def check_not_ended(place: Place, key: str) -> None:
    """Stop a replay where the recorded run had stopped, instead of doing something new."""
    end = place.frame.end
    if end is None:
        return
    if isinstance(end, Answered):
        if end.finish == "answered":
            raise DivergenceError(
                f"the replay diverged: {key!r} was never recorded, and the recorded run had its "
                "answer"
            )
        raise limit_error(end.finish)
    raise to_error(end)


def limit_error(limit: Finish) -> LimitError:
    """Make the error of a bound again."""
    message = f"the recorded run ended when its {limit} were used up"
    if limit == "tokens":
        return TokenLimitError(message)
    if limit == "seconds":
        return TimeLimitError(message)
    return StepLimitError(message, limit=limit)
