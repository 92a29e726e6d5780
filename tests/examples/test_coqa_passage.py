"""Finding the sentences of a story, and the answers in them."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore import ConfigurationError, Span
from examples.coqa import passage
from examples.coqa.candidates import Candidate, candidates
from examples.coqa.passage import PassageMemory, is_same_word, sentences

TEXT = (
    "Ann Lee built a small boat in 1990. It cost her 3.2 million dollars.\n\n"
    "Mr. Osman was not angry.\nHe found the boat in the pond of his old school."
)


def texts(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentences(text)]


def test_the_example_in_the_docstring_holds() -> None:
    assert doctest.testmod(passage) == (0, 4)


def test_a_text_is_cut_into_its_sentences() -> None:
    assert texts(TEXT) == [
        "Ann Lee built a small boat in 1990.",
        "It cost her 3.2 million dollars.",
        "Mr. Osman was not angry.",
        "He found the boat in the pond of his old school.",
    ]


def test_a_quotation_ends_with_its_sentence() -> None:
    assert texts('"I ran." The end came! "So?" he said.') == [
        '"I ran."',
        "The end came!",
        '"So?" he said.',
    ]


@given(st.text(alphabet='ab A1.!?"\n\t '))
def test_sentences_cover_all_that_is_not_white_space(text: str) -> None:
    assert "".join("".join(texts(text)).split()) == "".join(text.split())


async def test_the_sentence_with_the_rare_words_is_found_first() -> None:
    memory = PassageMemory(TEXT, source="tale")

    hits = await memory.search("Where was the boat found, in a pond?", top_k=2)

    assert [hit.text[:8] for hit in hits] == ["He found", "Ann Lee "]
    assert (hits[0].score, hits[0].source, hits[0].why) == (1, "tale", "shares boat, found, pond")
    places = [Span.model_validate(hit.metadata) for hit in hits]
    assert [TEXT[place.start : place.end] for place in places] == [hit.text for hit in hits]


async def test_a_query_of_stop_words_finds_nothing() -> None:
    assert await PassageMemory(TEXT, source="tale").search("Who was it?") == []


async def test_nothing_can_be_added_to_a_passage() -> None:
    with pytest.raises(ConfigurationError, match="only read"):
        await PassageMemory(TEXT, source="tale").add("More.")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("built", "build", True),
        ("wrote", "write", True),
        ("won", "win", True),
        ("boat", "boats", True),
        ("cat", "car", False),
        ("in", "an", False),
        ("sea", "season", False),
    ],
)
def test_forms_of_a_word_are_recognised(one: str, other: str, *, expected: bool) -> None:
    assert is_same_word(one, other) is expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who built the boat?", ["Ann Lee"]),
        ("When did she build it?", ["1990"]),
        ("How much did it cost?", ["3.2 million dollars"]),
        ("How many boats are there?", ["1990", "3.2 million"]),
        ("Where was it found?", ["the pond of his old school"]),
        ("Was he angry?", ["yes", "no"]),
        ("And was he angry?", ["yes", "no"]),
    ],
)
def test_the_question_word_decides_what_can_be_an_answer(
    question: str, expected: list[str]
) -> None:
    found = [option.text for option in candidates(question, texts(TEXT))]

    assert set(expected) <= set(found)
    assert len(found) <= 8


def test_the_nearest_to_the_words_of_the_question_comes_first() -> None:
    sentence = "In 1960 Bob was born in a town far from the sea, and in 1985 he built a boat."

    assert candidates("When was he born?", [sentence])[0].text == "1960"
    assert candidates("When did he build it?", [sentence])[0].text == "1985"


def test_the_words_of_the_question_are_no_answer() -> None:
    found = candidates("What did Ann cut with the knife?", ["Ann cut the bread with a knife."])

    assert found == [Candidate(text="the bread", sentence=0)]


def test_who_somebody_is_need_not_be_a_name() -> None:
    assert candidates("Who was Klara?", ["His daughter Klara came."])[0] == Candidate(
        text="His daughter", sentence=0
    )


def test_each_answer_is_given_with_its_sentence() -> None:
    found = candidates("Who came?", ["The rain came.", "Bob and Ann left."])

    assert Candidate(text="The rain", sentence=0) in found
    assert Candidate(text="Bob and Ann", sentence=1) in found


def test_an_amount_is_taken_with_its_sign() -> None:
    sentence = ["It cost $12 in March, or 5% more."]

    assert [c.text for c in candidates("How much did it cost?", sentence)] == ["$12", "5%"]


@pytest.mark.parametrize(
    ("sentence", "first"), [("He was angry.", "yes"), ("He wasn't angry.", "no")]
)
def test_no_comes_first_where_the_evidence_denies(sentence: str, first: str) -> None:
    assert candidates("Was he angry?", [sentence])[0].text == first


def test_without_evidence_there_is_nothing_to_choose_from() -> None:
    assert candidates("Was he angry?", []) == candidates("Who was angry?", []) == []


@given(st.text(max_size=40), st.text(max_size=80))
def test_every_answer_stands_in_its_sentence(question: str, sentence: str) -> None:
    for option in candidates(f"What {question}", [sentence]):
        assert option.sentence == 0
        assert option.text in sentence
