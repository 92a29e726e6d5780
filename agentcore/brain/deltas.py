"""What LLMs share that pass streamed text on, or hand over an answer in one piece."""

from __future__ import annotations

from ..completions import Completion, TextDelta
from ..interfaces import DeltaSink

__all__ = ["Attempt", "deliver"]


async def deliver(completion: Completion, on_delta: DeltaSink | None) -> None:
    """Hand over an answer that came in one piece, if somebody listens."""
    if on_delta is None:
        return
    if completion.message.thinking:
        await on_delta(TextDelta(text=completion.message.thinking, thinking=True))
    if completion.text:
        await on_delta(TextDelta(text=completion.text))


class Attempt:
    """Passes deltas on, and knows whether there was one: what was streamed cannot be taken back."""

    def __init__(self, on_delta: DeltaSink | None) -> None:
        self.has_streamed = False
        self._on_delta = on_delta

    @property
    def sink(self) -> DeltaSink | None:
        """What the model is handed; None where nobody listens."""
        return self._pass if self._on_delta is not None else None

    async def _pass(self, delta: TextDelta) -> None:
        self.has_streamed = True
        if self._on_delta is not None:
            await self._on_delta(delta)
