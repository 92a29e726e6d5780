"""The answers that a question can have in some sentences: what a small model may choose from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from .passage import STOP_WORD, WORD, content_words, is_same_word

__all__ = ["Kind", "candidates", "kind_of"]

Kind: TypeAlias = Literal["yes_no", "count", "amount", "time", "name", "place", "thing"]
"""What a question asks for."""

_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "yes_no",
        re.compile(
            r"^(and |but )?(is|are|was|were|did|do(es)?|ha[sd]|have|can|could|will|would)\b"
        ),
    ),
    ("count", re.compile(r"\bhow many\b")),
    ("amount", re.compile(r"\bhow (much|old|long|far|tall|high|large|big)\b")),
    ("time", re.compile(r"\b(when|(what|which) (year|month|day|date|time|century))\b")),
    ("name", re.compile(r"\b(who|whom|whose|name)\b")),
    ("place", re.compile(r"\bwhere\b")),
)

_NOUN = "(D?[CNT]*U+|D?[CNT]+)"

_PATTERNS: dict[Kind, re.Pattern[str]] = {
    "count": re.compile("N+"),
    "amount": re.compile("N+[CU]?"),
    "time": re.compile("[NT]+"),
    "name": re.compile("U+(AU+)?"),
    "place": re.compile(f"(?<=P){_NOUN}(O{_NOUN})?"),
    "thing": re.compile(f"{_NOUN}(O{_NOUN})?"),
}
"""What an answer looks like, by a letter for each word: see `_LETTERS`."""

_LETTERS = (
    ("A", re.compile("and")),
    ("O", re.compile("of")),
    ("D", re.compile(r"a|an|the|his|her|its|their|my|our|your|.*['\u2019]s")),
    ("P", re.compile("at|behind|beside|by|from|in|inside|into|near|on|over|to|under")),
    (
        "N",
        re.compile(
            r"\d.*|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|"
            "fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|"
            "eighty|ninety|hundred|thousand|million|billion|half"
        ),
    ),
    (
        "T",
        re.compile(
            "january|february|march|april|june|july|august|september|october|november|december|"
            "monday|tuesday|wednesday|thursday|friday|saturday|sunday|spring|summer|autumn|winter|"
            "morning|evening|night|today"
        ),
    ),
    ("X", STOP_WORD),
)
"""A: and. O: of. D: determiner or possessive. P: preposition of place. N: number. T: time. X: other
stop word. Of the rest, U is capitalised and C is not."""


def kind_of(question: str) -> Kind:
    """Return what a question asks for, by its question word."""
    for kind, pattern in _KINDS:
        if pattern.search(question.lower()):
            return kind
    return "thing"


def candidates(question: str, evidence: Sequence[str], *, limit: int = 3) -> list[tuple[str, int]]:
    """Return at most `limit` possible answers, the likeliest first, each with its sentence's index.

    Likely is what stands near the words of the question, in the sentence that was found first.
    """
    kind = kind_of(question)
    if kind == "yes_no":
        return [("yes", 0), ("no", 0)] if evidence else []
    asked = content_words(question)
    options = _likely(evidence, _PATTERNS[kind], asked)
    if not options and kind in {"name", "place"}:  # who someone is need not be a name
        options = _likely(evidence, _PATTERNS["thing"], asked)
    return options[:limit]


def _likely(
    evidence: Sequence[str], pattern: re.Pattern[str], asked: list[str]
) -> list[tuple[str, int]]:
    found: list[tuple[int, int, str]] = []
    for index, sentence in enumerate(evidence):
        places = [word.start() for word in WORD.finditer(sentence) if _is_asked(word[0], asked)]
        for start, end in _phrases(sentence, pattern, asked):
            distance = min((abs((start if at < start else end) - at) for at in places), default=0)
            found.append((index, distance, sentence[start:end]))
    options: dict[str, int] = {}
    for index, _, text in sorted(found):
        options.setdefault(text, index)
    return list(options.items())


def _phrases(
    sentence: str, pattern: re.Pattern[str], asked: list[str]
) -> Iterator[tuple[int, int]]:
    """Yield the places of what looks like the pattern and is not in the question."""
    for clause in _clauses(sentence):
        for phrase in pattern.finditer("".join(_letter(word[0]) for word in clause)):
            inside = _without_asked(clause[phrase.start() : phrase.end()], asked)
            if inside:
                yield inside[0].start(), inside[-1].end()


def _without_asked(words: list[re.Match[str]], asked: list[str]) -> list[re.Match[str]]:
    """Cut off the words at both ends that the question has itself, and what they leave dangling."""
    is_new = [not _is_asked(word[0], asked) and _letter(word[0]) not in "DO" for word in words]
    if True not in is_new:
        return []
    first = is_new.index(True)
    end = len(words) - is_new[::-1].index(True)
    is_determined = first > 0 and _letter(words[first - 1][0]) == "D"
    return words[first - is_determined : end]


def _clauses(sentence: str) -> Iterator[list[re.Match[str]]]:
    """Yield the words between one punctuation mark and the next."""
    clause: list[re.Match[str]] = []
    for word in WORD.finditer(sentence):
        if clause and not re.fullmatch(r"[\s-]*", sentence[clause[-1].end() : word.start()]):
            yield clause
            clause = []
        clause.append(word)
    yield clause


def _letter(word: str) -> str:
    """Return the letter that stands for a word in `_PATTERNS`."""
    for letter, pattern in _LETTERS:
        if pattern.fullmatch(word.lower()):
            return letter
    return "U" if word[0].isupper() else "C"


def _is_asked(word: str, asked: list[str]) -> bool:
    return any(is_same_word(word.lower(), other) for other in asked)
