"""Solved tasks as examples: those that are most like a new task are shown to the model."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from pydantic_core import to_json

from ..errors import ConfigurationError
from ..messages import AssistantMessage, Message, UserMessage
from ..planning import Run
from ..vectors import Embedder, Matrix, embed_texts

__all__ = ["SimilarExamples"]

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")
"""Words; characters where a script has no spaces between words."""


class SimilarExamples:
    """Chooses the examples whose tasks are nearest to a new one; few-shot prompting in context.

    Nearness is the cosine of embeddings, or without an embedder that of the tasks' words, each
    weighted by how rare it is. They become turns of user and assistant, the nearest last, where
    models give it the most weight. An example that shares nothing with the task is left out.

    Args:
        examples: Pairs of a task and its answer. An answer that is no text is written as JSON: give
            values of the agent's output type.
        top_k: How many are shown, at least 1.
        embedder: Embeds each example once, and each task, within the run that asks.

    References:
        Liu et al. 2021, What Makes Good In-Context Examples for GPT-3?, arXiv:2101.06804: examples
        near to the task beat a fixed choice.

    Example:
        >>> store = SimilarExamples([("Is Dune in?", "yes"), ("Weather?", "sunny")], top_k=1)
        >>> import asyncio
        >>> [message.content for message in asyncio.run(store.select("Is Emma in?"))]
        ['Is Dune in?', 'yes']
    """

    def __init__(
        self,
        examples: Iterable[tuple[str, object]],
        *,
        top_k: int = 3,
        embedder: Embedder | None = None,
    ) -> None:
        if top_k < 1:
            raise ConfigurationError(f"top_k is {top_k}: it must be at least 1")
        pairs = [(task, _written(answer)) for task, answer in examples]
        self._tasks = [task for task, _ in pairs]
        self._turns = [
            (UserMessage(content=task), AssistantMessage(content=answer)) for task, answer in pairs
        ]
        self._top_k = top_k
        self._embedder = embedder
        self._words = _Words(self._tasks) if embedder is None else None
        self._vectors: Matrix | None = None

    def __len__(self) -> int:
        return len(self._tasks)

    async def select(self, task: str, *, run: Run | None = None) -> tuple[Message, ...]:
        """Return the turns of the nearest examples, the nearest last."""
        if not self._tasks:
            return ()
        scores = await self._scores(task, run)
        order = sorted(range(len(scores)), key=lambda index: (-scores[index], index))
        chosen = [index for index in order[: self._top_k] if scores[index] > 0]
        return tuple(message for index in reversed(chosen) for message in self._turns[index])

    async def _scores(self, task: str, run: Run | None) -> list[float]:
        if self._words is not None:
            return self._words.scores(task)
        # The task first: in a run that is taken up again the examples may be embedded already.
        (asked,) = await self._embed([task], run)
        if self._vectors is None:
            self._vectors = await self._embed(self._tasks, run)
        return [float(score) for score in self._vectors @ asked]  # (n, d) @ (d,)

    async def _embed(self, texts: Sequence[str], run: Run | None) -> Matrix:
        embedder = self._embedder
        if embedder is None:
            raise ConfigurationError("these examples have no embedder: pass embedder=")
        if run is not None:
            return await run.embed(embedder, texts)
        return await embed_texts(embedder, texts)


class _Words:
    """Texts as weighted words, each of unit length."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._count = len(texts)
        self._found_in = Counter(word for text in texts for word in set(_words(text)))
        self._vectors = [self._weigh(text) for text in texts]

    def scores(self, text: str) -> list[float]:
        """Return the cosine with each text, from 0 to 1."""
        asked = self._weigh(text)
        return [
            sum(weight * vector.get(word, 0.0) for word, weight in asked.items())
            for vector in self._vectors
        ]

    def _weigh(self, text: str) -> Mapping[str, float]:
        weights = {
            word: (1 + math.log(count))
            * math.log(1 + (self._count + 1) / (self._found_in[word] + 1))
            for word, count in Counter(_words(text)).items()
        }
        length = math.hypot(*weights.values()) or 1.0
        return {word: weight / length for word, weight in weights.items()}


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _written(answer: object) -> str:
    return answer if isinstance(answer, str) else to_json(answer).decode()
