"""Spans are exact, cover all that is not white space, and are never too long."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore import ConfigurationError
from agentcore.interfaces import Splitter
from agentcore.memory import (
    HeadingSplitter,
    RecursiveSplitter,
    SentenceSplitter,
    TokenSplitter,
    WholeSplitter,
)
from agentcore.memory.knowledge.splitters import word_tokens

TEXTS = st.text(
    st.sampled_from("ab .!?\n\t#`-。”é\u0301\U0001f600") | st.characters(exclude_categories=["Cs"]),
    max_size=80,
)
SIZES = st.tuples(st.integers(1, 40), st.integers(0, 39)).filter(lambda pair: pair[1] < pair[0])


def pieces(splitter: Splitter, text: str) -> list[str]:
    return [text[span.start : span.end] for span in splitter.split(text)]


def assert_exact(splitter: Splitter, text: str) -> None:
    spans = splitter.split(text)
    covered = {place for span in spans for place in range(span.start, span.end)}
    assert {place for place, char in enumerate(text) if not char.isspace()} <= covered
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(piece == piece.strip() for piece in pieces(splitter, text))
    assert all(a.start < b.start and a.end < b.end for a, b in pairwise(spans))


@settings(max_examples=40)
@given(TEXTS, SIZES)
def test_chunks_of_characters_are_exact_and_never_too_long(
    text: str, sizes: tuple[int, int]
) -> None:
    for kind in (RecursiveSplitter, SentenceSplitter, HeadingSplitter):
        splitter = kind(max_chars=sizes[0], overlap_chars=sizes[1])

        assert_exact(splitter, text)
        assert all(len(piece) <= sizes[0] for piece in pieces(splitter, text))


@settings(max_examples=40)
@given(TEXTS, SIZES)
def test_chunks_of_tokens_are_exact_and_never_too_long(text: str, sizes: tuple[int, int]) -> None:
    splitter = TokenSplitter(max_tokens=sizes[0], overlap_tokens=sizes[1])

    assert_exact(splitter, text)
    assert all(len(word_tokens(piece)) <= sizes[0] for piece in pieces(splitter, text))


@settings(max_examples=40)
@given(TEXTS, SIZES)
def test_neighbours_share_no_more_than_the_overlap(text: str, sizes: tuple[int, int]) -> None:
    for kind in (RecursiveSplitter, SentenceSplitter, HeadingSplitter):
        spans = kind(max_chars=sizes[0], overlap_chars=sizes[1]).split(text)

        assert all(a.end - b.start <= sizes[1] for a, b in pairwise(spans))


def test_a_whole_text_stays_whole() -> None:
    assert pieces(WholeSplitter(), "  one\n\ntwo ") == ["one\n\ntwo"]
    assert WholeSplitter().split(" \n ") == []


def test_overlap_repeats_whole_sentences() -> None:
    splitter = SentenceSplitter(max_chars=22, overlap_chars=12)

    assert pieces(splitter, "One is one. Two is two. Six is six.") == [
        "One is one.",
        "Two is two.",
        "Six is six.",
    ]
    wider = SentenceSplitter(max_chars=24, overlap_chars=12)
    assert pieces(wider, "A one. B two. C three. D.") == [
        "A one. B two. C three.",
        "C three. D.",
    ]


def test_abbreviations_and_numbers_end_no_sentence() -> None:
    text = "Dr. Ann Lee (e.g. at 3.14) saw Fig. 2. It was red."

    assert pieces(SentenceSplitter(max_chars=40), text) == [
        "Dr. Ann Lee (e.g. at 3.14) saw Fig. 2.",
        "It was red.",
    ]


def test_chinese_sentences_end_without_a_space() -> None:
    assert pieces(SentenceSplitter(max_chars=6), "你好吗。我很好。") == ["你好吗。", "我很好。"]


def test_headings_begin_chunks_but_not_inside_fenced_code() -> None:
    text = "intro\n# One\ntext\n```\n# no heading\n```\n## Two\nmore"

    assert pieces(HeadingSplitter(max_chars=500), text) == [
        "intro",
        "# One\ntext\n```\n# no heading\n```",
        "## Two\nmore",
    ]


def test_paragraphs_stay_together_where_they_fit() -> None:
    text = "aa aa\n\nbb bb\n\ncc cc"

    assert pieces(RecursiveSplitter(max_chars=12), text) == ["aa aa\n\nbb bb", "cc cc"]


def test_a_tokenizer_of_the_users_own_counts() -> None:
    def letters(text: str) -> list[tuple[int, int]]:
        return [(place, place + 1) for place in range(len(text))]

    assert pieces(TokenSplitter(max_tokens=3, tokenizer=letters), "abcdefg") == ["abc", "def", "g"]


@pytest.mark.parametrize(("maximum", "overlap"), [(0, 0), (5, 5), (5, -1)])
def test_sizes_that_cannot_be_kept_are_refused(maximum: int, overlap: int) -> None:
    with pytest.raises(ConfigurationError, match="must be at least"):
        RecursiveSplitter(max_chars=maximum, overlap_chars=overlap)
