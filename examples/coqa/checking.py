"""Does the text say so? A check that costs no model call, and one that asks the model."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from agentcore import Message, SystemMessage, UserMessage

from .passage import WORD, content_words, is_same_word
from .words import NUMBER

__all__ = ["Verdict", "check", "checking_prompt", "is_said"]


class Verdict(BaseModel, frozen=True):
    """Whether a text supports an answer, and why."""

    is_supported: bool
    why: str


_LEAST_SHARE = 0.3
"""Of 600 development questions 2 % have less of their words in their two best sentences; of the
same questions put to another paragraph of the article, 69 %."""


def check(question: str, answer: str, evidence: str, sentences: Sequence[str]) -> Verdict:
    """Say whether sentences speak of what is asked, and whether the answer is in its evidence.

    It compares words: of an answer that contradicts the text in the text's own words it sees
    nothing.
    """
    asked = content_words(question)
    said = _words_of(sentences)
    missing = [word for word in asked if not _is_among(word, said)]
    share = 1 - len(missing) / max(1, len(asked))
    if share < _LEAST_SHARE:
        why = f"the text does not speak of {', '.join(missing)}"
        return Verdict(is_supported=False, why=why)
    if not is_said(answer, evidence):
        return Verdict(is_supported=False, why=f"the evidence has not the words of {answer!r}")
    return Verdict(is_supported=True, why=f"the text has {share:.0%} of the words of the question")


def is_said(answer: str, evidence: str) -> bool:
    """Whether words of an answer are in its evidence; yes, no and numbers may be put otherwise."""
    words = [word[0].lower() for word in WORD.finditer(answer)]
    if words and words[0] in {"yes", "no"}:
        return True
    said = _words_of([evidence])
    if any(NUMBER.fullmatch(word) for word in words):
        return any(NUMBER.fullmatch(word) for word in said)
    return any(_is_among(word, said) for word in content_words(answer) or words)


def checking_prompt(question: str, answer: str, sentences: Sequence[str]) -> list[Message]:
    """Return what a model is asked, to have an answer checked as `{"supported": true}`."""
    return [
        SystemMessage(
            content="Judge whether a text says that the answer to the question is the given one. "
            'Not what is likely: only what the text says. Reply as {"supported": true} or false.'
        ),
        UserMessage(content=f"Text: {' '.join(sentences)}\nQuestion: {question}\nAnswer: {answer}"),
    ]


def _words_of(sentences: Sequence[str]) -> set[str]:
    return {word[0].lower() for sentence in sentences for word in WORD.finditer(sentence)}


def _is_among(word: str, words: set[str]) -> bool:
    return any(is_same_word(word, other) for other in words)
