"""Questions that refer back, such as `Who was she?`, made to stand alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

from agentcore import AssistantMessage, Message, SystemMessage, UserMessage

from .passage import content_words

__all__ = ["Dialogue", "refers_back", "rewriting_prompt", "stand_alone"]

Dialogue: TypeAlias = Sequence[tuple[str, str]]
"""The earlier questions with their answers, oldest first."""

_GENDER = {"he": "he", "him": "he", "his": "he", "she": "she", "her": "she", "hers": "she"}
_PERSON = re.compile(r"\b(?:he|him|his|she|her|hers)\b", re.IGNORECASE)
_THING = re.compile(r"\b(?:it|its|they|them|their)\b", re.IGNORECASE)
_POSSESSIVE = re.compile("his|its|their|hers", re.IGNORECASE)
_OWNED = re.compile(
    r"\s+(?!(?:after|and|as|at|before|by|do|for|from|go|have|in|of|on|that|there|to|when|with)\b)"
    "[a-z]"
)
"""After `her`: the first letter of what she owns."""
_NOUN_PHRASE = re.compile(r"\b(?:the|a|an|his|her|their|its|this|that)\s+(\w[\w-]*)", re.IGNORECASE)
_WORD = re.compile(r"\w+(?:[-'\u2019.]\w+)*\.?")
_TITLES = {"Dr.": "", "Mr.": "he", "Mrs.": "she", "Ms.": "she", "St.": ""}
_WHO = re.compile(r"\b(?:who|whom|name)\b", re.IGNORECASE)
_BEFORE_PLACE = re.compile(r"\b(?:at|from|in|near|of|to|the)\s+$", re.IGNORECASE)
_SHORT = 3
"""A question of so few words, of which at most one says something, goes on from the one before."""


def refers_back(question: str) -> bool:
    """Whether a question needs those before it to be understood."""
    has_pronoun = _PERSON.search(question) or _THING.search(question)
    return bool(has_pronoun) or _is_bare(question)


def stand_alone(question: str, dialogue: Dialogue) -> str:
    """Return a question with what its pronouns refer to in their place; no model is needed.

    A person is the one spoken of last, as far as `he` and `she` have told people apart; a thing is
    the last that a question was about, if it is one for `it` and several for `they`. A
    question with hardly a word of its own takes the one before with it. It is often wrong about
    people whom no question has named.

    Example:
        >>> stand_alone("How old was she?", [("Where did Nora live?", "in a lighthouse")])
        'How old was Nora?'
        >>> stand_alone("By whom?", [("When was the tower built?", "1764")])
        'By whom? When was the tower built? 1764'
    """
    spoken_of = _SpokenOf()
    before = ""
    for earlier, answer in dialogue:
        before = f"{spoken_of.resolve(earlier)} {answer}"
        spoken_of.hear(earlier, answer)
    resolved = spoken_of.resolve(question)
    return f"{question} {before}" if before and _is_bare(resolved) else resolved


def rewriting_prompt(question: str, dialogue: Dialogue) -> list[Message]:
    """Return what a model is asked, to have a question rewritten as `{"question": "..."}`."""
    return [
        SystemMessage(
            content="Rewrite the last question of a dialogue so that it can be understood alone: "
            "put names in place of he, she, it, they. Change nothing else, and do not answer it."
        ),
        UserMessage(content="Where did Anna Berg live? In Oslo.\nLast question: Did she like it?"),
        AssistantMessage(content='{"question": "Did Anna Berg like Oslo?"}'),
        UserMessage(content="Who built the boat? Tom.\nLast question: How long did it take him?"),
        AssistantMessage(content='{"question": "How long did it take Tom to build the boat?"}'),
        UserMessage(
            content="\n".join(f"{earlier} {answer}." for earlier, answer in dialogue[-_RECENT:])
            + f"\nLast question: {question}"
        ),
    ]


_RECENT = 4
"""How many earlier questions a model is shown: what is referred to is rarely further back."""


class _SpokenOf:
    """Whom and what a dialogue has spoken of so far."""

    def __init__(self) -> None:
        self._people: dict[str, str] = {}
        """Names, each with `he`, `she` or nothing yet; the last was spoken of last."""
        self._thing = ""

    def resolve(self, question: str) -> str:
        """Put names and things in place of the pronouns of a question that names nobody."""
        if _names(question):
            return question
        return _THING.sub(self._meant, _PERSON.sub(self._meant, question))

    def hear(self, question: str, answer: str) -> None:
        """Note whom and what a question and its answer name."""
        resolved = self.resolve(question)
        for name in [*_names(resolved), *(_names(answer) if _WHO.search(question) else ())]:
            known = next((one for one in self._people if name in {one, *one.split()}), name)
            self._people[known] = self._people.pop(known, _TITLES.get(name.split()[0], ""))
        for pronoun in _PERSON.findall(question):
            if name := self._person(pronoun):
                self._people[name] = _GENDER[pronoun.lower()]
        if things := _NOUN_PHRASE.findall(resolved):
            self._thing = f"the {things[-1]}"

    def _meant(self, found: re.Match[str]) -> str:
        """Return what a pronoun stands for; itself where that is not known."""
        pronoun = found[0].lower()
        is_person = pronoun in _GENDER
        is_one = pronoun in {"it", "its"}
        if is_person or (is_one and not self._thing):
            meant = self._person(pronoun)
        else:
            meant = self._thing if is_one != self._thing.endswith("s") else ""
        if not meant:
            return found[0]
        is_her_own = pronoun == "her" and _OWNED.match(found.string, found.end())
        return f"{meant}'s" if is_her_own or _POSSESSIVE.fullmatch(pronoun) else meant

    def _person(self, pronoun: str = "") -> str:
        """Return the last who is known to be `he`, or `she`, else the last who may be."""
        gender = _GENDER.get(pronoun.lower(), "")
        latest = list(reversed(self._people))
        known = [one for one in latest if gender and self._people[one] == gender]
        return next(iter([*known, *(one for one in latest if not self._people[one])]), "")


def _names(text: str) -> list[str]:
    """Return the capitalised phrases, but for the first word of a question and for places."""
    found: list[list[str]] = []
    end = -1  # of the name that may go on with the next word
    for index, word in enumerate(_WORD.finditer(text)):
        bare = word[0] if word[0] in _TITLES else re.sub(r"(?:['\u2019]s)?\.?$", "", word[0])
        if not bare[:1].isupper() or (index == 0 and _begins_sentence(bare, text)):
            continue
        if found and not text[end : word.start()].strip() and end > 0:
            found[-1].append(bare)
        elif not _BEFORE_PLACE.search(text, 0, word.start()):
            found.append([bare])
        else:
            continue
        end = word.start() + len(bare)
    return [" ".join(words) for words in found]


def _begins_sentence(word: str, text: str) -> bool:
    """Whether a first word is capitalised for being the first."""
    return text.rstrip().endswith("?") or not content_words(word)


def _is_bare(question: str) -> bool:
    has_little = len(content_words(question)) <= 1 and len(question.split()) <= _SHORT
    return has_little and not _names(question)
