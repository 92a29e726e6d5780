"""How the nearest records that fit a filter are found when the index knows of vectors only."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..events import MemoryHit
from .record_rows import Selection, load_records, numbers_among, numbers_of
from .records import Record
from .vector_index import VectorIndex

if TYPE_CHECKING:
    from ..vectors import Matrix
    from .vector_index import Ids

__all__ = ["nearest"]

_MOST_CANDIDATES = 1600
"""With so many that are nearest and too few that fit, those that fit are listed instead."""
_MORE = 4
_ROWS_AT_A_TIME = 1000


def nearest(
    connection: sqlite3.Connection,
    index: VectorIndex,
    selection: Selection,
    query: Matrix,
    top_k: int,
    *,
    members: Ids | None,
) -> list[MemoryHit]:
    """Return the `top_k` nearest of what is selected; all of it where there are fewer.

    Connection and index have to be of one state of the file; see `RecordStore.search`.

    First the index is asked for somewhat more than wanted, and for more again, and the records
    say which of them fit. Where too few do the filter is narrow: then the records that fit are
    listed first, and the index compares them all.

    Args:
        query: (dim,), of unit length.
        members: The numbers of the namespace's records, where these are few.
    """
    wanted = top_k if selection.where is None else _MORE * top_k
    while wanted <= max(_MOST_CANDIDATES, top_k):
        ids, scores = index.search(query, wanted, allowed=members)
        fitting = numbers_among(connection, selection, ids)
        if len(fitting) >= top_k or len(ids) < wanted:
            return _hits(connection, selection, ids, scores, fitting, top_k)
        wanted *= _MORE
    allowed = numbers_of(connection, selection)
    ids, scores = index.search(query, top_k, allowed=allowed)
    return _hits(connection, selection, ids, scores, set(ids.tolist()), top_k)


def _hits(
    connection: sqlite3.Connection,
    selection: Selection,
    ids: Ids,
    scores: Matrix,
    fitting: set[int],
    top_k: int,
) -> list[MemoryHit]:
    """Load the first `top_k` of the ids that fit, in their order."""
    ranked: Mapping[int, float] = {
        number: score
        for number, score in zip(ids.tolist(), scores.tolist(), strict=True)
        if number in fitting
    }
    chosen = list(ranked)[:top_k]
    records: dict[int, Record] = {}
    for start in range(0, len(chosen), _ROWS_AT_A_TIME):
        some = chosen[start : start + _ROWS_AT_A_TIME]
        records.update(load_records(connection, selection, numbers=some))
    return [
        MemoryHit(
            id=records[number].id,
            text=records[number].text,
            score=ranked[number],
            source=records[number].source,
            why=f"cosine {ranked[number]:.3f}",
            metadata=records[number].metadata,
        )
        for number in chosen
    ]
