"""Fusion: raising a text never moves it down, and the order of the texts does not matter."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore import ConfigurationError
from agentcore.memory import Fusion, RankFusion, ScoreFusion, diversify

SCORES = st.integers(-20, 20).map(float)
SEARCH = st.dictionaries(st.sampled_from("abcdef"), SCORES, max_size=6)
FUSIONS: list[Fusion] = [
    ScoreFusion(),
    ScoreFusion((0.3, 0.7)),
    RankFusion(),
    RankFusion((0.3, 0.7), k=10),
]
each_fusion = pytest.mark.parametrize("fusion", FUSIONS)


def before(fused: dict[str, float], text_id: str) -> set[str]:
    """The texts that are clearly before another."""
    return {other for other in fused if fused[other] > fused[text_id] + 1e-9}


@each_fusion
@settings(max_examples=40)
@given(first=SEARCH, second=SEARCH, by=st.integers(1, 30), data=st.data())
def test_raising_a_text_in_one_search_never_moves_it_down(
    fusion: Fusion,
    first: dict[str, float],
    second: dict[str, float],
    by: int,
    data: st.DataObject,
) -> None:
    if not first:
        return
    text_id = data.draw(st.sampled_from(sorted(first)))
    raised = {**first, text_id: first[text_id] + by}

    old, new = fusion.fuse([first, second]), fusion.fuse([raised, second])

    assert before(new, text_id) <= before(old, text_id)


@each_fusion
@settings(max_examples=40)
@given(first=SEARCH, second=SEARCH, seed=st.integers(0, 9))
def test_the_order_of_the_texts_does_not_matter(
    fusion: Fusion, first: dict[str, float], second: dict[str, float], seed: int
) -> None:
    items = list(first.items())
    random.Random(seed).shuffle(items)  # noqa: S311  any order

    assert fusion.fuse([dict(items), second]) == pytest.approx(fusion.fuse([first, second]))


@each_fusion
@settings(max_examples=40)
@given(first=SEARCH, second=SEARCH)
def test_every_text_of_any_search_has_a_score(
    fusion: Fusion, first: dict[str, float], second: dict[str, float]
) -> None:
    assert fusion.fuse([first, second]).keys() == first.keys() | second.keys()


@settings(max_examples=40)
@given(SEARCH, st.integers(1, 9), st.integers(-9, 9))
def test_scaling_and_shifting_a_search_changes_nothing(
    found: dict[str, float], factor: int, shift: int
) -> None:
    moved = {text_id: score * factor + shift for text_id, score in found.items()}

    assert ScoreFusion().fuse([moved]) == pytest.approx(ScoreFusion().fuse([found]))


def test_reciprocal_ranks_are_those_of_the_paper() -> None:
    fused = RankFusion(k=60).fuse([{"a": 3, "b": 2}, {"b": 9}])

    assert fused == pytest.approx({"a": 1 / 61, "b": 1 / 62 + 1 / 61})


@pytest.mark.parametrize("weights", [(), (0.0, 0.0), (1.0, -1.0)])
def test_weights_that_mean_nothing_are_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(ConfigurationError, match="one must be over 0"):
        ScoreFusion(weights)


def test_another_number_of_weights_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="2 weights were given for 1 searches"):
        ScoreFusion((1, 1)).fuse([{"a": 1.0}])


@settings(max_examples=40)
@given(st.lists(SCORES, max_size=8), st.integers(1, 8))
def test_without_diversity_the_order_is_that_of_the_scores(scores: list[float], top_k: int) -> None:
    vectors = np.eye(max(1, len(scores)), dtype=np.float32)[: len(scores)]

    chosen = diversify(scores, vectors, top_k=top_k, diversity=0.0)

    assert chosen == sorted(range(len(scores)), key=lambda place: -scores[place])[:top_k]


@settings(max_examples=40)
@given(st.lists(SCORES, max_size=8), st.floats(0, 1), st.integers(0, 9))
def test_diversity_chooses_each_place_once(
    scores: list[float], diversity: float, top_k: int
) -> None:
    vectors = np.ones((len(scores), 1), dtype=np.float32)

    chosen = diversify(scores, vectors, top_k=top_k, diversity=diversity)

    assert len(chosen) == len(set(chosen)) == min(top_k, len(scores))
