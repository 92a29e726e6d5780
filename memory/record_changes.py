"""What came and went since a revision of the file, for those who keep something made of records."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .record_rows import Selection, load_records
from .records import Record
from .sqlite_file import snapshot

__all__ = ["Changes", "Revision", "changes_since"]

_MOST_RECORDS = 1000


@dataclass(frozen=True, slots=True)
class Revision:
    """A state of the file, as far as it was read."""

    number: int
    """Of the last record."""
    position: int
    """Of the last removal."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be taken up: first the removals, then the records.

    A record has a number, and another one each time that it is changed.
    """

    until: Revision
    """What to ask from next. It is the one that was asked from where nothing changed."""
    removed: Sequence[int]
    """The numbers of records that are gone; also of such that were never handed out."""
    records: Sequence[tuple[int, Record]]
    """At most 1,000; also those that have expired, and were not deleted yet."""
    is_anew: bool
    """Whether all that was known before is to be forgotten: they begin with the first record."""


def changes_since(
    connection: sqlite3.Connection, selection: Selection, since: Revision | None
) -> Changes:
    """Read the next changes of a namespace, from one state of the file."""
    with snapshot(connection):
        first, last = connection.execute(
            "SELECT min(position), max(position) FROM removals"
        ).fetchone()
        is_anew = since is None or (first is not None and first > since.position + 1)
        start = Revision(0, last or 0) if since is None or is_anew else since
        removed = connection.execute(
            "SELECT number FROM removals WHERE position > ? ORDER BY position", (start.position,)
        ).fetchall()
        everything = replace(selection, now_s=float("-inf"))
        records = list(load_records(connection, everything, after=start.number, most=_MOST_RECORDS))
        (newest,) = connection.execute("SELECT max(number) FROM records").fetchone()
    is_full = len(records) == _MOST_RECORDS
    number = records[-1][0] if is_full else max(start.number, newest or 0)
    until = Revision(number, last or 0)
    return Changes(until, [number for (number,) in removed], records, is_anew)
