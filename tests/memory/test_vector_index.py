from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore.errors import ConfigurationError
from agentcore.memory import ExactIndex, FaissIndex, check_vector_index
from agentcore.memory.vector_index import Found
from agentcore.vectors import Matrix

DIM = 8


def rows(count: int, *, seed: int = 0) -> Matrix:
    drawn = np.random.default_rng(seed).standard_normal((count, DIM))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


def numbers(start: int, end: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(start, end, dtype=np.int64)


def filled(index: FaissIndex, count: int) -> FaissIndex:
    index.add(numbers(0, count), rows(count))
    return index


def same(one: Found, other: Found) -> bool:
    return one[0].tolist() == other[0].tolist() and np.allclose(one[1], other[1], atol=1e-5)


def test_the_exact_index_conforms() -> None:
    check_vector_index(ExactIndex)


def test_the_index_conforms_while_it_is_exact() -> None:
    check_vector_index(FaissIndex, count=300)


def test_the_index_conforms_when_it_is_trained_beside_changes() -> None:
    check_vector_index(lambda dim: FaissIndex(dim, exact_up_to=300), count=800)


class Forgetful(ExactIndex):
    """Drops the last of what it found."""

    def search(self, query: Matrix, top_k: int, *, allowed: object = None) -> Found:
        ids, scores = super().search(query, top_k)
        return ids[:-1], scores[:-1]


def test_an_index_that_breaks_the_protocol_does_not_conform() -> None:
    with pytest.raises(AssertionError, match="found where 10 are due"):
        check_vector_index(Forgetful, count=100)


def test_what_was_learnt_is_used_again_and_gives_the_same() -> None:
    index = filled(FaissIndex(DIM, exact_up_to=100), 1000)
    index.train()
    again = FaissIndex(DIM, exact_up_to=100)

    again.load(index.dump())
    filled(again, 1000)

    assert not again.wants_training
    query = rows(1, seed=1)[0]
    assert same(index.search(query, 5), again.search(query, 5))


@pytest.mark.parametrize("damage", [b"", b"PK", b"nonsense"])
def test_what_was_not_learnt_by_this_index_is_refused(damage: bytes) -> None:
    index = filled(FaissIndex(DIM, exact_up_to=100), 300)
    index.train()
    learnt = index.dump()

    with pytest.raises(ValueError, match="learnt"):
        FaissIndex(DIM).load(damage + learnt[10:] if damage != b"PK" else learnt[:-30])
    with pytest.raises(ValueError, match="learnt"):
        FaissIndex(DIM + 1).load(learnt)


def test_an_index_that_shrank_is_exact_again() -> None:
    index = filled(FaissIndex(DIM, exact_up_to=100), 300)
    index.train()
    index.remove(numbers(0, 280))

    assert index.wants_training
    index.train()

    assert (len(index), index.dump(), index.wants_training) == (20, b"", False)


def test_an_index_that_outgrew_its_lists_is_trained_again() -> None:
    index = filled(FaissIndex(DIM, exact_up_to=100), 120)
    index.train()
    index.add(numbers(120, 500), rows(380, seed=2))

    assert index.wants_training
    index.train()

    assert not index.wants_training
    assert len(index) == 500


@pytest.mark.parametrize(("dim", "exact_up_to", "recall"), [(0, 1, 0.9), (1, 0, 0.9), (1, 1, 0.0)])
def test_an_index_of_nothing_is_the_developers_mistake(
    dim: int, exact_up_to: int, recall: float
) -> None:
    with pytest.raises(ConfigurationError, match="at least 1"):
        FaissIndex(dim, exact_up_to=exact_up_to, recall=recall)


@settings(max_examples=15)
@given(
    st.lists(
        st.one_of(
            st.integers(1, 60).map(lambda count: ("add", count)),
            st.integers(0, 99).map(lambda place: ("remove", place)),
            st.just(("train", 0)),
        ),
        max_size=12,
    )
)
def test_whatever_was_done_a_search_among_all_ids_equals_a_search_by_hand(
    steps: list[tuple[str, int]],
) -> None:
    index, held, last = FaissIndex(DIM, exact_up_to=40), dict[int, Matrix](), 0
    for word, number in steps:
        if word == "add":
            new = numbers(last, last + number)
            vectors = rows(number, seed=last)
            index.add(new, vectors)
            held |= dict(zip(new.tolist(), vectors, strict=True))
            last += number
        elif word == "remove" and held:
            gone = sorted(held)[number % len(held)]
            index.remove(np.array([gone], dtype=np.int64))
            del held[gone]
        elif word == "train" and index.wants_training:
            index.train()

    query = rows(1, seed=999)[0]
    ids, scores = index.search(query, 5, allowed=np.array(sorted(held), dtype=np.int64))

    by_hand = sorted((float(vector @ query) for vector in held.values()), reverse=True)[:5]
    assert np.allclose(scores, by_hand, atol=1e-5)
    assert [float(held[one] @ query) for one in ids.tolist()] == pytest.approx(by_hand, abs=1e-5)
