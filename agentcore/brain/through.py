"""Calls that all take the way of a wrapper: its own, and those that probe the model inside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, TypeVar

from ..completions import Completion, LLMRequest
from ..interfaces import LLM, DeltaSink, ModelCalls
from ..vectors import Embedder, Matrix

__all__ = ["Attempting", "Through", "Way"]

T = TypeVar("T")

Attempting: TypeAlias = Callable[[DeltaSink | None], Awaitable[Completion]]
"""Asks the model once."""

Way: TypeAlias = Callable[
    [Attempting, LLMRequest, ModelCalls, DeltaSink | None], Awaitable[Completion]
]
"""Asks as often as it takes, and when it may; what else it needs it asks of the calls."""


@dataclass(frozen=True, slots=True)
class Through:
    """The calls of a run, or of none, whose every request goes a wrapper's way."""

    calls: ModelCalls
    way: Way

    async def complete(
        self,
        llm: LLM,
        request: LLMRequest,
        *,
        on_delta: DeltaSink | None = None,
        timeout_s: float | None = None,
    ) -> Completion:
        """Ask a model; the time is that of one attempt."""

        async def attempt(sink: DeltaSink | None) -> Completion:
            return await self.calls.complete(llm, request, on_delta=sink, timeout_s=timeout_s)

        return await self.way(attempt, request, self.calls, on_delta)

    async def embed(self, embedder: Embedder, texts: Sequence[str]) -> Matrix:
        """Turn texts into vectors."""
        return await self.calls.embed(embedder, texts)

    async def all(self, *branches: Callable[[ModelCalls], Awaitable[T]]) -> tuple[T, ...]:
        """Run branches side by side."""
        return await self.calls.all(*map(self._inside, branches))

    async def now(self) -> datetime:
        """The time, UTC."""
        return await self.calls.now()

    async def random(self) -> float:
        """Draw a random number."""
        return await self.calls.random()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self.calls.sleep(seconds)

    def _inside(
        self, branch: Callable[[ModelCalls], Awaitable[T]]
    ) -> Callable[[ModelCalls], Awaitable[T]]:
        async def work(own: ModelCalls) -> T:
            return await branch(Through(own, self.way))

        return work
