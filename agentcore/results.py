"""What a run leaves behind: its output, what it did, what it cost, and why it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias

from typing_extensions import TypeVar

from .completions import FinishReason
from .errors import ConfigurationError
from .events import Cut, Event, Started, Thought
from .messages import Message, ToolCall
from .usage import Finish, Usage

__all__ = ["Answer", "Finished", "MapItem", "Partial", "Pending", "PendingKind", "Result"]

Out_co = TypeVar("Out_co", covariant=True, default=str)

PendingKind: TypeAlias = Literal["approval", "question", "unknown_outcome"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a planner ends with: made by `run.answer`, by nothing else."""

    text: str
    """The output as the model wrote it, already validated."""
    messages: tuple[Message, ...]
    """The whole conversation, ending with the answer."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Something that a paused run waits for a person to decide."""

    key: str
    """Give `decisions={key: Decision(...)}` when the run is taken up again."""
    kind: PendingKind
    """`unknown_outcome`: a write may or may not have happened when an earlier process died."""
    text: str
    """The question, or the call as `name(arguments)`."""
    call: ToolCall | None = None


@dataclass(frozen=True, slots=True)
class Result(Generic[Out_co]):
    """The result of a run."""

    finish: Finish
    """`answered`; or the part of the budget that ran out: then `output` is the best answer that was
    offered; or `paused`: then there is no output yet, and `pending` says what the run waits for."""
    usage: Usage
    messages: tuple[Message, ...]
    """The whole conversation; store it with `dump_messages`, go on with `history=`."""
    trajectory: tuple[Event, ...]
    """Every effect of the run, in order."""
    run_id: str
    duration_s: float
    pending: tuple[Pending, ...] = ()
    outputs: tuple[Out_co, ...] = ()
    """The output, or nothing on a paused run; `output` is the way to read it."""

    def __repr__(self) -> str:
        output = f"output={self.outputs[0]!r}, " if self.outputs else f"pending={self.pending!r}, "
        return f"Result({output}finish={self.finish!r}, usage={self.usage!r})"

    @property
    def finish_reason(self) -> FinishReason | None:
        """Why the model stopped writing when it was last asked; None where it never was.

        `length`: at `max_tokens`, so that the output may be cut off. `content_filter`: it, or its
        server, refused.
        """
        thoughts = (event for event in reversed(self.trajectory) if isinstance(event, Thought))
        return next((thought.completion.finish_reason for thought in thoughts), None)

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """What did not fit into the model's window, request by request; empty: all did."""
        cuts = (event.cut for event in self.trajectory if isinstance(event, (Started, Thought)))
        return tuple(cut for cut in cuts if cut is not None)

    @property
    def output(self) -> Out_co:
        """The typed output. Raises `ConfigurationError` on a paused run, which has none yet."""
        if not self.outputs:
            waiting = "; ".join(f"{item.kind} {item.key!r}: {item.text}" for item in self.pending)
            raise ConfigurationError(
                f"run {self.run_id} is paused and has no output yet; it waits for {waiting}. Go on "
                "with run(task, journal=journal, decisions={key: Decision(...)})"
            )
        return self.outputs[0]


@dataclass(frozen=True, slots=True)
class Partial(Generic[Out_co]):
    """A typed answer while the model writes it: valid, with its tail still missing.

    A stream yields one whenever it has grown, a long one by a hundredth. What is missing has its
    default; a field without one has been written, and a list holds its finished items. A text can
    be its beginning. The model may still be asked to write the answer anew: then it begins again,
    under another key.
    """

    output: Out_co
    key: str
    """The key of the model call that writes it."""
    kind: Literal["partial"] = "partial"


@dataclass(frozen=True, slots=True)
class Finished(Generic[Out_co]):
    """The last thing that a stream yields."""

    result: Result[Out_co]


@dataclass(frozen=True, slots=True)
class MapItem(Generic[Out_co]):
    """One input of `Agent.map` and what became of it: a result or an error, never both."""

    index: int
    """Position of the input, from 0."""
    task: object
    result: Result[Out_co] | None = None
    error: Exception | None = None
