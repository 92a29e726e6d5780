"""The two sets that retrieval is measured on, read into one form."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentcore import Percept, TextPart
from agentcore.percepts import Span

__all__ = ["Collection", "Question", "Task", "load_locomo", "load_scifact"]

_KINDS = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}


@dataclass(frozen=True, slots=True)
class Question:
    """A query, and the documents that answer it."""

    text: str
    gold: frozenset[str]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Collection:
    """Texts that are searched together, and their questions."""

    percepts: tuple[Percept, ...]
    names: tuple[str, ...]
    """The name of each percept, as the gold of the questions has it."""
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """Collections, and how their texts are indexed."""

    name: str
    collections: tuple[Collection, ...]
    context_chunks: int = 0


def load_scifact(data: Path) -> Task:
    """Claims, and the abstracts that they cite; title and abstract are one text."""
    documents = list(_lines(data / "scifact" / "corpus.jsonl.zst"))
    claims = _lines(data / "scifact" / "claims.jsonl")
    percepts = tuple(
        Percept(
            content=TextPart(text=f"{item['title']}\n{' '.join(item['abstract'])}".strip()),
            source=f"scifact:{item['doc_id']}",
        )
        for item in documents
    )
    questions = tuple(
        Question(text=item["claim"], gold=frozenset(item["cited_doc_ids"])) for item in claims
    )
    names = tuple(str(item["doc_id"]) for item in documents)
    return Task("SciFact", (Collection(percepts, names, questions),))


def load_locomo(data: Path, *, has_context: bool) -> Task:
    """Turns of long conversations, and questions whose evidence are turns.

    Plainly, a text is what was said, as the numbers of the issue were measured. With context it is
    also who said it and what a photo shows, and it is searched along with the two turns before it.
    """
    collections = tuple(
        _conversation(item, has_context=has_context)
        for item in _lines(data / "locomo" / "locomo10.jsonl.zst")
    )
    if has_context:
        return Task("LoCoMo, turns in context", collections, context_chunks=2)
    return Task("LoCoMo, bare turns", collections)


def _conversation(item: dict[str, Any], *, has_context: bool) -> Collection:
    percepts: list[Percept] = []
    names: list[str] = []
    number = 1
    while f"session_{number}_date_time" in item:
        position = 0
        for turn in item.get(f"session_{number}", ()):
            text = (_in_full(turn) if has_context else str(turn["text"])).strip()
            span = Span(start=position, end=position + len(text))
            source = f"{item['conv_id']}/session-{number}"
            percepts.append(Percept(content=TextPart(text=text), source=source, span=span))
            names.append(str(turn["dia_id"]))
            position = span.end + 1
        number += 1
    questions = (
        Question(
            text=str(entry["question"]),
            gold=frozenset(entry.get("evidence", ())) & set(names),
            kind=_KINDS[entry["category"]],
        )
        for entry in item["qa"]
    )
    asked = tuple(question for question in questions if question.gold)
    return Collection(tuple(percepts), tuple(names), asked)


def _in_full(turn: dict[str, Any]) -> str:
    photo = f" [{turn['blip_caption']}]" if turn.get("blip_caption") else ""
    return f"{turn['speaker']}: {turn['text']}{photo}"


def _lines(path: Path) -> Iterator[Any]:
    if path.suffix == ".zst":
        program = shutil.which("zstd")
        if program is None:
            raise SystemExit("the sets are compressed: install the program zstd")
        done = subprocess.run([program, "-dc", path], capture_output=True, check=True)
        content = done.stdout.decode()
    else:
        content = path.read_text(encoding="utf-8")
    return (json.loads(line) for line in content.split("\n") if line.strip())
