"""What a journal holds, looked up by key; and which recorded failures a resumed run tries again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from . import errors
from .errors import AgentCoreError, DivergenceError
from .events import Answered, Decided, Event, Failed, Intended, Resumed, Settled
from .interfaces import Journal
from .usage import Usage
from .values import JsonValue, Value

__all__ = ["COMBINATORS", "Recording", "to_error", "to_failed"]

E = TypeVar("E", bound=Event)
V = TypeVar("V", bound=Value)

COMBINATORS = ("all", "race", "dag", "calls")
"""Kinds of keys under which branches run side by side."""

CANCELLED = "CancelledError"
"""What is recorded as the error of an effect that was charged and then cancelled."""
_ATTEMPTS = (Intended, Decided)


class Recording:
    """The index over one journal.

    A key is scope and counter, such as `plan/all-1/0/think-2`; the scopes are its segments. Results
    are looked up by key, not replayed in a global order, so that branches may interleave anew.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._events = list(journal.events())
        self._loaded = len(self._events)
        self._by_key: dict[str, Event] = {}
        self._attempts: dict[str, Intended | Decided] = {}
        dropped = {
            seq for event in self._events if isinstance(event, Resumed) for seq in event.dropped
        }
        retried = _to_retry([event for event in self._events if event.seq not in dropped])
        for event in self._events:
            if event.seq not in dropped and event.seq not in retried:
                self._index(event)
        if retried:
            self.append(Resumed(key="", dropped=tuple(sorted(retried))))

    @property
    def events(self) -> tuple[Event, ...]:
        """All events, in order."""
        return tuple(self._events)

    @property
    def latest_key(self) -> str:
        """Key of the event that was recorded last."""
        return self._events[-1].key if self._events else ""

    @property
    def elapsed_s(self) -> float:
        """Seconds that the run had used when its last event was recorded."""
        return self._events[-1].at_s if self._events else 0.0

    def find(self, key: str, kind: type[E], digest: str) -> E | Failed | None:
        """Return the recorded result or failure of an effect, or None where it is to be done.

        Raises:
            DivergenceError: something else was recorded under this key.
        """
        event = self._by_key.get(key)
        if event is None:
            return None
        if event.request_digest != digest or not isinstance(event, (kind, Failed)):
            raise DivergenceError(
                f"the replay diverged at {key!r}: recorded was {type(event).__name__} of request "
                f"{event.request_digest}, asked is {kind.__name__} of request {digest}. A planner "
                "must ask the same things again: no clock, random number or I/O but through its "
                "run; if the agent itself was changed, start with a new journal"
            )
        return event

    def usage(self, path: str) -> Usage:
        """Return what was used under a path in earlier processes, by discarded branches too."""
        used = Usage()
        for event in self._events[: self._loaded]:
            if event.usage is not None and event.key.startswith(path):
                used += event.usage
        return used

    def last_attempt(self, key: str) -> Intended | Decided | None:
        """Return the last intent or decision recorded for a call or question."""
        return self._attempts.get(key)

    def end(self, key: str) -> Answered | Failed | None:
        """Return how the run with this end key ended, if it did."""
        event = self._by_key.get(key)
        return event if isinstance(event, (Answered, Failed)) else None

    def append(self, event: E, *, at_s: float | None = None, durable: bool = False) -> E:
        """Number an event, store it, index it: one synchronous step."""
        seq = self._events[-1].seq + 1 if self._events else 1
        _number(event, seq, self.elapsed_s if at_s is None else at_s)
        self._journal.append(event, durable=durable)
        self._events.append(event)
        self._index(event)
        return event

    def _index(self, event: Event) -> None:
        if isinstance(event, _ATTEMPTS):
            self._attempts[event.key] = event
        elif not isinstance(event, Resumed) and not _is_cancelled(event):
            self._by_key[event.key] = event


def _number(event: Value, seq: int, at_s: float) -> None:
    """Write into an event that nobody has seen yet: a copy would be half the cost of recording."""
    vars(event).update(seq=seq, at_s=at_s)


def _is_cancelled(event: Event) -> bool:
    """Such a record says what was charged; the effect itself is done again where it is met."""
    return isinstance(event, Failed) and event.error == CANCELLED


def _is_failure(event: Event) -> bool:
    if _is_cancelled(event):
        return False
    return isinstance(event, Failed) or (isinstance(event, Settled) and event.failed is not None)


def _to_retry(events: Sequence[Event]) -> set[int]:
    """Return the `seq` of the failures that no planner went on from: nothing depends on them."""
    retried: set[int] = set()
    later: list[list[str]] = []
    for event in reversed(events):
        path = event.key.split("/")
        if _is_failure(event):
            if not any(_follows(path, other) for other in later):
                retried.add(event.seq)
                continue
        elif _is_cancelled(event) or isinstance(event, (Resumed, *_ATTEMPTS)):
            continue
        later.append(path)
    return retried


def _follows(failed: list[str], later: list[str]) -> bool:
    """Whether the code that made the later key had seen the failure, not merely run beside it."""
    shared = 0
    while shared < min(len(failed), len(later)) and failed[shared] == later[shared]:
        shared += 1
    if shared and failed[shared - 1].rpartition("-")[0] in COMBINATORS:
        return shared == len(later)  # the combinator's own end, else a branch beside the failed one
    return True


_DETAILS = (
    "backend",
    "retry_after_s",
    "known",
    "tokens",
    "limit",
    "text",
    "path",
    "install",
    "retryable",
    "scope",
)


def to_failed(
    error: AgentCoreError, *, key: str, digest: str, usage: Usage | None = None
) -> Failed:
    """Describe an error so that `to_error` can make it again."""
    details: dict[str, JsonValue] = {}
    for name in _DETAILS:
        value: Any = error.__dict__.get(name)
        if value is not None:
            details[name] = list(value) if name == "known" else value
    return Failed(
        key=key,
        request_digest=digest,
        usage=usage,
        error=_recorded_class(error).__name__,
        message=str(error),
        details=details,
    )


def _recorded_class(error: AgentCoreError) -> type[AgentCoreError]:
    """The nearest class of `errors`: a planner that catches it goes on in a replay as well."""
    kinds = (kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
    return next(kind for kind in kinds if issubclass(kind, AgentCoreError))


def _error_class(event: Failed) -> type[AgentCoreError]:
    """Look the class up; the root stands for one that this version does not have."""
    kind: object = getattr(errors, event.error, None)
    if isinstance(kind, type) and issubclass(kind, AgentCoreError):
        return kind
    return AgentCoreError


def to_error(event: Failed) -> AgentCoreError:
    """Make the recorded error again."""
    kind = _error_class(event)
    details = event.details.items()
    error = kind.__new__(kind, event.message)
    error.args = (event.message,)
    error.__dict__.update(
        {name: tuple(value) if isinstance(value, list) else value for name, value in details}
    )
    return error
