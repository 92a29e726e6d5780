"""SQLite files that are asked. Four fences: the file is read-only, and so is each statement."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from ..errors import ConfigurationError, ToolError
from .source import SQLRows, existing, take, too_long

__all__ = ["SQLiteSource"]

_MOST_BYTES = 1_000_000
_CHECKED_EVERY = 10_000  # steps of SQLite's machine: under a millisecond
_REFUSED_FUNCTIONS = frozenset({"load_extension", "fts3_tokenizer"})


class SQLiteSource:
    """A SQLite file, opened read-only for each question.

    SQLite itself refuses everything but reading: the file is opened with `mode=ro`, an authorizer
    lets nothing but SELECT through (no PRAGMA, ATTACH, VACUUM INTO, temporary table or extension),
    its interface takes one statement, no value is longer than a megabyte, and a query ends at its
    time.

    Raises:
        ConfigurationError: the file does not exist.
    """

    dialect = "sqlite"

    def __init__(self, path: str | Path) -> None:
        self._path = existing(path)

    def tables(self) -> dict[str, str]:
        """Return the tables and views.

        Raises:
            ConfigurationError: the file is no database.
        """
        with self._open(timeout_s=5) as database:
            rows = database.execute(
                "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view')"
                " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
            )
            return {name: sql for name, sql in rows if sql}

    def query(self, sql: str, *, max_rows: int, timeout_s: float) -> SQLRows:
        """Run one SELECT; any other statement is refused.

        Raises:
            ToolTimeoutError: it took longer than `timeout_s`.
            ToolError: it is refused, or fails; the message is for the model.
            ConfigurationError: the file is no database.
        """
        ends = time.monotonic() + timeout_s
        with self._open(timeout_s=timeout_s) as database:
            database.set_authorizer(_only_read)
            database.set_progress_handler(lambda: time.monotonic() > ends, _CHECKED_EVERY)
            try:
                with closing(database.execute(sql)) as cursor:
                    if cursor.description is None:
                        raise ToolError("there is no statement in it: write one SELECT")
                    names = tuple(str(column[0]) for column in cursor.description)
                    return names, take(cursor, max_rows=max_rows)
            except sqlite3.Error as error:
                if _name(error) == "SQLITE_INTERRUPT":
                    raise too_long(timeout_s) from error
                raise

    @contextmanager
    def _open(self, *, timeout_s: float) -> Generator[sqlite3.Connection]:
        address = self._path.resolve().as_uri() + "?mode=ro"
        try:
            with closing(sqlite3.connect(address, uri=True, timeout=timeout_s)) as database:
                database.text_factory = _to_text
                database.execute("PRAGMA trusted_schema = OFF")
                database.execute("PRAGMA schema_version")  # reads the head of the file
                database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_BYTES)
                database.setlimit(sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 100)
                yield database
        except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
            if _name(error) in {"SQLITE_NOTADB", "SQLITE_CANTOPEN", "SQLITE_CORRUPT"}:
                raise ConfigurationError(f"{self._path} cannot be read: {error}") from error
            if _name(error) == "SQLITE_AUTH":
                raise ToolError(f"that is refused: {error}; write one SELECT") from error
            raise ToolError(f"the database says: {error}") from error


def _only_read(action: int, _: str | None, function: str | None, *__: str | None) -> int:
    allowed = {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
    }
    is_refused = action == sqlite3.SQLITE_FUNCTION and function in _REFUSED_FUNCTIONS
    return sqlite3.SQLITE_OK if action in allowed and not is_refused else sqlite3.SQLITE_DENY


def _to_text(content: bytes) -> str:
    return content.decode(errors="replace")


def _name(error: Exception) -> str:
    """What SQLite calls an error; empty where it is Python's own."""
    return str(getattr(error, "sqlite_errorname", ""))
