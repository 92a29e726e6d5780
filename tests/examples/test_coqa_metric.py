"""The metric of CoQA, against examples that were worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.coqa.metric import exact_match, f1, normalise, score


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("The  White Lighthouse.", "white lighthouse"),
        ("An apple, a pear and the fig!", "apple pear and fig"),
        ("Theatre", "theatre"),  # no article within a word
        ("3.2 million", "32 million"),
        ("a", ""),
        ("", ""),
    ],
)
def test_normalising_keeps_the_words_that_count(answer: str, expected: str) -> None:
    assert normalise(answer) == expected


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    # "white lighthouse" against "in white lighthouse": 2 of 2 and 2 of 3 words, 2 * 2 / (2 + 3)
    assert f1("the white lighthouse", "in a white lighthouse") == pytest.approx(0.8)


def test_a_word_counts_as_often_as_both_have_it() -> None:
    # "no no no" against "no no": 2 shared, 2 * 2 / (3 + 2)
    assert f1("no no no", "no no") == pytest.approx(0.8)


def test_answers_without_a_common_word_score_nothing() -> None:
    assert f1("eleven", "Tobias") == 0


def test_an_answer_of_nothing_but_articles_matches_only_its_like() -> None:
    assert (f1("the", "a"), f1("the", "sail"), f1("sail", "")) == (1, 0, 0)


def test_an_exact_match_ignores_case_articles_and_punctuation() -> None:
    assert exact_match("The sail.", "a SAIL") == 1
    assert exact_match("sail", "white sail") == 0


def test_a_single_reference_is_compared_as_it_is() -> None:
    assert score("white sail", ["sail"]).f1 == pytest.approx(2 / 3)


def test_the_best_reference_counts_averaged_over_leaving_each_out() -> None:
    # F1 with each reference: 1, 0, 2/3, 0. The best without the first is 2/3, and 1 without any
    # other: (2/3 + 1 + 1 + 1) / 4. Exact match: 1, 0, 0, 0, so (0 + 1 + 1 + 1) / 4.
    measured = score("three", ["three", "3", "three boats", "many"])

    assert measured.f1 == pytest.approx(11 / 12)
    assert measured.exact_match == pytest.approx(3 / 4)


def test_a_reference_that_two_people_gave_is_never_lost() -> None:
    assert score("unknown", ["unknown", "Unknown.", "no", "no"]).f1 == 1


@given(st.text(max_size=30), st.lists(st.text(max_size=30), min_size=1, max_size=4))
def test_a_score_is_a_share_and_an_exact_match_is_a_full_one(
    prediction: str, references: list[str]
) -> None:
    measured = score(prediction, references)

    assert 0 <= measured.exact_match <= measured.f1 <= 1
