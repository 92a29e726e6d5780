"""The protocols that users plug into. No inheritance: an object with these methods is enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeAlias, runtime_checkable

from typing_extensions import TypeVar

from .completions import ToolSpec
from .events import Event, MemoryHit
from .llms import LLM, Composite, DeltaSink, ModelCalls, Probing
from .messages import Message
from .percepts import Percept, Span
from .planning import Run
from .values import JsonValue

__all__ = [
    "LLM",
    "Composite",
    "DeltaSink",
    "Effect",
    "Fetcher",
    "Journal",
    "Memory",
    "ModelCalls",
    "Probing",
    "Sensor",
    "SessionMemory",
    "Splitter",
    "Tool",
    "ToolContext",
]

Deps_co = TypeVar("Deps_co", covariant=True, default=Any)

Effect: TypeAlias = Literal["none", "read", "write"]
"""What a tool does to the world: nothing (a pure function), reads it, or changes it."""


@dataclass(frozen=True, slots=True)
class ToolContext(Generic[Deps_co]):
    """What a tool knows of the run that calls it.

    A parameter with this annotation is filled in by the executor; the model never sees it.
    `ToolContext[Library]` gives `context.deps` the type `Library`, and the run checks it.

    Example:
        >>> from agentcore import ToolContext, tool
        >>> @tool
        ... def whoami(context: ToolContext[str]) -> str:
        ...     "Tell the user's name."
        ...     return context.deps
    """

    deps: Deps_co
    """The `deps` that the run was started with."""
    run: Run
    """The run, in this call's own scope: `context.run.child(agent, task)` is journalled with it."""
    idempotency_key: str
    """Same for every attempt at this call, also after a crash; hand it to the service you call."""


class Tool(Protocol):
    """Something that the model can call. `@tool` makes one of a function; a class can do more.

    Example:
        >>> from agentcore import ToolSpec
        >>> class Ping:
        ...     spec = ToolSpec(name="ping", description="Ping.", parameters={"type": "object"})
        ...     effect, idempotent, needs_approval, timeout_s = "read", False, False, None
        ...     async def call(self, arguments, context): return "pong"
    """

    @property
    def spec(self) -> ToolSpec:
        """Name, description and argument schema, as the model sees them."""
        ...

    @property
    def effect(self) -> Effect:
        """`write` is recorded before it is executed, and never executed twice by accident."""
        ...

    @property
    def idempotent(self) -> bool:
        """Whether a `write` may be executed again with the same idempotency key after a crash."""
        ...

    @property
    def needs_approval(self) -> bool:
        """Whether the run pauses until a person approves the call."""
        ...

    @property
    def timeout_s(self) -> float | None:
        """Seconds that one call may take; None: no bound of its own."""
        ...

    async def call(self, arguments: Mapping[str, JsonValue], context: ToolContext[Any]) -> object:
        """Do it. The result is a string, or anything that pydantic can turn into JSON.

        Raises:
            ToolArgumentError: the arguments do not fit.
            ToolError: anything that the model should read.
        """
        ...


class Memory(Protocol):
    """Stores texts and finds them again. One object serves any number of concurrent runs.

    What a memory needs of a model, an embedder or the clock it asks of `run`, whose budget and
    journal then hold for it. Outside of a run, where a user fills the memory, `run` is None.

    A run that is resumed after a crash may add a text again whose `add` was not recorded any more.

    Example:
        >>> class Notes(list):
        ...     async def add(self, text, *, source="", metadata=None, run=None):
        ...         self.append(text)
        ...     async def search(self, query, *, top_k=5, run=None):
        ...         return [MemoryHit(text=text, score=1.0) for text in self if query in text]
    """

    async def add(
        self,
        text: str,
        *,
        source: str = "",
        metadata: Mapping[str, JsonValue] | None = None,
        run: Run | None = None,
    ) -> object:
        """Store a text. When this returns the text is found by searches.

        What it returns, such as an id, is between the memory and its user; a run does not look.
        """
        ...

    async def search(
        self, query: str, *, top_k: int = 5, run: Run | None = None
    ) -> list[MemoryHit]:
        """Return at most `top_k` hits, the nearest first; none at all is no error."""
        ...


@runtime_checkable
class SessionMemory(Protocol):
    """Keeps conversations apart by session id; what `session=` of a run reads and extends.

    A run that is resumed after a crash may extend again where that was not recorded any more.

    Example:
        >>> class Sessions(dict):
        ...     async def history(self, session, *, run=None):
        ...         return self.get(session, ())
        ...     async def extend(self, session, messages, *, run=None):
        ...         self[session] = (*self.get(session, ()), *messages)
    """

    async def history(self, session: str, *, run: Run | None = None) -> tuple[Message, ...]:
        """Return what the model shall see of a session, oldest first; every call has its result."""
        ...

    async def extend(
        self, session: str, messages: Sequence[Message], *, run: Run | None = None
    ) -> None:
        """Append one run's messages, all or none."""
        ...


class Sensor(Protocol):
    """Turns one kind of input into percepts.

    Example:
        >>> class PathSensor:
        ...     def accepts(self, value):
        ...         return isinstance(value, Path)
        ...     async def perceive(self, value, *, source):
        ...         part = TextPart(text=value.read_text())
        ...         return (Percept(content=part, source=f"file:{value}"),)
    """

    def accepts(self, value: object) -> bool:
        """Whether this sensor is for the value."""
        ...

    async def perceive(self, value: object, *, source: str) -> tuple[Percept, ...]:
        """Return at least one percept.

        Raises:
            ConfigurationError: the value cannot be read; the message says why.
        """
        ...


class Journal(Protocol):
    """Where the events of one run are kept; append-only, and written by one run at a time.

    Example:
        >>> class ListJournal(list):
        ...     def events(self): return tuple(self)
        ...     def append(self, event, *, durable=False): super().append(event)
    """

    def events(self) -> Sequence[Event]:
        """Return all events in the order of `seq`."""
        ...

    def append(self, event: Event, *, durable: bool = False) -> None:
        """Store one event. With `durable` it survives a crash of the machine when this returns."""
        ...


class Fetcher(Protocol):
    """Fetches a document by its address; guarded against addresses that a model must not reach.

    Example:
        >>> class Canned:
        ...     async def fetch(self, url, *, timeout_s=20.0): return b"hello", "text/plain"
    """

    async def fetch(self, url: str, *, timeout_s: float = 20.0) -> tuple[bytes, str]:
        """Return the body and its media type; that may have parameters, such as a charset.

        Raises:
            ToolError: the address is refused, or the document cannot be had.
        """
        ...


class Splitter(Protocol):
    """Cuts a text into pieces that are stored or read one by one.

    Example:
        >>> class Whole:
        ...     def split(self, text): return [Span(start=0, end=len(text))]
    """

    def split(self, text: str) -> Sequence[Span]:
        """Return the pieces in order; together they cover all that is not white space."""
        ...
