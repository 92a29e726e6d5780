"""Completions on disk: found by a key, or by a vector near to theirs."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ..completions import Completion
from ..errors import CorruptStoreError, MemoryStoreError

if TYPE_CHECKING:
    import sqlite3

    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    """(d,)"""

__all__ = ["CacheStore"]

_logger = logging.getLogger(__name__)

_APPLICATION_ID = 0x61676363
"""Says in the file's header that it is one of ours."""
_VERSION = 1
_BUSY_S = 1.0
_COMPARED = 2000
"""Vectors that are looked through for a near one: the newest."""
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, completion BLOB NOT NULL,
    created_s REAL NOT NULL, context TEXT, vector BLOB
);
CREATE INDEX IF NOT EXISTS by_context ON entries (context, id) WHERE context IS NOT NULL;
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
COMMIT;
"""


# One that is stored again keeps its number: without gaps the numbers tell how many there are.
_INSERT = (
    "INSERT INTO entries (key, completion, created_s, context, vector) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (key) DO UPDATE SET completion = excluded.completion, "
    "created_s = excluded.created_s, context = excluded.context, vector = excluded.vector"
)
_EVICT = "DELETE FROM entries WHERE id <= (SELECT max(id) FROM entries) - ?"


class CacheStore:
    """An SQLite file in WAL mode: any number of processes read and write it at the same time.

    Used in line, not in a thread: a look-up takes some ten microseconds, less than the hand-over.
    The file is opened when it is first needed. What cannot be written because another process holds
    the file, or the disk is full, is left out with a warning: it is a cache.
    """

    def __init__(self, path: str | Path, *, max_entries: int) -> None:
        self._path = os.fspath(path)
        self._max_entries = max_entries
        self._process_id = os.getpid()
        self._connection: sqlite3.Connection | None = None
        self._left_behind: list[sqlite3.Connection] = []
        self._lock = Lock()

    def get(self, key: str, *, since_s: float) -> Completion | None:
        """Return what is stored under a key and not older than that.

        Raises:
            CorruptStoreError: the file is damaged, or none of ours; it is left as it is.
            MemoryStoreError: it cannot be opened.
        """
        query = "SELECT completion FROM entries WHERE key = ? AND created_s >= ?"
        with self._opened() as connection:
            row = connection.execute(query, (key, since_s)).fetchone()
        return None if row is None else self._load(row[0])

    def near(
        self, context: str, vector: Vector, *, min_similarity: float, since_s: float
    ) -> Completion | None:
        """Return what is stored in a context under the vector of the highest cosine, if near."""
        import numpy as np

        query = (
            "SELECT id, vector FROM entries WHERE context = ? AND created_s >= ? "
            "ORDER BY id DESC LIMIT ?"
        )
        with self._opened() as connection:
            rows = connection.execute(query, (context, since_s, _COMPARED)).fetchall()
            rows = [row for row in rows if len(row[1]) == 4 * len(vector)]
            if not rows:
                return None
            stored = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f4")
            similarity = stored.reshape(len(rows), -1) @ _unit(vector)  # (n,)
            best = int(similarity.argmax())
            if similarity[best] < min_similarity:
                return None
            found = connection.execute(
                "SELECT completion FROM entries WHERE id = ?", (rows[best][0],)
            ).fetchone()
        return None if found is None else self._load(found[0])

    def put(
        self,
        key: str,
        completion: Completion,
        *,
        created_s: float,
        context: str | None = None,
        vector: Vector | None = None,
    ) -> None:
        """Store a completion, over an older one; beyond `max_entries` the first stored leave."""
        blob = None if vector is None else _unit(vector).astype("<f4").tobytes()
        row = (key, completion.encoded, created_s, context, blob)
        try:
            with self._opened() as connection, connection:  # the inner one commits, or rolls back
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(_INSERT, row)
                connection.execute(_EVICT, (self._max_entries,))
        except CorruptStoreError:
            raise
        except MemoryStoreError as error:
            _logger.warning("an answer was not cached: %s", error)

    def close(self) -> None:
        """Close the file; it is opened again when it is needed again."""
        with self._lock:
            self._leave_behind()
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _leave_behind(self) -> None:
        """In a fork, neither use nor close the parent's connection: both would harm the file."""
        if self._process_id == os.getpid():
            return
        if self._connection is not None:
            self._left_behind.append(self._connection)
        self._process_id, self._connection = os.getpid(), None

    @contextmanager
    def _opened(self) -> Generator[sqlite3.Connection]:
        import sqlite3

        with self._lock:
            self._leave_behind()
            try:
                if self._connection is None:
                    self._connection = _connect(self._path)
                yield self._connection
            except sqlite3.OperationalError as error:  # held by another process, full, not there
                raise MemoryStoreError(f"the cache {self._path!r}: {error}") from error
            except sqlite3.DatabaseError as error:
                raise self._corrupt(str(error)) from error

    def _load(self, stored: bytes) -> Completion:
        try:
            return Completion.model_validate_json(stored)
        except ValidationError as error:
            raise self._corrupt("an entry is no completion") from error

    def _corrupt(self, what: str) -> CorruptStoreError:
        return _corrupt(self._path, what)


def _connect(path: str) -> sqlite3.Connection:
    """Open the file; one that is not ours is not written to."""
    import sqlite3

    connection = sqlite3.connect(
        path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )
    try:
        _check_ours(connection, path)
        with suppress(sqlite3.OperationalError):  # another process is about to set it
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _check_ours(connection: sqlite3.Connection, path: str) -> None:
    """Lay out an empty file; raise `CorruptStoreError` for what somebody else laid out."""
    is_empty = connection.execute("SELECT 1 FROM sqlite_schema").fetchone() is None
    if is_empty and _header_of(connection) == (0, 0):
        connection.executescript(_SCHEMA)  # harmless where another process has just done it too
    if _header_of(connection) != (_APPLICATION_ID, _VERSION):
        raise _corrupt(path, "it is no cache of this version")


def _header_of(connection: sqlite3.Connection) -> tuple[int, int]:
    """Whose file it is, and of which version."""
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    return application_id, connection.execute("PRAGMA user_version").fetchone()[0]


def _corrupt(path: str, what: str) -> CorruptStoreError:
    return CorruptStoreError(
        f"the cache {path!r} cannot be read: {what}. It was left as it is: move it away, or give "
        "another path",
        path=path,
    )


def _unit(vector: Vector) -> Vector:
    """The vector with length 1; one of zeros stays."""
    import numpy as np

    length = float(np.linalg.norm(vector))
    return vector / length if length else vector
