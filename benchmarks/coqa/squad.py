"""SQuAD turned into dialogues: one paragraph and its questions, in order."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from agentcore import ConfigurationError, MissingExtraError
from examples.coqa.data import Story, Turn

__all__ = ["EVALUATION_QUESTIONS", "SHARED", "SQUAD", "draw", "load_dialogues"]

SHARED = Path(__file__).parents[3] / "shared" / "data"
"""Where data sets are looked for: beside the repository, of which they are no part."""

SQUAD = SHARED / "squad11_dev" / "squad11_dev.jsonl.zst"
"""Whole paragraphs with their questions, in order."""


EVALUATION_QUESTIONS = 200
"""What the evaluation asks; the paragraphs that it takes are kept out of the development draw."""


def load_dialogues(path: Path) -> list[Story]:
    """Read the set; a dialogue is the questions about one paragraph in their order.

    Raises:
        ConfigurationError: the file cannot be read, or is something else.
        MissingExtraError: it is compressed, and zstandard is not installed.
    """
    try:
        return _dialogues_in(_text_of(path))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{str(path)!r} does not have the format of SQuAD, a question a line: {error!r}"
        ) from error


def _dialogues_in(text: str) -> list[Story]:
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for line in text.splitlines():
        row = json.loads(line)
        groups.setdefault((row["title"], row["para"]), []).append(row)
    return [
        Story(
            id=f"{title}/{paragraph}",
            name=title,
            text=rows[0]["context"],
            turns=tuple(Turn(row["question"], tuple(row["answers"]), None) for row in rows),
        )
        for (title, paragraph), rows in groups.items()
    ]


def draw(
    dialogues: list[Story], *, questions: int, seed: int, development: bool = False
) -> list[Story]:
    """Draw whole dialogues, one of each article in turn, until there are so many questions.

    The development draw is of the paragraphs that the evaluation of 200 questions leaves over,
    whatever `questions` is: what is tuned on it has not seen one of the others' paragraphs.
    """
    deck = list(_dealt(dialogues, seed))
    if development:
        kept = {story.id for story in _first(deck, EVALUATION_QUESTIONS)}
        deck = [story for story in deck if story.id not in kept]
    return _first(deck, questions)


def _dealt(dialogues: list[Story], seed: int) -> Iterator[Story]:
    shuffled = list(dialogues)
    random.Random(seed).shuffle(shuffled)  # noqa: S311  no secret
    articles: dict[str, list[Story]] = {}
    for story in shuffled:
        articles.setdefault(story.name, []).append(story)
    while articles:
        for name in list(articles):
            yield articles[name].pop()
            if not articles[name]:
                del articles[name]


def _first(deck: list[Story], questions: int) -> list[Story]:
    drawn: list[Story] = []
    for story in deck:
        left = questions - sum(len(one.turns) for one in drawn)
        if left <= 0:
            break
        drawn.append(Story(story.id, story.name, story.text, story.turns[:left]))
    return drawn


def _text_of(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read {str(path)!r}: {error}") from error
    if path.suffix != ".zst":
        return content.decode()
    try:
        zstandard: Any = import_module("zstandard")
    except ImportError as error:
        raise MissingExtraError("reading a .zst file", "pip install zstandard") from error
    with zstandard.ZstdDecompressor().stream_reader(content) as reader:
        return reader.read().decode()
