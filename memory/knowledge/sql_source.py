"""Databases that answer a SELECT: read-only, bounded in rows and seconds."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from ...errors import ConfigurationError, MissingExtraError, ToolError, ToolTimeoutError
from ...values import JsonValue

__all__ = ["DuckDBSource", "SQLRows", "SQLSource", "SQLiteSource"]

SQLRows = tuple[tuple[str, ...], tuple[tuple[JsonValue, ...], ...]]
"""Names of the columns, and the rows."""

_MOST_BYTES = 1_000_000
"""Of one value, in SQLite."""
_MOST_CHARS = 10_000_000
"""Of all rows together."""
_CHECKED_EVERY = 10_000


class SQLSource(Protocol):
    """A database that can be asked, and says what is in it. Its methods are called in a thread."""

    @property
    def dialect(self) -> str:
        """What sqlglot calls its SQL, such as `sqlite` or `duckdb`."""
        ...

    def tables(self) -> dict[str, str]:
        """Return the tables and views with their columns, as `CREATE TABLE` statements."""
        ...

    def query(self, sql: str, *, max_rows: int, timeout_s: float) -> SQLRows:
        """Run a checked SELECT; at most `max_rows` rows.

        Raises:
            ToolTimeoutError: it took longer than `timeout_s`.
            ToolError: the database refused it; the message is for the model.
        """
        ...


class SQLiteSource:
    """A SQLite file, opened read-only for each question.

    SQLite itself refuses everything but reading: the file is opened with `mode=ro`, an authorizer
    lets only SELECT through, no value is longer than a megabyte, and a query ends at its time.

    Raises:
        ConfigurationError: the file does not exist.
    """

    dialect = "sqlite"

    def __init__(self, path: str | Path) -> None:
        self._path = _existing(path)

    def tables(self) -> dict[str, str]:
        """Return the tables and views."""
        with self._open() as database:
            rows = database.execute(
                "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view')"
                " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
            )
            return {name: sql for name, sql in rows if sql}

    def query(self, sql: str, *, max_rows: int, timeout_s: float) -> SQLRows:
        """Run a checked SELECT."""
        ends = time.monotonic() + timeout_s
        with self._open() as database:
            database.set_authorizer(_only_read)
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_BYTES)
            database.setlimit(sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 100)
            database.set_progress_handler(lambda: time.monotonic() > ends, _CHECKED_EVERY)
            try:
                cursor = database.execute(sql)
                names = tuple(str(column[0]) for column in cursor.description)
                return names, _read_rows(cursor, max_rows)
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
                    raise _too_long(timeout_s) from error
                raise ToolError(f"the database says: {error}") from error

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection]:
        address = self._path.resolve().as_uri() + "?mode=ro"
        try:
            with closing(sqlite3.connect(address, uri=True)) as database:
                yield database
        except sqlite3.DatabaseError as error:
            raise ConfigurationError(f"{self._path} cannot be read: {error}") from error


def _only_read(action: int, *_: str | None) -> int:
    allowed = {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
    }
    return sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY


class DuckDBSource:
    """A DuckDB file, opened read-only for each question; needs `duckdb`.

    No file, network or extension can be reached from a query, settings are locked, and memory and
    time are bounded.

    Args:
        path: The file.
        max_memory_mb: What a query may hold.

    Raises:
        ConfigurationError: the file does not exist.
    """

    dialect = "duckdb"

    def __init__(self, path: str | Path, *, max_memory_mb: int = 512) -> None:
        self._path = _existing(path)
        self._settings: dict[str, Any] = {
            "access_mode": "READ_ONLY",
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": f"{max_memory_mb}MB",
            "max_temp_directory_size": "0KB",
            "lock_configuration": "true",
        }

    def tables(self) -> dict[str, str]:
        """Return the tables and views."""
        with self._open() as database:
            found = database.execute(
                "SELECT table_name, sql FROM duckdb_tables() WHERE NOT internal UNION ALL "
                "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal ORDER BY 1"
            )
            return dict(found.fetchall())

    def query(self, sql: str, *, max_rows: int, timeout_s: float) -> SQLRows:
        """Run a checked SELECT."""
        import duckdb

        with self._open() as database:
            timer = threading.Timer(timeout_s, database.interrupt)
            timer.start()
            try:
                found = database.execute(sql)
                names = tuple(str(column[0]) for column in found.description or ())
                return names, _read_rows(found, max_rows)
            except duckdb.InterruptException as error:
                raise _too_long(timeout_s) from error
            except duckdb.Error as error:
                raise ToolError(f"the database says: {error}") from error
            finally:
                timer.cancel()
                timer.join()

    @contextmanager
    def _open(self) -> Generator[Any]:
        try:
            import duckdb
        except ImportError as error:
            raise MissingExtraError(
                "DuckDBSource", "pip install 'agentcore-framework[knowledge]'"
            ) from error
        try:
            database = duckdb.connect(str(self._path), config=self._settings)
        except duckdb.Error as error:
            raise ConfigurationError(f"{self._path} cannot be read: {error}") from error
        with closing(database):
            yield database


def _existing(path: str | Path) -> Path:
    if not Path(path).is_file():
        raise ConfigurationError(f"{path} is no file: a source reads a database that exists")
    return Path(path)


def _too_long(timeout_s: float) -> ToolTimeoutError:
    return ToolTimeoutError(
        f"the query took longer than {timeout_s:g} s and was stopped: ask for less"
    )


def _read_rows(cursor: Any, max_rows: int) -> tuple[tuple[JsonValue, ...], ...]:
    """Read one row at a time, so that many wide ones are refused before they fill the memory."""
    rows: list[tuple[JsonValue, ...]] = []
    size = 0
    while len(rows) < max_rows and (row := cursor.fetchone()) is not None:
        rows.append(tuple(_to_value(value) for value in row))
        size += sum(len(value) for value in rows[-1] if isinstance(value, str))
        if size > _MOST_CHARS:
            raise ToolError(f"the rows have over {_MOST_CHARS:,} characters: ask for less")
    return tuple(rows)


def _to_value(value: object) -> JsonValue:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return f"[{len(value)} bytes]"
    return str(value)
