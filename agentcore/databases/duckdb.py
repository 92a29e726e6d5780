"""DuckDB files that are asked. Four fences: the file, the process around it, and each statement."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ..errors import ConfigurationError, MissingExtraError, ToolError
from .source import SQLRows, existing, take, too_long

__all__ = ["DuckDBSource"]


class DuckDBSource:
    """A DuckDB file, opened read-only for each question; needs `duckdb`.

    One statement is let through, if DuckDB itself calls it a SELECT. No file, network, extension or
    Python object can be reached from it, settings are locked, and memory and time are bounded.

    Args:
        path: The file.
        max_memory_mb: What a query may hold.

    Raises:
        ConfigurationError: the file does not exist.
    """

    dialect = "duckdb"

    def __init__(self, path: str | Path, *, max_memory_mb: int = 512) -> None:
        self._path = existing(path)
        self._settings: dict[str, Any] = {
            "access_mode": "READ_ONLY",
            "enable_external_access": "false",
            "python_enable_replacements": "false",  # else a table name finds a variable of Python
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": f"{max_memory_mb}MB",
            "max_temp_directory_size": "0KB",
            "lock_configuration": "true",
        }

    def tables(self) -> dict[str, str]:
        """Return the tables and views.

        Raises:
            ConfigurationError: the file is no database, or is open for writing.
        """
        with self._open() as database:
            found = database.execute(
                "SELECT table_name, sql FROM duckdb_tables() WHERE NOT internal UNION ALL "
                "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal ORDER BY 1"
            )
            return dict(found.fetchall())

    def query(self, sql: str, *, max_rows: int, timeout_s: float) -> SQLRows:
        """Run one SELECT; any other statement is refused.

        Raises:
            ToolTimeoutError: it took longer than `timeout_s`.
            ToolError: it is refused, or fails; the message is for the model.
            ConfigurationError: the file is no database, or is open for writing.
        """
        with self._open() as database:
            import duckdb

            timer = threading.Timer(timeout_s, database.interrupt)
            timer.start()
            try:
                found = database.execute(_one_select(database, sql))
                names = tuple(str(column[0]) for column in found.description or ())
                return names, take(iter(found.fetchone, None), max_rows=max_rows)
            except duckdb.InterruptException as error:
                raise too_long(timeout_s) from error
            except (duckdb.Error, ValueError) as error:
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
                "DuckDBSource", "pip install 'agentcore-framework[sql]'"
            ) from error
        try:
            database = duckdb.connect(str(self._path), config=self._settings)
        except duckdb.Error as error:
            raise ConfigurationError(f"{self._path} cannot be read: {error}") from error
        with closing(database):
            yield database


def _one_select(database: Any, sql: str) -> Any:
    """Return the statement, if there is one, and it only reads."""
    import duckdb

    if not sql.isprintable():
        sql = sql.encode(errors="replace").decode()  # half a character cannot be handed over
    statements = database.extract_statements(sql)
    if len(statements) != 1:
        raise ToolError(f"these are {len(statements)} statements: write one SELECT")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise ToolError(f"that is refused, for it is a {statements[0].type.name}: write one SELECT")
    return statements[0]
