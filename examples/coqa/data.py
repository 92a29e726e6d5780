"""Stories and their dialogues, read from a file in the official JSON format of CoQA."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from agentcore import ConfigurationError, Span

__all__ = ["STORIES", "UNKNOWN", "Story", "Turn", "load_stories"]

STORIES = Path(__file__).with_name("stories.json")
"""Four stories that were written for this example."""

UNKNOWN = "unknown"
"""The answer to a question that the story does not answer."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question of the dialogue and the answers that are right."""

    question: str
    references: tuple[str, ...]
    """One to four answers, each by another person in the official data."""
    evidence: Span | None
    """The characters of the story that the first answer rests on; None: it is unknown."""


@dataclass(frozen=True, slots=True)
class Story:
    """A text and a dialogue about it, in which a question may refer to those before it."""

    id: str
    name: str
    text: str
    turns: tuple[Turn, ...]


def load_stories(path: str | Path) -> list[Story]:
    """Read a file such as `coqa-dev-v1.0.json`.

    Raises:
        ConfigurationError: the file cannot be read, or it is not CoQA; the message says where.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read the stories in {str(path)!r}: {error}") from error
    try:
        entries = _File.model_validate_json(content).data
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise _wrong(path, f"{where}: {first['msg']}") from error
    counts = Counter(entry.id for entry in entries)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise _wrong(path, f"the id {twice[0]!r} is that of {counts[twice[0]]} stories")
    return [_to_story(entry, path) for entry in entries]


class _Question(BaseModel):
    input_text: str
    turn_id: int


class _Answer(_Question):
    span_start: int
    span_end: int


class _Entry(BaseModel):
    """One story as it is in the file. Fields that are not needed here are not looked at."""

    id: str
    story: str
    name: str = ""
    questions: Annotated[list[_Question], Field(min_length=1)]
    answers: list[_Answer]
    additional_answers: dict[str, list[_Answer]] = {}


class _File(BaseModel):
    data: Annotated[list[_Entry], Field(min_length=1)]


def _to_story(entry: _Entry, path: str | Path) -> Story:
    answers = [entry.answers, *entry.additional_answers.values()]
    wanted = [question.turn_id for question in entry.questions]
    if len(set(wanted)) < len(wanted):
        raise _wrong(path, f"story {entry.id!r} has questions with the same turn_id: {wanted}")
    for given in answers:
        if (found := [answer.turn_id for answer in given]) != wanted:
            raise _wrong(
                path,
                f"story {entry.id!r} has questions with turn_id {wanted} and answers with {found}",
            )
        for answer in given:
            _check_span(answer, entry, path)
    turns = tuple(
        _to_turn(question.input_text, [given[index] for given in answers])
        for index, question in enumerate(entry.questions)
    )
    return Story(entry.id, entry.name or entry.id, entry.story, turns)


def _check_span(answer: _Answer, entry: _Entry, path: str | Path) -> None:
    """Refuse a place that is not in the story; -1 to -1 stands for none."""
    start, end = answer.span_start, answer.span_end
    if not 0 <= start <= end <= len(entry.story) and (start, end) != (-1, -1):
        raise _wrong(
            path,
            f"story {entry.id!r}, turn {answer.turn_id}: the span {start} to {end} is outside of "
            f"the story, which has {len(entry.story)} characters",
        )


def _wrong(path: str | Path, what: str) -> ConfigurationError:
    return ConfigurationError(f"{str(path)!r} does not have the format of CoQA: {what}")


def _to_turn(question: str, answers: Sequence[_Answer]) -> Turn:
    start, end = answers[0].span_start, answers[0].span_end
    return Turn(
        question=question,
        references=tuple(answer.input_text for answer in answers),
        evidence=Span(start=start, end=end) if start >= 0 else None,
    )
