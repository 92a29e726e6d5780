"""A place in a run: the task it belongs to, and the counters that make the keys of its effects."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from .errors import ConfigurationError
from .events import Event, Failed
from .messages import Message
from .recording import COMBINATORS, to_error
from .run_state import RunState

__all__ = ["Scope", "Summary"]

E = TypeVar("E", bound=Event)

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_RESERVED = {*COMBINATORS, "act", "child", "llm", "think", "start", "end", "session"}


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands for the oldest part of a conversation that did not fit into the window."""

    units: tuple[str, ...] = ()
    """Digests of the parts."""
    text: str = ""


_NO_SUMMARY = Summary()


class Scope:
    """Keys are `path` + kind + counter. One task uses a scope; other tasks get their own."""

    def __init__(self, state: RunState, path: str = "") -> None:
        self.state = state
        self.path = path
        """Ends with `/`, or is empty at the root."""
        self.conversation: Sequence[Message] = ()
        """What the model was last sent from here, and what came of it."""
        self.summary = _NO_SUMMARY
        """Of what did not fit into the window here."""
        self.refusals = 0
        """How often a bound of the budget refused an effect here."""
        self._owner: asyncio.Task[Any] | None = None
        self._counters: dict[str, int] = {}

    def claim(self) -> None:
        """Make the current task the owner."""
        self._owner = asyncio.current_task()

    def key(self, kind: str) -> str:
        """Return the next key of a kind, such as `plan/think-2`."""
        self._check_owner()
        number = self._counters.get(kind, 0) + 1
        self._counters[kind] = number
        return f"{self.path}{kind}-{number}"

    def has_issued(self, *kinds: str) -> bool:
        """Whether a key of one of the kinds was made here."""
        return not self._counters.keys().isdisjoint(kinds)

    def branch(self, key: str) -> Scope:
        """Open the scope under a key, for another task to claim."""
        return Scope(self.state, f"{key}/")

    def inner(self, key: str) -> Scope:
        """Open the scope under a key, for the same task."""
        scope = self.branch(key)
        scope._owner = self._owner
        return scope

    def named(self, name: str) -> Scope:
        """Open a scope under a name; a name that comes again is numbered."""
        self._check_owner()
        kind = name.partition("-")[0]
        if not _NAME.fullmatch(name) or kind in _RESERVED:
            raise ConfigurationError(
                f"{name!r} cannot name a scope: use letters, digits, '_', '-' and '.', and not one "
                f"of {sorted(_RESERVED)}"
            )
        segment, number = name, 1
        while segment in self._counters:
            number += 1
            segment = f"{name}-{number}"
        self._counters[segment] = 0
        return self.inner(f"{self.path}{segment}")

    def find(self, key: str, kind: type[E], digest: str) -> E | None:
        """Return what is recorded under a key, and report it again; None: it is to be done.

        Raises:
            DivergenceError: something else is recorded there.
            AgentCoreError: the recorded failure, where the planner went on from it.
        """
        recorded = self.state.recording.find(key, kind, digest)
        if recorded is not None:
            self.state.report(recorded)
        if isinstance(recorded, Failed):
            raise to_error(recorded)
        return recorded

    def _check_owner(self) -> None:
        task = asyncio.current_task()
        if task is not self._owner:
            raise ConfigurationError(
                f"the run of scope {self.path or '(root)'!r} was used from the task "
                f"{task.get_name() if task else None!r}, which is not its own. Run things side by "
                "side with run.all(...), run.race(...) or run.dag(...), and use the run that each "
                "branch is handed; instead of asyncio.wait_for use think(timeout_s=...)"
            )
