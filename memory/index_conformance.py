"""`check_vector_index`: holds a `VectorIndex` to what the protocol says, beside an exact search.

It needs nothing but NumPy, so that it runs in whatever test runner you have:

    def test_my_index() -> None:
        check_vector_index(lambda dim: MyIndex(dim))
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING

from .vector_index import VectorIndex

if TYPE_CHECKING:
    from ..vectors import Matrix
    from .vector_index import Ids

__all__ = ["check_vector_index"]

_DIM = 16
_TOP_K = 10


def check_vector_index(
    make: Callable[[int], VectorIndex], *, count: int = 2000, recall: float = 0.99
) -> None:
    """Check an index of vectors around 40 topics, before and after training.

    Args:
        make: Makes an empty index for a number of dimensions.
        count: Vectors; choose it such that `wants_training` becomes true.
        recall: The share of the true nearest that it must find without `allowed`.

    Raises:
        AssertionError: the index breaks the protocol; the message says where.
    """
    import numpy as np

    random = np.random.default_rng(0)
    centres = random.standard_normal((40, _DIM))
    drawn = centres[random.integers(0, 40, count)] + 0.5 * random.standard_normal((count, _DIM))
    rows = np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)
    ids = np.arange(1, 3 * count, 3, dtype=np.int64)
    index = make(_DIM)
    _check_empty(index, rows[0])
    half = count // 2
    index.add(ids[:half], rows[:half])
    _check(index, ids[:half], rows[:half], recall)
    index.add(ids[half:], rows[half:])
    _check(index, ids, rows, recall)
    removed = np.array([*ids[::3], 2, 10**12], dtype=np.int64)
    index.remove(removed)
    index.remove(removed)
    kept = np.isin(ids, removed, invert=True)
    _check(index, ids[kept], rows[kept], recall)
    _check_training(index, ids[kept], rows[kept], recall)
    again = make(_DIM)
    again.load(index.dump())
    again.add(ids[kept], rows[kept])
    _check(again, ids[kept], rows[kept], recall)
    index.remove(ids)
    _check_empty(index, rows[0])


def _check_empty(index: VectorIndex, query: Matrix) -> None:
    import numpy as np

    assert len(index) == 0, "an index that holds nothing has the length 0"
    for allowed in (None, np.array([1], dtype=np.int64)):
        ids, scores = index.search(query, 3, allowed=allowed)
        assert (len(ids), len(scores)) == (0, 0), "an empty index found something"


def _check(index: VectorIndex, ids: Ids, rows: Matrix, recall: float) -> None:
    import numpy as np

    assert len(index) == len(ids), f"{len(index)} vectors where {len(ids)} are due"
    random = np.random.default_rng(1)
    few = random.choice(ids, size=7, replace=False)
    many = random.choice(ids, size=len(ids) // 2, replace=False)
    found = 0
    queries = rows[random.integers(0, len(rows), 50)]
    for query in queries:
        found += _check_search(index, ids, rows, query, None)
        for allowed in (few, many, np.array([*few, 5, 10**12], dtype=np.int64)):
            among = np.isin(ids, allowed)
            same = _check_search(index, ids[among], rows[among], query, allowed)
            assert same == min(_TOP_K, int(among.sum())), "a search among `allowed` is exact"
    share = found / (_TOP_K * len(queries))
    assert share >= recall, f"recall {share:.3f} where {recall} is due"
    everything, _ = index.search(queries[0], 10 * len(ids))
    assert sorted(everything.tolist()) == sorted(ids.tolist()), "top_k was not filled"


def _check_search(
    index: VectorIndex, ids: Ids, rows: Matrix, query: Matrix, allowed: Ids | None
) -> int:
    """Return how many of the true nearest were found."""
    import numpy as np

    got, scores = index.search(query, _TOP_K, allowed=allowed)
    due = min(_TOP_K, len(ids))
    assert len(got) == len(scores) == due, f"{len(got)} found where {due} are due"
    assert len(set(got.tolist())) == due, "an id was found twice"
    where = {int(number): row for number, row in zip(ids, rows, strict=True)}
    assert set(got.tolist()) <= where.keys(), "an id that is not held, or not allowed"
    true = np.array([float(where[int(number)] @ query) for number in got])
    assert np.allclose(scores, true, atol=1e-4), "scores are inner products"
    assert scores.tolist() == sorted(scores.tolist(), reverse=True), "the nearest come first"
    lowest = np.sort(rows @ query)[-due] if due else 0.0
    return int((true >= lowest - 1e-5).sum())


def _check_training(index: VectorIndex, ids: Ids, rows: Matrix, recall: float) -> None:
    """Train in a thread; search, add and remove meanwhile."""
    if not index.wants_training:
        return
    before, after = len(ids) - 20, len(ids)
    index.remove(ids[before:])
    thread = Thread(target=index.train)
    thread.start()
    index.add(ids[before:], rows[before:])
    index.remove(ids[:10])
    _check(index, ids[10:after], rows[10:after], min(recall, 0.9))
    thread.join()
    assert not index.wants_training, "it still wants to be trained"
    _check(index, ids[10:after], rows[10:after], recall)
    index.add(ids[:10], rows[:10])
    _check(index, ids, rows, recall)
