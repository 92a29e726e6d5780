"""Retrieval by keywords, by vectors and by both: `python -m benchmarks.memory.retrieval`.

Each set's questions are halved. The weight of the vectors in the fusion is chosen on half A, by
nDCG@10; every number is of half B, with 95 % intervals by bootstrap. The rows `default` have the
weights of the library. Everything goes through `KnowledgeBase`; for some questions the rankings are
compared with what its `search` returns.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentcore import ConfigurationError
from agentcore.memory import (
    CachedEmbedder,
    Candidates,
    Fusion,
    HashingEmbedder,
    KnowledgeBase,
    OnnxEmbedder,
    RankFusion,
    ScoreFusion,
    SentenceTransformerEmbedder,
    StaticEmbedder,
    WholeSplitter,
)
from agentcore.vectors import Embedder

from .retrieval_scores import Measured, interval, measure, ranked
from .retrieval_sets import Collection, Question, Task, load_locomo, load_scifact

__all__ = ["main", "retrieval_report"]

_WEIGHTS = tuple(step / 20 for step in range(1, 20))
_DEFAULT = 0.25
_CHECKED = 25
"""How many questions are also asked of `search`, to see that it ranks the same."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question, and what the two searches put forward for it, by the names of the gold."""

    question: Question
    found: Candidates


async def retrieval_report(data: Path, embedders: Sequence[Embedder]) -> str:
    """Return the table of all sets and embedders, in Markdown."""
    tasks = [
        load_scifact(data),
        load_locomo(data, has_context=False),
        load_locomo(data, has_context=True),
    ]
    lines = ["| set | search | recall@10 | nDCG@10 |", "|---|---|---|---|"]
    notes: list[str] = []
    halves: list[list[_Asked]] = []
    for task in tasks:
        for embedder in embedders:
            asked = await _ask_all(task, embedder)
            lines += _rows(task, embedder, asked, is_first=embedder is embedders[0])
            notes += _notes(task, embedder, asked)
            if not embedder.name.startswith("hashing"):
                halves.append(_halves(asked)[0])
    notes.append(f"- The best weight on all halves A, hashed words aside: {_common(halves)}")
    return "\n".join([*lines, "", *notes])


async def _ask_all(task: Task, embedder: Embedder) -> list[_Asked]:
    asked: list[_Asked] = []
    for collection in task.collections:
        with tempfile.TemporaryDirectory() as folder:
            async with KnowledgeBase(
                Path(folder, "kb.db"),
                embedder=embedder,
                splitter=WholeSplitter(),
                context_chunks=task.context_chunks,
            ) as base:
                asked += await _ask(base, collection)
    return asked


async def _ask(base: KnowledgeBase, collection: Collection) -> list[_Asked]:
    await base.ingest(collection.percepts)
    names = await _names_by_id(base, collection)
    asked: list[_Asked] = []
    for place, question in enumerate(collection.questions):
        found = await base.candidates(question.text)
        if place < _CHECKED:
            hits = await base.search(question.text, top_k=10)
            fused = _weighted(_DEFAULT).fuse([found.keyword, found.vector])
            assert [hit.id for hit in hits] == ranked(fused), question.text
        keyword = {names[key]: score for key, score in found.keyword.items()}
        vector = {names[key]: score for key, score in found.vector.items()}
        asked.append(_Asked(question, Candidates(keyword, vector)))
    return asked


async def _names_by_id(base: KnowledgeBase, collection: Collection) -> dict[str, str]:
    places = {
        (percept.source, percept.span.start if percept.span else 0): name
        for percept, name in zip(collection.percepts, collection.names, strict=True)
    }
    return {
        record.id: places[record.source, int(str(record.metadata["start"]))]
        async for record in base.store.records()
    }


def _halves(asked: Sequence[_Asked]) -> tuple[list[_Asked], list[_Asked]]:
    shuffled = list(asked)
    random.Random(0).shuffle(shuffled)  # noqa: S311  the same halves each time
    middle = len(shuffled) // 2
    return shuffled[:middle], shuffled[middle:]


def _fused(asked: Sequence[_Asked], fusion: Fusion) -> Measured:
    rankings = [ranked(fusion.fuse([item.found.keyword, item.found.vector])) for item in asked]
    return measure(rankings, [item.question.gold for item in asked])


