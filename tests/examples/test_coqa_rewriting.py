"""Questions that refer back, and the check of an answer, by rules."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.coqa import rewriting
from examples.coqa.checking import check, is_said
from examples.coqa.rewriting import refers_back, stand_alone


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(rewriting) == (0, 2)


@pytest.mark.parametrize(
    ("dialogue", "question", "expected"),
    [
        ([("Who took over in 1791?", "Klara")], "Who was she?", "Who was Klara?"),
        ([("Who is Ann?", "a girl")], "Where is her boat?", "Where is Ann's boat?"),
        ([("Who is Ann?", "a girl")], "Who saw her there?", "Who saw Ann there?"),
        ([("Who met Mr. Osman?", "Ann")], "Was he angry?", "Was Mr. Osman angry?"),
        ([("When was the tower built?", "1764")], "Is it tall?", "Is the tower tall?"),
        ([("Who bought the boats?", "Ann")], "Are they red?", "Are the boats red?"),
        ([("When was the tower built?", "1764")], "Are they red or tall?", "Are they red or tall?"),
        ([("Where did Ann go?", "Oslo")], "Did she like Bob?", "Did she like Bob?"),
        ([("Where is Oslo?", "unknown")], "Is Rome bigger than Oslo?", "Is Rome bigger than Oslo?"),
        ([], "Who was she?", "Who was she?"),
    ],
)
def test_pronouns_are_replaced_by_what_they_refer_to(
    dialogue: list[tuple[str, str]], question: str, expected: str
) -> None:
    assert stand_alone(question, dialogue) == expected


def test_he_and_she_tell_people_apart() -> None:
    dialogue = [
        ("How old is Ann?", "eleven"),
        ("Where does she live?", "at sea"),
        ("Who is Bob?", "a cook"),
    ]

    assert stand_alone("What does she eat?", dialogue) == "What does Ann eat?"
    assert stand_alone("What does he eat?", dialogue) == "What does Bob eat?"


def test_a_name_is_known_by_its_parts() -> None:
    dialogue = [("Who is Walter Finch?", "a driver"), ("What did Finch sell?", "stamps")]

    assert stand_alone("How old is he?", dialogue) == "How old is Walter Finch?"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who was she?", True),
        ("By whom?", True),
        ("Why?", True),
        ("Where is its tail?", True),
        ("Who is Bob?", False),
        ("How many boats did Nora see from the top?", False),
    ],
)
def test_a_question_that_needs_the_others_is_known(question: str, *, expected: bool) -> None:
    assert refers_back(question) is expected


@given(st.text(max_size=40), st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20))))
def test_any_dialogue_can_be_heard(question: str, dialogue: list[tuple[str, str]]) -> None:
    assert question == "" or stand_alone(question, dialogue)


TEXT = ["The Rankine cycle was found in 1859.", "Three boats turned away."]


@pytest.mark.parametrize(
    ("question", "answer", "why"),
    [
        ("When was the cycle found?", "1859", "the text has 100% of the words of the question"),
        ("How many boats turned?", "3", "the text has 100% of the words of the question"),
        ("Was the cycle found?", "no", "the text has 100% of the words of the question"),
    ],
)
def test_an_answer_in_the_words_of_the_text_is_supported(
    question: str, answer: str, why: str
) -> None:
    verdict = check(question, answer, " ".join(TEXT), TEXT)

    assert (verdict.is_supported, verdict.why) == (True, why)


@pytest.mark.parametrize(
    ("question", "answer", "why"),
    [
        ("Who wrote an opera?", "Three boats", "the text does not speak of wrote, opera"),
        (
            "What was found?",
            "the Otto engine",
            "the evidence has not the words of 'the Otto engine'",
        ),
    ],
)
def test_an_answer_that_the_text_does_not_have_is_refused(
    question: str, answer: str, why: str
) -> None:
    verdict = check(question, answer, " ".join(TEXT), TEXT)

    assert not verdict.is_supported
    assert why in verdict.why


def test_a_number_is_said_only_where_there_is_one() -> None:
    assert is_said("3", "Three boats.")
    assert not is_said("3", "Some boats.")
