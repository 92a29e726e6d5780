"""The SQLite file under memories: opened, told apart from any other file, and its errors named."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from ..errors import CorruptStoreError, MemoryStoreError

__all__ = ["check_is_store", "connect", "naming_errors", "snapshot", "transaction"]

_APPLICATION = 0x61676D31
"""`agm1`: in the header of every file that is ours."""
_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_SCHEMA = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE namespaces (
    number INTEGER PRIMARY KEY, user TEXT NOT NULL, agent TEXT NOT NULL, session TEXT NOT NULL,
    UNIQUE (user, agent, session));
CREATE TABLE records (
    -- A number is never used twice, so that an index knows of a vector by its number alone.
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace INTEGER NOT NULL, id TEXT NOT NULL, text TEXT NOT NULL, source TEXT NOT NULL,
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    created_at REAL NOT NULL, expires_at REAL,
    UNIQUE (namespace, id));
CREATE INDEX records_by_namespace ON records (namespace);
CREATE INDEX records_by_source ON records (namespace, source);
CREATE INDEX records_by_expiry ON records (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE vectors (number INTEGER PRIMARY KEY, vector BLOB NOT NULL);
CREATE TABLE removals (position INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER NOT NULL);
CREATE TRIGGER a_record_is_removed AFTER DELETE ON records BEGIN
    DELETE FROM vectors WHERE number = old.number;
    INSERT INTO removals (number) VALUES (old.number);
END;
CREATE TABLE learnt (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE messages (
    position INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL, message TEXT NOT NULL);
CREATE INDEX messages_by_session ON messages (session);
CREATE TABLE summaries (session TEXT PRIMARY KEY, covered INTEGER NOT NULL, text TEXT NOT NULL);
CREATE TABLE notes (
    position INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL, source TEXT NOT NULL,
    metadata TEXT NOT NULL);
"""
_HINTS = {
    sqlite3.SQLITE_BUSY: "another process is writing to it: raise busy_timeout_s",
    sqlite3.SQLITE_FULL: "make room on the disk; what was acknowledged is safe",
    sqlite3.SQLITE_IOERR: "is the disk full, or gone? What was acknowledged is safe",
    sqlite3.SQLITE_READONLY: "the file and its folder must be writable",
    sqlite3.SQLITE_CANTOPEN: "the folder must exist and be writable, and the path name a file",
}


def connect(path: Path, *, busy_timeout_s: float) -> sqlite3.Connection:
    """Open the file, or make it; a file that is something else is left as it is.

    The connection may be used from any thread, by one at a time.

    Raises:
        CorruptStoreError: the file is no store, or is damaged.
        MemoryStoreError: it cannot be opened or made.
    """
    check_is_store(path)
    with naming_errors(path):
        connection = sqlite3.connect(
            path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection


def check_is_store(path: Path) -> None:
    """Read the header without SQLite, which would recover or truncate what is not ours.

    A file whose making was cut off by a crash has a journal beside it, and no header yet.
    """
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise MemoryStoreError(f"the store {str(path)!r} cannot be opened: {error}") from error
    is_unfinished = not header.strip(b"\0") and path.with_name(path.name + "-journal").exists()
    if not header or is_unfinished:
        return
    if not header.startswith(_MAGIC) or len(header) < _HEADER_BYTES:
        raise CorruptStoreError(
            f"{str(path)!r} is no SQLite file: it was left as it is", path=str(path)
        )
    application = int.from_bytes(header[68:72])
    if application != _APPLICATION:
        raise CorruptStoreError(
            f"{str(path)!r} is a SQLite file of another program (application_id "
            f"{application:#x}, not {_APPLICATION:#x}): it was left as it is",
            path=str(path),
        )


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    # FULL: a commit is on the disk when it is acknowledged, also if the power fails.
    connection.execute("PRAGMA synchronous = FULL")
    if connection.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION:
        with transaction(connection):
            _make(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA cache_size = -16000")  # KiB, negative as SQLite has it


def _make(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in one transaction, unless another process was faster."""
    if connection.execute("PRAGMA application_id").fetchone()[0] == _APPLICATION:
        return
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        raise CorruptStoreError(
            f"{str(path)!r} is a SQLite file of another program: it was left as it is",
            path=str(path),
        )
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    statement = ""
    for line in _SCHEMA.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    """Write all or nothing; waits for other writers as long as the connection says."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            with closing(connection.cursor()) as cursor:
                cursor.execute("ROLLBACK")
        raise


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Generator[None]:
    """Read from one state of the file, whatever others commit meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


@contextmanager
def naming_errors(path: Path) -> Generator[None]:
    """Raise SQLite's errors as agentcore's."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says more of the same
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise CorruptStoreError(
                f"the store {str(path)!r} is damaged: {error}", path=str(path)
            ) from error
        hint = f" ({_HINTS[code]})" if code in _HINTS else ""
        raise MemoryStoreError(f"the store {str(path)!r}: {error}{hint}") from error
    except (UnicodeEncodeError, OverflowError) as error:
        raise MemoryStoreError(f"this cannot be stored in {str(path)!r}: {error}") from error
