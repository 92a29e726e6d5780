"""What a database must offer to be asked, and what all of them share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeAlias

from ..errors import ConfigurationError, ToolError, ToolTimeoutError
from ..values import JsonValue

__all__ = ["SQLRows", "SQLSource", "existing", "take", "too_long"]

_MOST_CHARS = 1_000_000

SQLRows: TypeAlias = tuple[tuple[str, ...], tuple[tuple[JsonValue, ...], ...]]
"""Names of the columns, and the rows."""


class SQLSource(Protocol):
    """A database that can be asked, and says what is in it. Its methods are called in a thread.

    Concurrent calls are allowed.

    Example:
        >>> class Fixed:
        ...     dialect = "sqlite"
        ...     def tables(self): return {"book": "CREATE TABLE book (title TEXT)"}
        ...     def query(self, sql, *, max_rows, timeout_s): return ("title",), (("Dune",),)
    """

    @property
    def dialect(self) -> str:
        """What its SQL is called, such as `sqlite` or `duckdb`."""
        ...

    def tables(self) -> dict[str, str]:
        """Return the tables and views with their columns, as `CREATE TABLE` statements."""
        ...

    def query(self, sql: str, *, max_rows: int, timeout_s: float) -> SQLRows:
        """Run one statement that reads; at most `max_rows` rows. It refuses every other statement.

        Raises:
            ToolTimeoutError: it took longer than `timeout_s`.
            ToolError: it is refused, or fails; the message is for the model.
        """
        ...


def existing(path: str | Path) -> Path:
    """Return the path of a file that exists.

    Raises:
        ConfigurationError: it does not.
    """
    if not Path(path).is_file():
        raise ConfigurationError(f"{path} is no file: a source reads a database that exists")
    return Path(path)


def too_long(timeout_s: float) -> ToolTimeoutError:
    """Return the error of a query that was stopped."""
    return ToolTimeoutError(
        f"the query took longer than {timeout_s:g} s and was stopped: ask for less"
    )


def take(rows: Iterable[Sequence[object]], *, max_rows: int) -> tuple[tuple[JsonValue, ...], ...]:
    """Take rows as JSON, one at a time, until there are enough.

    Raises:
        ToolError: they are larger than anybody would read; said before they fill the memory.
    """
    taken: list[tuple[JsonValue, ...]] = []
    size = 0
    for row in islice(rows, max_rows):
        taken.append(tuple(_to_value(value) for value in row))
        size += sum(len(value) for value in taken[-1] if isinstance(value, str))
        if size > _MOST_CHARS:
            raise ToolError(f"the rows have over {_MOST_CHARS:,} characters: ask for less")
    return tuple(taken)


def _to_value(value: object) -> JsonValue:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)  # JSON has no infinity
    if isinstance(value, bytes):
        return f"[{len(value)} bytes]"
    if isinstance(value, dict | list):
        return json.dumps(value, default=str)
    return str(value)
