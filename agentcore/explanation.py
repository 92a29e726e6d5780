"""What would be sent to a model, shown before it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .completions import LLMRequest
from .events import Cut

__all__ = ["Explanation"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The first model call of a run, which was not made: print it, or read its parts."""

    model: str
    """Name of the LLM."""
    request: LLMRequest
    """What the LLM would be asked."""
    payload: bytes
    """What it would send, byte for byte; the request as JSON where the LLM does not show that."""
    sections: Mapping[str, int]
    """Tokens of each part, estimated: `instructions`, `schema`, `examples`, `history`, `percepts`,
    `memory`, `tools`, and `planner`: what the planner adds of its own."""
    context_tokens: int | None = None
    """The model's window; None: unknown."""
    cut: Cut | None = None
    """What is left out because it does not fit into the window."""

    @property
    def tokens(self) -> int:
        """All of the input, estimated."""
        return sum(self.sections.values())

    def __str__(self) -> str:
        width = max(map(len, (*self.sections, "in all")))
        window = "" if self.context_tokens is None else f" of {self.context_tokens}"
        lines = [f"to {self.model}: about {self.tokens} tokens{window}"]
        lines += [f"  {name:<{width}} {tokens:>7}" for name, tokens in self.sections.items()]
        if self.cut is not None:
            lines.append(f"left out: {self.cut!r}")
        return "\n".join([*lines, "", self.payload.decode(errors="replace")])
