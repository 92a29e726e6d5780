"""Questions to a database, in SQL that the model writes.

Safety: read-only by construction. The database is opened so that nothing can be written, and only
one statement that reads is let through; it cannot reach files, the network or extensions. Rows,
characters and seconds are bounded. Give it a database all of which the model's user may see.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

from ..action import ToolSet, tool
from ..databases import DuckDBSource, SQLiteSource, SQLSource
from ..databases.source import existing
from ..errors import ConfigurationError

__all__ = ["Database"]


class Database(ToolSet):
    """Tools that show a database's tables and run a SELECT: `tools=[Database("shop.sqlite")]`.

    Args:
        source: A file of SQLite or DuckDB (which needs the extra `sql`), told apart by what is in
            it; or a source of your own.
        max_rows: The most rows of a result.
        max_chars: The most characters of a result.
        timeout_s: The most seconds of a query.

    Raises:
        ConfigurationError: there is no such file, or a bound is not above 0.

    Example:
        >>> import sqlite3, tempfile
        >>> path = tempfile.mkdtemp() + "/library.sqlite"
        >>> with sqlite3.connect(path) as file:
        ...     _ = file.execute("CREATE TABLE book (title TEXT)")
        ...     _ = file.execute("INSERT INTO book VALUES ('Dune')")
        >>> file.close()
        >>> print(Database(path).query_database("SELECT title FROM book"))
        ["title"]
        ["Dune"]
        >>> Database(path).query_database("DROP TABLE book")
        Traceback (most recent call last):
        agentcore.errors.ToolError: that is refused: not authorized; write one SELECT
    """

    def __init__(
        self,
        source: SQLSource | str | Path,
        *,
        max_rows: int = 100,
        max_chars: int = 20_000,
        timeout_s: float = 5.0,
    ) -> None:
        if max_rows < 1 or max_chars < 1 or not 0 < timeout_s < math.inf:
            raise ConfigurationError(
                f"max_rows is {max_rows}, max_chars {max_chars}, timeout_s {timeout_s}: all must "
                "be over 0"
            )
        self._source = _open(source) if isinstance(source, str | Path) else source
        self._max_rows, self._max_chars, self._timeout_s = max_rows, max_chars, timeout_s

    @tool
    def list_tables(self) -> str:
        """Show the tables of the database with their columns."""
        tables = self._source.tables().values()
        shown = "\n".join([f"-- the SQL is that of {self._source.dialect}", *tables])
        if len(shown) > self._max_chars:
            return f"{shown[: self._max_chars]}\n(cut: the database has {len(tables)} tables)"
        return shown if tables else "(the database has no tables)"

    @tool
    def query_database(self, sql: str) -> str:
        """Run one SELECT on the database. The first line has the columns, each next one a row.

        Args:
            sql: one statement that reads; look at the tables first.

        Raises:
            ToolError: it is refused, is wrong, or takes too long.
        """
        columns, rows = self._source.query(
            sql, max_rows=self._max_rows + 1, timeout_s=self._timeout_s
        )
        lines = [_line(columns)]
        room = self._max_chars - len(lines[0])
        for row in rows[: self._max_rows]:
            line = _line(row)
            room -= len(line)
            if room < 0:
                break
            lines.append(line)
        shown = len(lines) - 1
        if shown < len(rows):
            lines.append(f"(only the first {shown} rows are shown: ask for fewer, or for a sum)")
        return "\n".join(lines) if rows else f"{lines[0]}\n(no rows)"


def _open(path: str | Path) -> SQLSource:
    with existing(path).open("rb") as file:
        start = file.read(12)
    return DuckDBSource(path) if start[8:12] == b"DUCK" else SQLiteSource(path)


def _line(row: tuple[object, ...]) -> str:
    return json.dumps(row, ensure_ascii=False)
