"""`IndexKeeper`: keeps a vector index in step with the file, which alone is the truth."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock, Thread

from ..errors import MemoryStoreError
from .record_rows import to_matrix
from .sqlite_file import naming_errors, snapshot, transaction
from .vector_index import VectorIndex

__all__ = ["IndexKeeper"]

_logger = logging.getLogger(__name__)

_ROWS_AT_A_TIME = 2048


class IndexKeeper:
    """Reads from the file what an index lacks, trains it in a thread, and stores what it learnt.

    Nothing of the index but what training learnt is ever stored, beside the vectors and in the
    same file: there is no second file that could be torn, or say something else.
    """

    def __init__(
        self,
        path: Path,
        make: Callable[[], VectorIndex],
        *,
        dim: int,
        connect: Callable[[], sqlite3.Connection],
    ) -> None:
        self._path = path
        self._make = make
        self._dim = dim
        self._connect = connect
        self._lock = Lock()
        self._index: VectorIndex | None = None
        self._number = 0
        """Of the last vector that was read."""
        self._position = 0
        """Of the last removal that was read."""
        self._trainer: Thread | None = None

    @property
    def index(self) -> VectorIndex:
        """The index as `catch_up` left it."""
        if self._index is None:
            raise MemoryStoreError("the index is read before it was caught up")
        return self._index

    @property
    def is_quick(self) -> bool:
        """Whether it is filled, and does not wait to be trained."""
        return self._index is not None and not self._index.wants_training

    def catch_up(self, connection: sqlite3.Connection) -> None:
        """Take up what was committed since the last time, by this process or another."""
        with self._lock:
            self._catch_up(connection)

    @contextmanager
    def agreeing(self, connection: sqlite3.Connection) -> Generator[None]:
        """Hold the index and what the connection reads at one state of the file."""
        with self._lock, snapshot(connection):
            self._catch_up(connection)
            yield

    def _catch_up(self, connection: sqlite3.Connection) -> None:
        if self._index is None or self._has_missed(connection):
            self._index = self._started(connection)
        self._take_vectors(connection, self._index)
        self._take_removals(connection, self._index)
        self._train_if_wanted(self._index)

    def _has_missed(self, connection: sqlite3.Connection) -> bool:
        """Whether removals that it has not seen were deleted from their log."""
        (first,) = connection.execute("SELECT min(position) FROM removals").fetchone()
        return first is not None and first > self._position + 1

    def _started(self, connection: sqlite3.Connection) -> VectorIndex:
        (last,) = connection.execute("SELECT max(position) FROM removals").fetchone()
        self._number, self._position = 0, last or 0
        index = self._make()
        learnt = connection.execute("SELECT value FROM learnt WHERE name = 'index'").fetchone()
        if learnt is not None:
            try:
                index.load(learnt[0])
            except ValueError as error:
                _logger.warning("%s: what the index learnt is not used: %s", self._path, error)
        return index

    def _take_vectors(self, connection: sqlite3.Connection, index: VectorIndex) -> None:
        while True:
            rows = connection.execute(
                "SELECT number, vector FROM vectors WHERE number > ? ORDER BY number LIMIT ?",
                (self._number, _ROWS_AT_A_TIME),
            ).fetchall()
            if not rows:
                return
            index.add(*to_matrix(rows, dim=self._dim, path=self._path))
            self._number = rows[-1][0]

    def _take_removals(self, connection: sqlite3.Connection, index: VectorIndex) -> None:
        import numpy as np

        rows = connection.execute(
            "SELECT position, number FROM removals WHERE position > ? ORDER BY position",
            (self._position,),
        ).fetchall()
        if rows:
            index.remove(np.array([number for _, number in rows], dtype=np.int64))
            self._position = rows[-1][0]

    def _train_if_wanted(self, index: VectorIndex) -> None:
        if not index.wants_training or (self._trainer is not None and self._trainer.is_alive()):
            return
        # A daemon: what it learns is no loss, and a process must not wait for it at its end.
        self._trainer = Thread(
            target=self._train, args=(index,), name="agentcore-index", daemon=True
        )
        self._trainer.start()

    def _train(self, index: VectorIndex) -> None:
        index.train()
        try:
            with naming_errors(self._path), closing(self._connect()) as connection:
                learnt = index.dump()
                with transaction(connection):
                    connection.execute(
                        "INSERT OR REPLACE INTO learnt (name, value) VALUES ('index', ?)", (learnt,)
                    )
        except MemoryStoreError as error:
            _logger.warning("what the index learnt was not stored; it will learn anew: %s", error)

    def wait_for_training(self) -> None:
        """Return once no thread of it runs any more."""
        trainer = self._trainer
        if trainer is not None:
            trainer.join()
