"""What one agent's run holds: the parts it works with, its ledger, its offers, its conversation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .brain.structured import OutputType
from .completions import Abilities, FinishReason, Sampling, ToolSpec
from .errors import AgentCoreError, OutputParseError
from .events import Answered, Failed
from .interfaces import LLM, Memory, Sensor, Tool
from .ledger import Ledger
from .messages import Message
from .options import Overflow
from .scope import Scope

__all__ = ["Frame", "Parts"]


_ENDINGS: dict[FinishReason, str] = {
    "length": "the answer was cut off where it reached max_tokens, or the end of the window",
    "content_filter": "the model, or its server, refused to answer",
}


@dataclass(frozen=True, slots=True)
class Parts:
    """What an agent brings to a run. The types of deps and output are checked where they enter."""

    agent: str
    llm: LLM
    tools: Mapping[str, Tool]
    memory: Memory | None
    sensors: Sequence[Sensor]
    sampling: Sampling
    output: OutputType[Any]
    validate: Callable[[Any], Any]
    """The agent's own check of an output; raises ValueError where the model must try again."""
    output_retries: int
    overflow: Overflow


@dataclass(slots=True)
class Frame:
    """The state of one agent's run. A child run has its own, with a ledger under its parent's."""

    parts: Parts
    ledger: Ledger
    abilities: Abilities
    """What the model can do; a resumed run reads it from its journal."""
    deps: Any = None
    task: str = ""
    """Digest of the message that holds the task."""
    examples: tuple[Message, ...] = ()
    """The messages that are examples; a run that is replayed does not know them."""
    end: Answered | Failed | None = None
    """How the run ended when it was recorded."""
    latest: Scope | None = None
    """Where the model was last asked or an effect failed: an error shows its conversation."""
    offers: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    broken_off: dict[str, FinishReason] = field(default_factory=dict[str, FinishReason])
    """Texts that the model did not end itself, and why they end."""
    _accepted: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools as the model sees them."""
        return tuple(tool.spec for tool in self.parts.tools.values())

    def accept(self, text: str) -> Any:
        """Turn a text into the output, validated by type and by the agent; done once per text.

        Raises:
            OutputParseError: it is not valid; the message is for the model.
        """
        if text not in self._accepted:
            try:
                value = self.parts.output.parse(text)
            except OutputParseError as error:
                ending = _ENDINGS.get(self.broken_off.get(text, "stop"))
                if ending is None:
                    raise
                raise OutputParseError(f"{ending}: {error}", text=text) from error
            try:
                self._accepted[text] = self.parts.validate(value)
            except AgentCoreError:
                raise
            except ValueError as error:
                raise OutputParseError(str(error), text=text) from error
        return self._accepted[text]

    def best_offer(self) -> str | None:
        """Return the best offer that is valid: the highest score, then the latest."""
        worst_first = sorted(self.offers, key=lambda offer: offer[0])  # stable: the latest is last
        for _, text in reversed(worst_first):
            try:
                self.accept(text)
            except OutputParseError:
                continue
            return text
        return None
