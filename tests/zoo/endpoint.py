"""What an endpoint of the zoo is: a small simulated model behind a server that misbehaves.

To add one, write a class with `name`, `wire`, `habit` and `answer`, and add it to `ANIMALS` in
`tests/zoo/animals.py`; nothing else. `answer` is a function of the request: it reads messages,
tools and schema as a server would, and keeps no queue and no counter. `honest` (in `mind.py`) is a
model without any fault, to begin from: change what it reads (`replace(view, tools=())` ignores
tools), what it answers, or how that is sent. Nothing in the library may know an endpoint's name,
and who writes an endpoint need not know how it is found out.

    class Deaf:
        name, habit = "deaf", "takes tools and ignores them"
        wire: Wire = "openai"

        def answer(self, view: View) -> Reply:
            return honest(replace(view, tools=()))
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

__all__ = ["Call", "Endpoint", "Reply", "Turn", "View", "Wire"]

Wire = Literal["openai", "ollama"]


@dataclass(frozen=True, slots=True)
class Call:
    """A call that the model makes."""

    name: str
    arguments: str
    """As the model writes them: JSON, or nearly."""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the request."""

    role: str
    text: str
    tool: str = ""
    """For a result: the tool's name."""


@dataclass(frozen=True, slots=True)
class View:
    """A request as the server reads it."""

    turns: tuple[Turn, ...]
    tools: tuple[str, ...] = ()
    """Names of the tools that are offered natively."""
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])
    """Tool to the JSON Schema of its arguments."""
    schema: dict[str, Any] | None = None
    """What the answer is to be constrained to."""
    must_call: bool = False
    stop: tuple[str, ...] = ()
    is_streamed: bool = False
    attempt: int = 0
    """How often the client has sent this request before, as it says itself."""

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(turn.text for turn in self.turns)

    @property
    def tokens(self) -> int:
        """The prompt's tokens, at four characters each."""
        return len(self.text) // 4 + 4 * len(self.turns)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server sends back."""

    content: str | None = ""
    thinking: str = ""
    calls: tuple[Call, ...] = ()
    prompt_tokens: int | None = None
    """None: the prompt's tokens as they are."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    breaks_off: bool = False
    """The connection is lost in the middle of the answer."""
    halves_characters: bool = False
    """Each piece of a stream ends in the middle of a character."""


class Endpoint(Protocol):
    """A server with one simulated model."""

    @property
    def name(self) -> str:
        """What it is called in the table."""
        ...

    @property
    def wire(self) -> Wire:
        """Which protocol it speaks."""
        ...

    @property
    def habit(self) -> str:
        """What it does wrong, in a few words."""
        ...

    def answer(self, view: View) -> Reply:
        """Answer a request; the same request is always answered alike."""
        ...
