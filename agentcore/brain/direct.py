"""How a composite asks its parts outside of a run: directly, with no budget and no journal."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from ..completions import Completion, LLMRequest
from ..errors import LLMTimeoutError
from ..interfaces import LLM, DeltaSink, ModelCalls
from ..vectors import Embedder, Matrix, embed_texts

__all__ = ["DirectCalls"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DirectCalls:
    """The `ModelCalls` of `complete()` where there is no run.

    Args:
        wait: Waits so many seconds; a test hands in one that does not.
        draw: Returns a number of at least 0 and under 1.
    """

    wait: Callable[[float], Awaitable[None]] = asyncio.sleep
    draw: Callable[[], float] = random.random

    async def complete(
        self,
        llm: LLM,
        request: LLMRequest,
        *,
        on_delta: DeltaSink | None = None,
        timeout_s: float | None = None,
    ) -> Completion:
        """Ask a model."""
        timeout = asyncio.timeout(timeout_s)
        try:
            async with timeout:
                return await llm.complete(request, on_delta=on_delta)
        except TimeoutError as error:
            if not timeout.expired():
                raise
            raise LLMTimeoutError(
                f"{llm.name} did not answer within timeout_s={timeout_s}", backend=llm.name
            ) from error

    async def embed(self, embedder: Embedder, texts: Sequence[str]) -> Matrix:
        """Turn texts into vectors."""
        return await embed_texts(embedder, texts)

    async def all(self, *branches: Callable[[ModelCalls], Awaitable[T]]) -> tuple[T, ...]:
        """Run branches side by side."""
        tasks = [asyncio.create_task(_start(branch, self)) for branch in branches]
        try:
            if tasks:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            failed = next((task for task in tasks if task.done() and task.exception()), None)
            if failed is not None:
                failed.result()
            return tuple([task.result() for task in tasks])
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def now(self) -> datetime:
        """The time, UTC."""
        return datetime.now(UTC)

    async def random(self) -> float:
        """Draw a random number."""
        return self.draw()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self.wait(seconds)


def _start(
    branch: Callable[[ModelCalls], Awaitable[T]], calls: ModelCalls
) -> Coroutine[Any, Any, T]:
    async def work() -> T:
        return await branch(calls)

    return work()
