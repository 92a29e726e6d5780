"""Events: every completed effect of a run leaves one. The journal is the events on disk."""

from functools import cache
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from .completions import Abilities, Completion
from .messages import Message, ToolCall
from .percepts import Observation, Percept
from .usage import Finish, Usage
from .values import JsonValue, Value

__all__ = [
    "Acted",
    "Answered",
    "Asked",
    "Cut",
    "Decided",
    "Decision",
    "DecisionKind",
    "Drawn",
    "Embedded",
    "Event",
    "Failed",
    "Intended",
    "MemoryHit",
    "Offered",
    "Perceived",
    "Recalled",
    "Remembered",
    "Resumed",
    "Settled",
    "Started",
    "Thought",
    "Timed",
    "load_event",
]


class _Event(Value):
    key: str
    """Scope and counter of the effect, such as `plan/think-1`; unique per kind of event and run."""
    request_digest: str = ""
    """Stands for the request; a replay that asks something else under this key diverges."""
    seq: int = 0
    """Position in the journal, from 1."""
    usage: Usage | None = None
    """What this effect was charged; the usage of a run is the sum over its events."""
    at_s: float = 0.0
    """Seconds of the run's time at which the effect was completed."""


class MemoryHit(Value):
    """A record that a memory found."""

    text: str
    score: float
    """Higher is nearer; comparable within one search only."""
    source: str = ""
    """Where the record came from."""
    why: str = ""
    """How it was found, for a person to read."""
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    id: str = ""
    """The record's id in its memory; empty where it has none."""


class Cut(Value):
    """What was left out of a request so that it fits into the model's window."""

    messages: int = 0
    """Messages that were left out, the oldest first; a call goes with its results."""
    shortened: int = 0
    """Results of which the middle was left out."""
    tokens: int = 0
    """What was left out, estimated."""
    summary: str = ""
    """What stands in the place of the messages, where they were summarised."""


class Started(_Event):
    """A run, or a child run under its own scope, began."""

    kind: Literal["started"] = "started"
    run_id: str
    agent: str
    """Name of the agent's class."""
    messages: tuple[Message, ...]
    """What the planner was given: instructions, history, and the task."""
    percepts: tuple[Percept, ...] = ()
    """The task as it was perceived."""
    abilities: Abilities = Field(default_factory=Abilities)
    """What the model can do, as far as was known."""
    cut: Cut | None = None
    """What the conversation lost to the model's window; None: nothing."""


class Perceived(_Event):
    """An input became percepts."""

    kind: Literal["perceived"] = "perceived"
    percepts: tuple[Percept, ...]


class Thought(_Event):
    """The model answered."""

    kind: Literal["thought"] = "thought"
    completion: Completion
    llm: str = ""
    """Name of the LLM that was asked."""
    cut_by: str | None = None
    """Scope of the run whose last tokens bounded the answer, where they ended it too soon."""
    cut: Cut | None = None
    """What the request lost to the model's window; None: nothing."""


class Acted(_Event):
    """A tool call was done, or failed with a message to the model."""

    kind: Literal["acted"] = "acted"
    observation: Observation


class Intended(_Event):
    """A `write` is about to be executed. Without an `Acted` after it its outcome is unknown."""

    kind: Literal["intended"] = "intended"
    call: ToolCall


DecisionKind: TypeAlias = Literal["approve", "deny", "answer"]


class Decision(Value):
    """A person's word on what a paused run waits for."""

    kind: DecisionKind
    text: str = ""
    """The answer; with `deny`, the reason that the model reads."""


class Decided(_Event):
    """A person decided; an approval is good for one attempt."""

    kind: Literal["decided"] = "decided"
    decision: Decision


class Asked(_Event):
    """A person answered a question."""

    kind: Literal["asked"] = "asked"
    question: str
    reply: str


class Recalled(_Event):
    """The memory was searched."""

    kind: Literal["recalled"] = "recalled"
    query: str
    hits: tuple[MemoryHit, ...]


class Remembered(_Event):
    """Something was stored in the memory."""

    kind: Literal["remembered"] = "remembered"
    text: str


class Embedded(_Event):
    """Texts became vectors."""

    kind: Literal["embedded"] = "embedded"
    dim: int
    """Numbers per vector."""
    data: str
    """The vectors one after the other as little-endian float32, in base64."""


class Timed(_Event):
    """The clock was read, or a wait ended."""

    kind: Literal["timed"] = "timed"
    epoch_s: float
    """Seconds since 1970, UTC."""


class Drawn(_Event):
    """A random number was drawn."""

    kind: Literal["drawn"] = "drawn"
    number: float


class Offered(_Event):
    """The planner offered an answer that stands if a bound of the budget ends the run."""

    kind: Literal["offered"] = "offered"
    text: str
    score: float


class Settled(_Event):
    """A combinator ended and discarded branches; a replay does not start them."""

    kind: Literal["settled"] = "settled"
    discarded: tuple[str, ...]
    """Scopes of the branches."""
    failed: str | None = None
    """Scope of the branch whose error ended the combinator; None: it succeeded."""


class Answered(_Event):
    """A run ended with an output."""

    kind: Literal["answered"] = "answered"
    text: str
    """The output as the model wrote it, validated."""
    finish: Finish = "answered"
    """`answered`, or the bound at which the best answer offered so far was taken."""


class Failed(_Event):
    """An effect failed."""

    kind: Literal["failed"] = "failed"
    error: str
    """Name of the class, from `agentcore.errors`."""
    message: str = ""
    details: dict[str, JsonValue] = Field(default_factory=dict)
    """The error's attributes."""


class Resumed(_Event):
    """A run was taken up again from its journal."""

    kind: Literal["resumed"] = "resumed"
    dropped: tuple[int, ...] = ()
    """`seq` of recorded failures that are tried again."""


Event: TypeAlias = Annotated[
    Started
    | Perceived
    | Thought
    | Acted
    | Intended
    | Decided
    | Asked
    | Recalled
    | Remembered
    | Embedded
    | Timed
    | Drawn
    | Offered
    | Settled
    | Answered
    | Failed
    | Resumed,
    Field(discriminator="kind"),
]


@cache
def _adapter() -> TypeAdapter[Event]:
    return TypeAdapter(Event)


def load_event(line: str | bytes) -> Event:
    """Read one event from its JSON; raises pydantic's `ValidationError` where it is none."""
    return _adapter().validate_json(line)
