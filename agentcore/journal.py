"""A journal in memory, which can be written to a file and read from one."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from .errors import ConfigurationError, CorruptStoreError, MemoryStoreError
from .events import Event, load_event

__all__ = ["MemoryJournal"]

_logger = logging.getLogger(__name__)


class MemoryJournal:
    """Keeps the events of one run in memory.

    Hand it to `run(task, journal=journal)`. Handed over again with the same task it resumes the
    run: what is recorded is not done again.

    Example:
        >>> from agentcore import Agent, MemoryJournal
        >>> from agentcore.testing import ScriptedLLM
        >>> journal = MemoryJournal()
        >>> Agent(llm=ScriptedLLM("Paris")).run_sync("Capital of France?", journal=journal).output
        'Paris'
        >>> Agent(llm=ScriptedLLM()).run_sync("Capital of France?", journal=journal).output
        'Paris'
    """

    def __init__(self, events: Sequence[Event] = ()) -> None:
        self._events = list(events)

    def __repr__(self) -> str:
        return f"MemoryJournal({len(self._events)} events)"

    def events(self) -> tuple[Event, ...]:
        """Return all events in the order in which they were appended."""
        return tuple(self._events)

    def append(self, event: Event, *, durable: bool = False) -> None:
        """Store one event; `durable` makes no difference in memory."""
        del durable
        last = self._events[-1].seq if self._events else 0
        if event.seq != last + 1:
            raise ConfigurationError(
                f"event {event.seq} was appended to a journal that ends with event {last}: another "
                "run writes to it; a journal belongs to one run at a time"
            )
        self._events.append(event)

    def save(self, path: str | Path) -> None:
        """Write the events to a file, one JSON object a line; an older file is replaced whole.

        Raises:
            MemoryStoreError: the file cannot be written.
        """
        path = Path(path)
        try:
            unfinished = path.with_name(path.name + ".part")
            with unfinished.open("wb") as file:
                file.writelines(event.encoded + b"\n" for event in self._events)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except (OSError, ValueError) as error:
            raise MemoryStoreError(
                f"the journal cannot be written to {str(path)!r}: {error}"
            ) from error

    @classmethod
    def load(cls, path: str | Path) -> MemoryJournal:
        """Read a file that `save` wrote, or one that a crash cut off in its last line.

        Raises:
            MemoryStoreError: the file cannot be read.
            CorruptStoreError: a line is no event, or not the next one.
        """
        try:
            data = Path(path).read_bytes()
        except (OSError, ValueError) as error:
            raise MemoryStoreError(f"the journal {str(path)!r} cannot be read: {error}") from error
        *lines, tail = data.split(b"\n")
        if tail:
            _logger.warning("journal %s ends in a line that was cut off: it is left out", path)
        events: list[Event] = []
        for number, line in enumerate(lines, start=1):
            try:
                event = load_event(line)
            except ValidationError as error:
                raise CorruptStoreError(
                    f"line {number} of {str(path)!r} is no event of a journal: {line[:80]!r}",
                    path=str(path),
                ) from error
            if event.seq != number:
                raise CorruptStoreError(
                    f"line {number} of {str(path)!r} holds event {event.seq}: lines are missing, "
                    "doubled or out of order",
                    path=str(path),
                )
            events.append(event)
        return cls(events)
