"""The answers that a question can have in some sentences: what a small model may choose from."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from pydantic import BaseModel

from .passage import STOP_WORD, WORD, content_words, is_same_word
from .words import BREAK, DETERMINER, NEGATION, NUMBER, PREPOSITION, TIME

__all__ = ["Candidate", "Kind", "candidates", "kind_of"]

Kind: TypeAlias = Literal["yes_no", "count", "amount", "time", "name", "place", "thing"]
"""What a question asks for."""


class Candidate(BaseModel, frozen=True):
    """A possible answer."""

    text: str
    sentence: int
    """Index of the sentence that it stands in."""


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

_NOUN = "(?:D?[CNT]*U[UCNT]*|D?[CNT]+)"
_NOUNS = (f"{_NOUN}(?:O{_NOUN})?", f"{_NOUN}A{_NOUN}")
_NAMES = "D?U+(?:[OA]D?U+)*"

_PATTERNS: dict[Kind, tuple[str, ...]] = {
    "count": ("N+",),
    "amount": ("N+[CU]{0,2}",),
    "time": ("[NT]+(?:U?N+)?",),
    "name": (_NAMES, *_NOUNS),  # who someone is need not be a name
    "place": (f"(?<=P){_NOUN}(?:O{_NOUN})?", _NAMES, *_NOUNS),
    "thing": _NOUNS,
}
"""What an answer looks like, by a letter for each word, the likeliest first: see `_LETTERS`."""

_LETTERS = (
    ("A", re.compile("and")),
    ("O", re.compile("of")),
    ("D", DETERMINER),
    ("P", PREPOSITION),
    ("N", NUMBER),
    ("T", TIME),
    ("X", STOP_WORD),
)
"""A: and. O: of. D: determiner or possessive. P: preposition of place. N: number. T: time. X: a
word that is in no answer. Of the rest, U is capitalised and C is not."""


def kind_of(question: str) -> Kind:
    """Return what a question asks for, by its question word; of two questions the first counts."""
    asked = question.lower().partition("?")[0]
    for kind, pattern in _KINDS:
        if pattern.search(asked):
            return kind
    return "thing"


def candidates(question: str, evidence: Sequence[str], *, limit: int = 8) -> list[Candidate]:
    """Return at most `limit` possible answers, the likeliest first.

    Likely is what looks like an answer to such a question, stands near its words, in the sentence
    that was found first, and is more than one word. The weights were chosen by hand on questions
    that the benchmark does not ask.
    """
    kind = kind_of(question)
    if kind == "yes_no":
        return _yes_and_no(evidence)
    asked = content_words(question)
    found: list[tuple[float, str, int]] = []
    for index, sentence in enumerate(evidence):
        words = list(WORD.finditer(sentence))
        places = [at for at, word in enumerate(words) if _is_asked(word[0], asked)]
        for rank, pattern in enumerate(_PATTERNS[kind]):
            for start, end in _phrases(sentence, re.compile(pattern), asked):
                inside = [at for at, word in enumerate(words) if start <= word.start() < end]
                near = min((_distance(at, inside) for at in places), default=len(words))
                cost = 0.6 * (index + rank) + 0.25 * math.log1p(near) - 0.2 * min(4, len(inside))
                found.append((cost, sentence[start:end], index))
    options: dict[str, int] = {}
    for _, text, index in sorted(found):
        options.setdefault(text, index)
    return [Candidate(text=text, sentence=index) for text, index in options.items()][:limit]


def _yes_and_no(evidence: Sequence[str]) -> list[Candidate]:
    if not evidence:
        return []
    is_denied = any(NEGATION.search(sentence.lower()) for sentence in evidence[:1])
    order = ("no", "yes") if is_denied else ("yes", "no")
    return [Candidate(text=text, sentence=0) for text in order]


def _distance(place: int, inside: Sequence[int]) -> int:
    """Return how many words lie between a word and a phrase."""
    if not inside or place in inside:
        return 0
    return inside[0] - place if place < inside[0] else place - inside[-1]


def _phrases(
    sentence: str, pattern: re.Pattern[str], asked: list[str]
) -> Iterator[tuple[int, int]]:
    """Yield the places of what looks like the pattern and is not in the question."""
    for clause in _clauses(sentence):
        for phrase in pattern.finditer("".join(_letter(word[0]) for word in clause)):
            inside = _without_asked(clause[phrase.start() : phrase.end()], asked)
            if inside:
                start, end = inside[0].start(), inside[-1].end()
                has_currency = sentence[start - 1 : start] in {"$", "£", "€"}
                yield start - has_currency, end + (sentence[end : end + 1] == "%")


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
        if clause and not re.fullmatch(r"[\s$£€%-]*", sentence[clause[-1].end() : word.start()]):
            yield clause
            clause = []
        clause.append(word)
    yield clause


def _letter(word: str) -> str:
    """Return the letter that stands for a word in `_PATTERNS`."""
    for letter, pattern in _LETTERS:
        if pattern.fullmatch(word.lower()):
            return letter
    if word[0].isupper():
        return "U"
    return "X" if BREAK.fullmatch(word) else "C"


def _is_asked(word: str, asked: list[str]) -> bool:
    return any(is_same_word(word.lower(), other) for other in asked)
