"""What the agent perceives: typed content that says where it comes from and how far to trust it."""

from typing import Literal, TypeAlias

from .messages import Part, TextPart, ToolCall, ToolMessage
from .values import Value

__all__ = ["Observation", "Percept", "Span", "Trust"]

Trust: TypeAlias = Literal["trusted", "untrusted"]


class Span(Value):
    """Characters `start` (included) to `end` (excluded) of a text."""

    start: int
    end: int


class Percept(Value):
    """One piece of the world: content plus provenance; `content.digest` stands for the content."""

    content: Part
    source: str
    """Where it comes from, such as `user`, `tool:find_book` or `file:report.pdf`."""
    trust: Trust = "untrusted"
    """What the user and developer say is trusted; everything from outside is not."""
    span: Span | None = None
    """The characters of the source that this is, where it is a part of a text."""
    page: int | None = None
    """The page of the source, counted from 1."""
    start_s: float | None = None
    """Seconds from the start of a recording."""

    @property
    def text(self) -> str:
        """The text, or a stand-in such as `[image/png]` where the content is none."""
        if isinstance(self.content, TextPart):
            return self.content.text
        return f"[{self.content.media_type}]"


class Observation(Value):
    """The result of a call, perceived again: this closes the loop from action to perception."""

    call: ToolCall
    percept: Percept
    is_error: bool = False

    def to_message(self) -> ToolMessage:
        """The observation as the model reads it."""
        return ToolMessage(
            tool_call_id=self.call.id,
            name=self.call.name,
            content=self.percept.text,
            is_error=self.is_error,
        )
