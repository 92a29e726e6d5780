from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from agentcore.memory import VectorMemory
from agentcore.values import digest_of
from agentcore.vectors import Vectors


class Words:
    """An embedder: each word adds a direction of its own, so that shared words bring texts near."""

    def __init__(self, *, name: str = "words", dim: int = 32) -> None:
        self.name, self.dim = name, dim
        self.asked: list[list[str]] = []

    async def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked.append(list(texts))
        matrix = np.zeros((len(texts), self.dim))
        for row, text in enumerate(texts):
            for word in text[:1000].casefold().split():
                seed = int(digest_of(word)[:8], 16)
                matrix[row] += np.random.default_rng(seed).standard_normal(self.dim)
        lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
        return np.asarray(matrix / np.where(lengths > 0, lengths, 1), dtype=np.float32)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


Opener = Callable[..., VectorMemory]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"
