"""Where conversations are kept: in this process, or in a SQLite file that survives it."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Protocol, TypeVar

from ..errors import ConfigurationError, CorruptStoreError
from ..events import MemoryHit
from ..messages import Message, dump_messages, load_messages
from .record_entries import dump_metadata
from .sqlite_file import connect, naming_errors, transaction

__all__ = ["FileSessions", "ProcessSessions", "SessionStore", "Summary"]

T = TypeVar("T")

Summary = tuple[int, str]
"""How many of a session's first messages it stands for, and its text."""


class SessionStore(Protocol):
    """Messages and a summary for each session, and notes for all."""

    async def messages(self, session: str) -> tuple[Sequence[Message], Summary]:
        """Return all messages of a session, and its summary, of 0 messages where there is none."""
        ...

    async def extend(self, session: str, messages: Sequence[Message]) -> None:
        """Append messages, all or none."""
        ...

    async def keep_summary(self, session: str, summary: Summary) -> None:
        """Keep a summary, unless there is one of more messages."""
        ...

    async def forget(self, session: str) -> None:
        """Delete a session."""
        ...

    async def add_note(self, note: MemoryHit) -> None:
        """Store a note."""
        ...

    async def notes(self) -> Sequence[MemoryHit]:
        """Return all notes, oldest first."""
        ...

    async def aclose(self) -> None:
        """Give back what is held open."""
        ...


class ProcessSessions:
    """Keeps them in this process."""

    def __init__(self) -> None:
        self._sessions: dict[str, list[Message]] = {}
        self._summaries: dict[str, Summary] = {}
        self._notes: list[MemoryHit] = []

    async def messages(self, session: str) -> tuple[Sequence[Message], Summary]:
        """Return a copy."""
        return tuple(self._sessions.get(session, ())), self._summaries.get(session, (0, ""))

    async def extend(self, session: str, messages: Sequence[Message]) -> None:
        """Append."""
        self._sessions.setdefault(session, []).extend(messages)

    async def keep_summary(self, session: str, summary: Summary) -> None:
        """Keep the longer one, where the session was not forgotten meanwhile."""
        if summary[0] <= len(self._sessions.get(session, ())):
            self._summaries[session] = max(self._summaries.get(session, (0, "")), summary)

    async def forget(self, session: str) -> None:
        """Delete."""
        self._sessions.pop(session, None)
        self._summaries.pop(session, None)

    async def add_note(self, note: MemoryHit) -> None:
        """Append."""
        self._notes.append(note)

    async def notes(self) -> Sequence[MemoryHit]:
        """Return a copy."""
        return tuple(self._notes)

    async def aclose(self) -> None:
        """Hold nothing open."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """What one process holds: a lock too may have been held by a thread that a fork left behind."""

    connection: sqlite3.Connection
    lock: Lock = field(default_factory=Lock)


class FileSessions:
    """Keeps them in a SQLite file, which may be that of a `VectorMemory`."""

    def __init__(self, path: Path, *, busy_timeout_s: float) -> None:
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._is_closed = False
        self._by_process: dict[int, _Opened] = {}
        """Those of parent processes too: to close them here would disturb the parent's."""
        self._opened()

    async def messages(self, session: str) -> tuple[Sequence[Message], Summary]:
        """Read all of a session."""

        def action(connection: sqlite3.Connection) -> tuple[list[str], Summary]:
            rows = connection.execute(
                "SELECT message FROM messages WHERE session = ? ORDER BY position", (session,)
            ).fetchall()
            summary = connection.execute(
                "SELECT covered, text FROM summaries WHERE session = ?", (session,)
            ).fetchone()
            return [row[0] for row in rows], summary or (0, "")

        rows, summary = await self._do(action)
        try:
            return load_messages(f"[{','.join(rows)}]"), summary
        except ConfigurationError as error:
            raise CorruptStoreError(
                f"session {session!r} in {str(self._path)!r} holds what is no message",
                path=str(self._path),
            ) from error

    async def extend(self, session: str, messages: Sequence[Message]) -> None:
        """Append in one transaction."""
        rows = [(session, dump_messages([message])[1:-1]) for message in messages]
        await self._do(
            lambda connection: connection.executemany(
                "INSERT INTO messages (session, message) VALUES (?, ?)", rows
            )
        )

    async def keep_summary(self, session: str, summary: Summary) -> None:
        """Keep the longer one, where the session was not forgotten meanwhile."""
        await self._do(
            lambda connection: connection.execute(
                "INSERT OR REPLACE INTO summaries (session, covered, text) SELECT ?1, ?2, ?3 "
                "WHERE ?2 <= (SELECT count(*) FROM messages WHERE session = ?1) AND ?2 > "
                "coalesce((SELECT covered FROM summaries WHERE session = ?1), 0)",
                (session, *summary),
            )
        )

    async def forget(self, session: str) -> None:
        """Delete messages and summary together."""

        def action(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM messages WHERE session = ?", (session,))
            connection.execute("DELETE FROM summaries WHERE session = ?", (session,))

        await self._do(action)

    async def add_note(self, note: MemoryHit) -> None:
        """Insert."""
        row = (note.text, note.source, dump_metadata(note.metadata))
        await self._do(
            lambda connection: connection.execute(
                "INSERT INTO notes (text, source, metadata) VALUES (?, ?, ?)", row
            )
        )

    async def notes(self) -> Sequence[MemoryHit]:
        """Read all."""
        query = "SELECT text, source, metadata FROM notes ORDER BY position"
        rows = await self._do(lambda connection: connection.execute(query).fetchall())
        return [
            MemoryHit(text=text, score=0.0, source=source, metadata=json.loads(metadata))
            for text, source, metadata in rows
        ]

    async def _do(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Run it in a thread and in one transaction."""

        def run() -> T:
            opened = self._opened()
            with opened.lock, naming_errors(self._path), transaction(opened.connection):
                return action(opened.connection)

        return await asyncio.to_thread(run)

    def _opened(self) -> _Opened:
        """Return what this process opened: what was open before a fork must not be used."""
        if self._is_closed:
            raise ConfigurationError(f"the sessions at {str(self._path)!r} were closed")
        process_id = os.getpid()
        found = self._by_process.get(process_id)
        if found is None:
            made = _Opened(connect(self._path, busy_timeout_s=self._busy_timeout_s))
            found = self._by_process.setdefault(process_id, made)
            if found is not made:  # another thread was faster
                made.connection.close()
        return found

    async def aclose(self) -> None:
        """Close the file."""

        def close() -> None:
            self._is_closed = True
            opened = self._by_process.get(os.getpid())
            if opened is not None:
                with opened.lock:
                    opened.connection.close()

        await asyncio.to_thread(close)
