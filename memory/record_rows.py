"""The statements over records: every one of them is bound to one namespace and one moment."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CorruptStoreError, MemoryStoreError
from .filters import Filter, compile_sql
from .record_entries import Entry
from .records import Namespace, Record

if TYPE_CHECKING:
    from ..vectors import Matrix
    from .vector_index import Ids

__all__ = [
    "Selection",
    "count",
    "delete_expired",
    "delete_named",
    "delete_of",
    "delete_selected",
    "insert",
    "load_records",
    "load_vectors",
    "namespace_number",
    "numbers_among",
    "numbers_of",
    "to_bytes",
    "to_matrix",
    "update",
]

_COLUMNS = "number, id, text, source, metadata, created_at, expires_at"
_REMOVALS_KEPT = 100_000
"""An index that is further behind is filled anew."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The records of a namespace that live at a moment, and what else is asked of them."""

    namespace: int
    now_s: float
    where: Filter | None = None
    source: str | None = None

    def condition(self) -> tuple[str, list[str | float]]:
        """Return it as SQL with its parameters."""
        sql = "namespace = ? AND (expires_at IS NULL OR expires_at > ?)"
        parameters: list[str | float] = [self.namespace, self.now_s]
        if self.source is not None:
            sql, parameters = f"{sql} AND source = ?", [*parameters, self.source]
        if self.where is not None:
            condition, bound = compile_sql(self.where)
            sql, parameters = f"{sql} AND {condition}", [*parameters, *bound]
        return sql, parameters


def namespace_number(
    connection: sqlite3.Connection, namespace: Namespace, *, create: bool = False
) -> int | None:
    """Return the number of a namespace; None: there is none, and so no records."""
    parts = (namespace.user, namespace.agent, namespace.session)
    if create:
        connection.execute(
            "INSERT OR IGNORE INTO namespaces (user, agent, session) VALUES (?, ?, ?)", parts
        )
    found = connection.execute(
        "SELECT number FROM namespaces WHERE user = ? AND agent = ? AND session = ?", parts
    ).fetchone()
    return None if found is None else int(found[0])


def insert(connection: sqlite3.Connection, selection: Selection, entry: Entry) -> str:
    """Store an entry and return its id; the same content again only lives longer."""
    attempt = 0
    while True:
        name = entry.name(attempt)
        old = connection.execute(
            "SELECT number, text, source, metadata FROM records WHERE namespace = ? AND id = ?",
            (selection.namespace, name),
        ).fetchone()
        is_same = old is not None and old[1:] == (entry.text, entry.source, entry.metadata)
        if old is None or entry.id is not None or is_same:
            break
        attempt += 1  # the record of that name was given another content since
    if old is not None and is_same:
        renew = "UPDATE records SET expires_at = ? WHERE number = ?"
        connection.execute(renew, (entry.expires_at, old[0]))
        return name
    if old is not None:
        _delete(connection, "number = ?", (old[0],))
    columns = (name, entry.text, entry.source, entry.metadata, selection.now_s, entry.expires_at)
    _insert(connection, selection, columns, entry.vector)
    return name


def _insert(
    connection: sqlite3.Connection,
    selection: Selection,
    columns: Sequence[object],
    vector: bytes,
) -> None:
    number = connection.execute(
        "INSERT INTO records (namespace, id, text, source, metadata, created_at, expires_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (selection.namespace, *columns),
    ).lastrowid
    connection.execute("INSERT INTO vectors (number, vector) VALUES (?, ?)", (number, vector))


def update(
    connection: sqlite3.Connection, selection: Selection, name: str, changes: Mapping[str, object]
) -> bool:
    """Change columns of a live record, which goes on under a new number; return if there is one."""
    condition, parameters = selection.condition()
    old = connection.execute(
        f"SELECT {_COLUMNS}, vector FROM records JOIN vectors USING (number) "  # noqa: S608  only our own words
        f"WHERE id = ? AND {condition}",
        (name, *parameters),
    ).fetchone()
    if old is None:
        return False
    _delete(connection, "number = ?", (old[0],))
    names = (*_COLUMNS.split(", "), "vector")
    values: dict[str, Any] = dict(zip(names, old, strict=True)) | dict(changes)
    columns = [values[column] for column in names[1:-1]]
    _insert(connection, selection, columns, values["vector"])
    return True


def delete_selected(connection: sqlite3.Connection, selection: Selection) -> int:
    """Delete what is selected; return how many."""
    return _delete(connection, *selection.condition())


def delete_named(connection: sqlite3.Connection, selection: Selection, names: Sequence[str]) -> int:
    """Delete those of the ids that are selected; return how many."""
    condition, parameters = selection.condition()
    return sum(
        _delete(connection, f"id = ? AND {condition}", (name, *parameters)) for name in names
    )