def _alone(asked: Sequence[_Asked], part: str) -> Measured:
    parts: list[Mapping[str, float]] = [getattr(item.found, part) for item in asked]
    return measure([ranked(found) for found in parts], [item.question.gold for item in asked])


def _best_weight(asked: Sequence[_Asked]) -> float:
    return max(_WEIGHTS, key=lambda weight: _fused(asked, _weighted(weight)).ndcg.mean())


def _common(halves: Sequence[Sequence[_Asked]]) -> float:
    """The weight with the highest nDCG@10 on average over sets and embedders."""
    return max(
        _WEIGHTS,
        key=lambda weight: sum(_fused(asked, _weighted(weight)).ndcg.mean() for asked in halves),
    )


def _weighted(vector: float) -> ScoreFusion:
    return ScoreFusion((1 - vector, vector))


def _rows(task: Task, embedder: Embedder, asked: list[_Asked], *, is_first: bool) -> list[str]:
    half_a, half_b = _halves(asked)
    best, name = _best_weight(half_a), embedder.name
    rows = {
        f"vectors, {name}": _alone(half_b, "vector"),
        f"ranks fused (RRF, k = 60), {name}": _fused(half_b, RankFusion()),
        f"scores fused, default ({_DEFAULT}), {name}": _fused(half_b, _weighted(_DEFAULT)),
        f"scores fused, {best} chosen on half A, {name}": _fused(half_b, _weighted(best)),
    }
    if is_first:
        rows = {"keywords (BM25)": _alone(half_b, "keyword"), **rows}
    return [f"| {task.name} | {what} | {measured} |" for what, measured in rows.items()]


def _notes(task: Task, embedder: Embedder, asked: list[_Asked]) -> list[str]:
    """Say whether fusion is worth it, and what it does for each kind of question."""
    half_a, half_b = _halves(asked)
    fused = _fused(half_b, _weighted(_best_weight(half_a)))
    parts = [_alone(half_b, "keyword"), _alone(half_b, "vector")]
    better = max(parts, key=lambda part: part.ndcg.mean())
    low, high = interval(fused.ndcg - better.ndcg)
    gain = float((fused.ndcg - better.ndcg).mean())
    whole = _fused(asked, _weighted(_DEFAULT))
    notes = [
        (
            f"- {task.name}, {embedder.name}: fused minus its better part on half B {gain:+.3f} "
            f"nDCG@10 ({low:+.3f} to {high:+.3f}); all {len(asked)} questions with the default "
            f"weights {whole.recall.mean():.3f} / {whole.ndcg.mean():.3f}"
        )
    ]
    for kind in sorted({item.question.kind for item in half_b} - {""}):
        some = [item for item in half_b if item.question.kind == kind]
        keyword, both = _alone(some, "keyword"), _fused(some, _weighted(_DEFAULT))
        notes.append(
            f"  - {kind} ({len(some)}): recall@10 keywords {keyword.recall.mean():.3f}, fused "
            f"{both.recall.mean():.3f}"
        )
    return notes


def _embedders(cache: Path, onnx: Sequence[str]) -> list[Embedder]:
    embedders: list[Embedder] = [HashingEmbedder(), StaticEmbedder()]
    try:
        embedders.append(CachedEmbedder(SentenceTransformerEmbedder(), path=cache))
    except ConfigurationError as error:
        print(f"Without all-MiniLM-L6-v2: {error}\n")
    if onnx:
        embedders.append(CachedEmbedder(OnnxEmbedder(*onnx), path=cache))
    return embedders


def main(data: Path, *, cache: Path | None = None, onnx: Sequence[str] = ()) -> None:
    """Print the table.

    Args:
        data: Where the sets are.
        cache: A file that keeps the vectors of slow models; None: one among the temporary files.
        onnx: A model and its tokenizer, to be measured as well.
    """
    if not (data / "scifact").is_dir():
        raise SystemExit(f"{data} has no scifact: say --data, where the sets are")
    kept = cache or Path(tempfile.gettempdir(), "agentcore-bench-vectors.db")
    print(asyncio.run(retrieval_report(data, _embedders(kept, onnx))))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure retrieval.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, help="a file that keeps the vectors of slow models")
    parser.add_argument("--onnx", nargs=2, default=(), metavar=("MODEL", "TOKENIZER"))
    return parser.parse_args()


if __name__ == "__main__":
    given = _parse()
    main(given.data, cache=given.cache, onnx=given.onnx)
