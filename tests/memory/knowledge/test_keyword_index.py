"""The keyword index is exact after every change; its numbers are those of the formula."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore import ConfigurationError
from agentcore.memory import Analyzer, KeywordIndex

WORDS = st.lists(st.sampled_from(["cat", "dog", "fish", "cats", "tree", "机器"]), max_size=6).map(
    " ".join
)
CHANGES = st.lists(st.tuples(st.sampled_from("abcd"), st.none() | WORDS), max_size=12)


@settings(max_examples=40)
@given(CHANGES, WORDS)
def test_after_any_changes_it_answers_like_one_made_anew(
    changes: list[tuple[str, str | None]], query: str
) -> None:
    followed, texts = KeywordIndex(), dict[str, str]()
    for text_id, text in changes:
        followed.search(query, top_k=3)  # so that what is kept for searches has to follow
        if text is None:
            followed.remove(text_id)
            texts.pop(text_id, None)
        else:
            followed.add(text_id, text)
            texts[text_id] = text
    anew = KeywordIndex()
    for text_id, text in texts.items():
        anew.add(text_id, text)

    assert len(followed) == len(texts)
    assert followed.ids() == set(texts)
    assert [key for key, _ in followed.search(query, top_k=9)] == [
        key for key, _ in anew.search(query, top_k=9)
    ]
    assert followed.scores(query, texts) == pytest.approx(anew.scores(query, texts))


def test_scores_are_those_of_bm25_by_hand() -> None:
    index = KeywordIndex(analyzer=Analyzer(language=None), k1=1.2, b=0.75)
    index.add("1", "red red car")
    index.add("2", "blue car")

    # "red": in 1 of 2 texts, twice in a text of 3 words, where the average is 2.5.
    idf = math.log(1 + (2 - 1 + 0.5) / (1 + 0.5))
    expected = idf * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 2.5))
    assert index.search("red", top_k=5) == [("1", pytest.approx(expected))]


def test_ties_are_broken_by_id_whatever_the_order_of_adding() -> None:
    index = KeywordIndex()
    for text_id in "cadb":
        index.add(text_id, "same words")

    assert [text_id for text_id, _ in index.search("words", top_k=2)] == ["a", "b"]


def test_a_word_is_found_in_its_other_forms() -> None:
    index = KeywordIndex()
    index.add("1", "She was Running quickly")

    assert [text_id for text_id, _ in index.search("runs", top_k=1)] == ["1"]


def test_a_query_of_stop_words_finds_nothing() -> None:
    index = KeywordIndex()
    index.add("1", "the cat is here")

    assert index.search("is it the", top_k=5) == []
    assert index.search("", top_k=5) == []


def test_an_unknown_language_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"'klingon'.*english"):
        Analyzer(language="klingon")


@pytest.mark.parametrize(("k1", "b"), [(-1.0, 0.5), (1.0, 1.5)])
def test_parameters_out_of_range_are_refused(k1: float, b: float) -> None:
    with pytest.raises(ConfigurationError, match="b from 0 to 1"):
        KeywordIndex(k1=k1, b=b)
