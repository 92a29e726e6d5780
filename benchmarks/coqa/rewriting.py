"""Rewriting on CoQAR: dialogues whose questions people have put so that they stand alone."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentcore import LLM, ConfigurationError, LLMRequest
from examples.coqa.metric import f1
from examples.coqa.passage import PassageMemory
from examples.coqa.planner import REWRITING, REWRITTEN
from examples.coqa.reading import fields_of
from examples.coqa.rewriting import Dialogue, refers_back, rewriting_prompt, stand_alone

from .intervals import difference, mean
from .squad import SHARED

__all__ = ["COQAR", "Asked", "load_asked", "rewriting_table"]

COQAR = SHARED / "coqar50" / "coqar50_no_passages.jsonl"
"""Where the set is looked for; it is not part of the repository."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a dialogue."""

    dialogue_id: str
    question: str
    dialogue: Dialogue
    rewrites: tuple[str, ...]
    """How people put it so that it stands alone."""
    evidence: str
    passage: str
    """The evidence of all questions of the dialogue, a line each: the set has no passages."""


@dataclass
class _Row:
    """The points of one way to rewrite, question by question."""

    f1: list[float] = field(default_factory=list[float])
    found_first: list[float] = field(default_factory=list[float])
    found_in_three: list[float] = field(default_factory=list[float])

    async def add(self, asked: Asked, rewritten: str) -> None:
        self.f1.append(max(f1(rewritten, one) for one in asked.rewrites))
        hits = await PassageMemory(asked.passage, source="").search(rewritten, top_k=3)
        found = [hit.text in asked.evidence or asked.evidence in hit.text for hit in hits]
        self.found_first.append(any(found[:1]))
        self.found_in_three.append(any(found))


def load_asked(path: Path) -> list[Asked]:
    """Read the questions that have evidence and come after another one.

    Raises:
        ConfigurationError: the file is something else.
    """
    asked: list[Asked] = []
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            asked += _asked_in(json.loads(line))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"{str(path)!r} does not have the format of CoQAR") from error
    return asked


async def rewriting_table(path: Path, llm: LLM, *, limit: int, seed: int) -> str:
    """Measure the questions as they are, rewritten by rules, and rewritten by the model.

    The model is asked for the questions that refer back, as the agent does it; the earlier
    questions and answers are the set's own.
    """
    asked = load_asked(path)
    drawn = random.Random(seed).sample(asked, min(limit, len(asked)))  # noqa: S311  no secret
    rows = {"as they are": _Row(), "by rules": _Row(), f"by {llm.name}": _Row()}
    as_they_are, by_rules, by_model = rows.values()
    for one in drawn:
        await as_they_are.add(one, one.question)
        await by_rules.add(one, stand_alone(one.question, one.dialogue))
        await by_model.add(one, await _by_model(one, llm))
    groups = [one.dialogue_id for one in drawn]
    referring = sum(refers_back(one.question) for one in drawn)
    return "\n".join(
        [
            f"{len(drawn)} questions that have others before them; {referring} refer back.\n",
            "| questions | F1 with people's rewrites | evidence found first | among three |",
            "|---|---|---|---|",
            *(
                f"| {name} | {mean(row.f1, groups)} | {mean(row.found_first, groups)} | "
                f"{mean(row.found_in_three, groups)} |"
                for name, row in rows.items()
            ),
            *_verdict(by_rules, by_model, groups),
        ]
    )


def _verdict(by_rules: _Row, by_model: _Row, groups: Sequence[str]) -> list[str]:
    found = difference(by_model.f1, by_rules.f1, groups)
    best = "the model" if found.low > 0 else "rules" if found.high < 0 else "neither, for certain,"
    lines = [f"Model - rules, F1: {found}: {best} rewrites better."]
    retrieved = difference(by_model.found_in_three, by_rules.found_in_three, groups)
    return [*lines, f"Model - rules, evidence among three: {retrieved}."]


async def _by_model(asked: Asked, llm: LLM) -> str:
    if not refers_back(asked.question):
        return asked.question
    request = LLMRequest(
        tuple(rewriting_prompt(asked.question, asked.dialogue)),
        output_schema=REWRITTEN,
        sampling=REWRITING,
    )
    reply = await llm.complete(request)
    return str(fields_of(reply.text).get("question") or asked.question)


def _asked_in(row: dict[str, Any]) -> list[Asked]:
    """Return the questions of one dialogue: its turns are a question and an answer in turn."""
    turns: list[dict[str, Any]] = row["turns"]
    pairs = list(zip(turns[::2], turns[1::2], strict=False))
    spans = [_on_one_line(answer.get("span_text")) for _, answer in pairs]
    passage = "\n".join(dict.fromkeys(filter(None, spans)))
    dialogue = [(question["text"], answer["text"]) for question, answer in pairs]
    return [
        Asked(
            dialogue_id=row["dialogue_id"],
            question=question["text"],
            dialogue=dialogue[:index],
            rewrites=tuple(question["paraphrases"]),
            evidence=spans[index],
            passage=passage,
        )
        for index, (question, _) in enumerate(pairs)
        if index and spans[index] and question["paraphrases"]
    ]


def _on_one_line(text: str | None) -> str:
    return " ".join((text or "").split())