def delete_of(connection: sqlite3.Connection, parts: Mapping[str, str]) -> int:
    """Delete the records of every namespace whose named parts (`user`, ...) have these values."""
    equal = " AND ".join(f"{part} = ?" for part in parts)
    chosen = f"namespace IN (SELECT number FROM namespaces WHERE {equal})"  # noqa: S608  idem
    return _delete(connection, chosen, list(parts.values()))


def delete_expired(connection: sqlite3.Connection, *, now_s: float) -> int:
    """Delete what has expired, in every namespace."""
    return _delete(connection, "expires_at <= ?", (now_s,))


def _delete(
    connection: sqlite3.Connection, condition: str, parameters: Sequence[str | float]
) -> int:
    deleted = connection.execute(f"DELETE FROM records WHERE {condition}", parameters).rowcount  # noqa: S608  idem
    if deleted:
        connection.execute(
            "DELETE FROM removals WHERE position <= (SELECT max(position) FROM removals) - ?",
            (_REMOVALS_KEPT,),
        )
    return deleted


def numbers_of(
    connection: sqlite3.Connection, selection: Selection, *, most: int | None = None
) -> Ids:
    """Return the numbers of what is selected, sorted, but not more than `most`."""
    import numpy as np

    condition, parameters = selection.condition()
    rows = connection.execute(
        f"SELECT number FROM records WHERE {condition} LIMIT ?",  # noqa: S608  idem
        (*parameters, -1 if most is None else most),
    )
    return np.sort(np.fromiter((row[0] for row in rows), dtype=np.int64))


def numbers_among(connection: sqlite3.Connection, selection: Selection, numbers: Ids) -> set[int]:
    """Return which of the numbers are selected."""
    condition, parameters = selection.condition()
    rows = connection.execute(
        "SELECT number FROM records NOT INDEXED "  # by number, not through the namespace  # noqa: S608  idem
        f"WHERE number IN (SELECT value FROM json_each(?)) AND {condition}",
        (json.dumps(numbers.tolist()), *parameters),
    )
    return {number for (number,) in rows}


def count(connection: sqlite3.Connection, selection: Selection) -> int:
    """Count what is selected."""
    condition, parameters = selection.condition()
    query = f"SELECT count(*) FROM records WHERE {condition}"  # noqa: S608  idem
    return int(connection.execute(query, parameters).fetchone()[0])


def to_bytes(vector: Matrix) -> bytes:
    """Return a vector, (dim,), as the file holds it."""
    return vector.astype("<f4").tobytes()


def load_vectors(
    connection: sqlite3.Connection,
    selection: Selection,
    names: Sequence[str],
    *,
    dim: int,
    path: Path,
) -> Matrix:
    """Return the vectors of records, (n, dim), in the order of their ids."""
    condition, parameters = selection.condition()
    query = (
        "SELECT number, vector FROM records JOIN vectors USING (number) "  # noqa: S608  idem
        f"WHERE id = ? AND {condition}"
    )
    found = [connection.execute(query, (name, *parameters)).fetchone() for name in names]
    if None in found:
        raise MemoryStoreError(f"there is no record {names[found.index(None)]!r} in {str(path)!r}")
    return to_matrix(found, dim=dim, path=path)[1]


def to_matrix(rows: Sequence[tuple[int, bytes]], *, dim: int, path: Path) -> tuple[Ids, Matrix]:
    """Return numbers and vectors of rows; raises CorruptStoreError where one has another size."""
    import numpy as np

    if any(len(vector) != 4 * dim for _, vector in rows):
        raise CorruptStoreError(
            f"a vector in {str(path)!r} does not have {dim} numbers", path=str(path)
        )
    data = np.frombuffer(b"".join(vector for _, vector in rows), dtype="<f4")
    matrix = data.astype(np.float32).reshape(len(rows), dim)
    return np.array([number for number, _ in rows], dtype=np.int64), matrix


def load_records(
    connection: sqlite3.Connection,
    selection: Selection,
    *,
    numbers: Sequence[int] | None = None,
    names: Sequence[str] | None = None,
    after: int = 0,
    most: int = -1,
) -> Iterator[tuple[int, Record]]:
    """Read what is selected, with its numbers, oldest first."""
    condition, parameters = selection.condition()
    table = "records" if numbers is None else "records NOT INDEXED"
    for column, chosen in (("number", numbers), ("id", names)):
        if chosen is not None:
            condition = f"{condition} AND {column} IN ({', '.join('?' * len(chosen))})"
            parameters += chosen
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM {table} WHERE {condition} AND number > ? "  # noqa: S608  idem
        "ORDER BY number LIMIT ?",
        (*parameters, after, most),
    )
    for number, name, text, source, metadata, created_at, expires_at in rows:
        yield (
            number,
            Record(
                id=name,
                text=text,
                source=source,
                metadata=json.loads(metadata),
                created_at=datetime.fromtimestamp(created_at, UTC),
                expires_at=None if expires_at is None else datetime.fromtimestamp(expires_at, UTC),
            ),
        )
