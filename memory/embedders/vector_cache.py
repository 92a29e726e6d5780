"""A file of vectors by key: what `CachedEmbedder` keeps beyond the process."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import CorruptStoreError, MemoryStoreError
from .rows import batches

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["VectorCache"]

_APPLICATION_ID = 0x61_63_76_63  # "acvc": tells this file from any other database
_MOST_PARAMETERS = 500
_BUSY_TIMEOUT_S = 30.0


class VectorCache:
    """Vectors by key in a SQLite file; each call has a connection of its own.

    Losing the file costs only the work of filling it again, so a commit does not wait for the disk.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as database:
            (application,) = database.execute("PRAGMA application_id").fetchone()
            (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if tables and application != _APPLICATION_ID:
                raise CorruptStoreError(
                    f"{path} is a database, but no cache of vectors: name another file",
                    path=str(path),
                )
            database.execute("PRAGMA journal_mode = WAL")
            database.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            database.execute(
                "CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, row BLOB NOT NULL)"
                " WITHOUT ROWID"
            )

    def read(self, keys: Sequence[str], *, dim: int) -> dict[str, NDArray[np.float32]]:
        """Return the vectors that there are, (dim,) each."""
        import numpy as np

        found: dict[str, NDArray[np.float32]] = {}
        with self._open() as database:
            for part in batches(keys, _MOST_PARAMETERS):
                marks = ",".join("?" * len(part))
                query = f"SELECT key, row FROM vectors WHERE key IN ({marks})"  # noqa: S608  only question marks
                for key, blob in database.execute(query, part):
                    row = np.frombuffer(blob, dtype="<f4").astype(np.float32)
                    if row.shape == (dim,):
                        found[key] = row
        return found

    def write(self, rows: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep the vectors, all or none."""
        values = [(key, row.astype("<f4").tobytes()) for key, row in rows.items()]
        with self._open() as database, database:
            database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", values)

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT_S)) as database:
                database.execute("PRAGMA synchronous = NORMAL")
                yield database
        except sqlite3.DatabaseError as error:
            message = f"the cache of vectors {self._path} cannot be used: {error}"
            if error.sqlite_errorname in {"SQLITE_NOTADB", "SQLITE_CORRUPT"}:
                raise CorruptStoreError(message, path=str(self._path)) from error
            raise MemoryStoreError(message) from error
