"""`RecordStore`: one file of records and the index over it, for the threads of one process."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from ..errors import ConfigurationError, CorruptStoreError
from .index_keeper import IndexKeeper
from .record_rows import Selection, namespace_number, numbers_of
from .records import Namespace
from .sqlite_file import connect, naming_errors, snapshot, transaction
from .vector_index import VectorIndex

if TYPE_CHECKING:
    from .vector_index import Ids

__all__ = ["Opened", "RecordStore"]

T = TypeVar("T")

_SMALL_NAMESPACE = 1000
"""Of so many records all are compared, however large the file is."""


@dataclass(slots=True)
class Opened:
    """What a process holds open: SQLite's connections and locks do not survive a fork."""

    process_id: int
    reader: sqlite3.Connection
    writer: sqlite3.Connection
    keeper: IndexKeeper
    reading: Lock = field(default_factory=Lock)
    writing: Lock = field(default_factory=Lock)
    version: int = -1
    """SQLite's `data_version` when the index was last caught up for the reader."""
    small: dict[int, Ids | None] = field(default_factory=dict[int, "Ids | None"])
    """The numbers of all records of a namespace; None: there are many. Good for one version."""
    namespaces: dict[Namespace, int] = field(default_factory=dict[Namespace, int])

    def refresh(self) -> None:
        """Take up what was committed, by whomever. Needs `reading`."""
        version = self.data_version()
        if version != self.version:
            self.keeper.catch_up(self.reader)
            self.version = version
            self.small.clear()

    def data_version(self) -> int:
        """Return a number that is another one after a commit of another connection."""
        return int(self.reader.execute("PRAGMA data_version").fetchone()[0])

    def number_of(self, namespace: Namespace) -> int | None:
        """Return the number of a namespace, which never changes. Needs `reading`."""
        number = self.namespaces.get(namespace)
        if number is None:
            number = namespace_number(self.reader, namespace)
            if number is not None:
                self.namespaces[namespace] = number
        return number

    def members(self, namespace: int) -> Ids | None:
        """Return the numbers of a small namespace's records, expired ones too. Needs `reading`."""
        if namespace not in self.small:
            everything = Selection(namespace, now_s=float("-inf"))
            numbers = numbers_of(self.reader, everything, most=_SMALL_NAMESPACE + 1)
            self.small[namespace] = None if len(numbers) > _SMALL_NAMESPACE else numbers
        return self.small[namespace]

    def searched(self, action: Callable[[Opened], T]) -> tuple[T] | None:
        """Run what reads the index; None: a commit came in between. Needs `reading`."""
        with snapshot(self.reader):
            result = action(self)
        return (result,) if self.data_version() == self.version else None

    def close(self) -> None:
        """Close both connections once nobody uses them."""
        self.keeper.wait_for_training()
        with self.writing, self.reading, closing(self.reader), closing(self.writer):
            pass


class RecordStore:
    """Opens the file for the process that it is used in, and runs what reads and what writes it.

    Everything here blocks. Reads and writes have a connection each, so that neither waits for the
    other; a forked child opens the file anew.
    """

    def __init__(
        self,
        path: Path,
        *,
        embedder: str,
        dim: int,
        make_index: Callable[[], VectorIndex],
        busy_timeout_s: float,
    ) -> None:
        self.path = path
        self.dim = dim
        self._embedder = embedder
        self._make_index = make_index
        self._busy_timeout_s = busy_timeout_s
        self._opening = Lock()
        self._is_closed = False
        self._left_behind: list[Opened] = []
        """Of a parent process: to close them here would disturb the parent's."""
        self._now_open: Opened | None = self._open()

    def _connect(self) -> sqlite3.Connection:
        return connect(self.path, busy_timeout_s=self._busy_timeout_s)

    def _open(self) -> Opened:
        writer = self._connect()
        try:
            with naming_errors(self.path):
                self._check_embedder(writer)
            reader = self._connect()
        except BaseException:
            writer.close()
            raise
        keeper = IndexKeeper(self.path, self._make_index, dim=self.dim, connect=self._connect)
        return Opened(os.getpid(), reader, writer, keeper)

    def _check_embedder(self, connection: sqlite3.Connection) -> None:
        query = "SELECT value FROM settings WHERE name = ?"
        if connection.execute(query, ("embedder",)).fetchone() is None:
            with transaction(connection):
                connection.executemany(
                    "INSERT OR IGNORE INTO settings (name, value) VALUES (?, ?)",
                    [("dim", str(self.dim)), ("embedder", self._embedder)],
                )
        name, dim = (connection.execute(query, (key,)).fetchone() for key in ("embedder", "dim"))
        if name is None or dim is None:
            raise CorruptStoreError(
                f"the store {str(self.path)!r} does not say which embedder made it",
                path=str(self.path),
            )
        if (name[0], dim[0]) != (self._embedder, str(self.dim)):
            raise ConfigurationError(
                f"the store {str(self.path)!r} was made with the embedder {name[0]!r} of {dim[0]} "
                f"dimensions, and not with {self._embedder!r} of {self.dim}: open it with that "
                "one, or add its texts to a new store"
            )

    def opened(self) -> Opened:
        """Return what this process holds open."""
        now_open = self._now_open
        if now_open is not None and now_open.process_id == os.getpid():
            return now_open
        if self._is_closed:
            raise ConfigurationError(f"the memory at {str(self.path)!r} was closed: make another")
        return self._opened_again()

    def _opened_again(self) -> Opened:
        if not self._opening.acquire(timeout=self._busy_timeout_s):
            self._opening = Lock()  # the process was forked while another thread held it
            return self._opened_again()
        try:
            if self._now_open is None or self._now_open.process_id != os.getpid():
                if self._now_open is not None:
                    self._left_behind.append(self._now_open)
                self._now_open = self._open()
            return self._now_open
        finally:
            self._opening.release()

    def read(self, action: Callable[[Opened], T]) -> T:
        """Run what reads, after all that was committed before was taken up."""
        opened = self.opened()
        with opened.reading, naming_errors(self.path):
            opened.refresh()
            return action(opened)

    def search(self, action: Callable[[Opened], T]) -> T:
        """Run what reads the index too, of which it sees the same state as of the file.

        Where a commit came in between, the index may have known it and the file not, or the other
        way round: a record that was changed would then be missed. It is run again, and that time
        the commits that follow wait to be taken up.
        """
        opened = self.opened()
        with opened.reading, naming_errors(self.path):
            opened.refresh()
            found = opened.searched(action)
            if found is not None:
                return found[0]
            with opened.keeper.agreeing(opened.reader):
                opened.small.clear()
                return action(opened)

    def search_at_once(self, action: Callable[[Opened], T]) -> tuple[T] | None:
        """Run it if there is nothing to wait for, and nothing to take up; else None."""
        opened = self.opened()
        if not opened.keeper.is_quick or not opened.reading.acquire(blocking=False):
            return None
        try:
            with naming_errors(self.path):
                if opened.data_version() != opened.version:
                    return None
                return opened.searched(action)
        finally:
            opened.reading.release()

    def write(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Run what writes in one transaction; when this returns it is on the disk and found."""
        opened = self.opened()
        with opened.writing, naming_errors(self.path):
            with transaction(opened.writer):
                result = action(opened.writer)
            opened.keeper.catch_up(opened.writer)
            return result

    def close(self) -> None:
        """Close the file; waits for a training that runs."""
        with self._opening:
            self._is_closed = True
            now_open, self._now_open = self._now_open, None
        if now_open is None:
            return
        if now_open.process_id == os.getpid():
            now_open.close()
        else:
            self._left_behind.append(now_open)
