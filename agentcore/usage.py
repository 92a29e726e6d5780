"""What a run has used, and what it may use."""

from typing import Literal, TypeAlias

from pydantic import Field

from .values import Value

__all__ = ["Budget", "Finish", "Usage"]

Finish: TypeAlias = Literal["answered", "paused", "steps", "tool_calls", "tokens", "seconds"]
"""Why a run ended: it answered, waits for a person, or the named part of its budget ran out."""


class Usage(Value):
    """Calls and tokens; adds with `+`."""

    steps: int = 0
    """Model calls."""
    tool_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Input and output tokens together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            steps=self.steps + other.steps,
            tool_calls=self.tool_calls + other.tool_calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
        )


class Budget(Value):
    """The bounds of one run, shared with its child runs. Each is reserved before a call is made."""

    max_steps: int | None = Field(default=50, ge=1)
    """Model calls."""
    max_tool_calls: int | None = Field(default=None, ge=0)
    max_tokens: int | None = Field(default=None, ge=1)
    """Input and output tokens. Input is estimated before a call and charged as reported."""
    max_seconds: float | None = Field(default=None, gt=0)
    """Wall-clock seconds; what a resumed run had used before counts."""
    output_tokens: int = Field(default=1024, ge=1)
    """Under `max_tokens`: what one call may write where its sampling names no `max_tokens`."""
    at_limit: Literal["answer", "raise"] = "answer"
    """At a bound: return the best answer so far (`result.finish` says which bound), or raise.

    Where nothing was offered, `answer` raises as well.
    """
