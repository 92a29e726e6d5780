"""The protocols that users plug into. No inheritance: an object with these methods is enough."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeAlias, runtime_checkable

from typing_extensions import TypeVar

from .completions import Abilities, Completion, LLMRequest, Sampling, TextDelta, ToolSpec
from .events import Event, MemoryHit
from .messages import Message, ToolCall
from .percepts import Observation, Percept
from .results import Answer, Result
from .values import JsonObject, JsonValue

__all__ = [
    "LLM",
    "Branch",
    "DeltaSink",
    "Effect",
    "Journal",
    "Memory",
    "Node",
    "Planner",
    "Run",
    "Runnable",
    "Sensor",
    "SessionMemory",
    "Task",
    "Tool",
    "ToolContext",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Out_co = TypeVar("Out_co", covariant=True, default=str)
Deps_co = TypeVar("Deps_co", covariant=True, default=Any)

DeltaSink: TypeAlias = Callable[[TextDelta], Awaitable[None]]
"""Takes streamed text; it waits when its reader is slow, and so slows the model down."""

Effect: TypeAlias = Literal["none", "read", "write"]
"""What a tool does to the world: nothing (a pure function), reads it, or changes it."""


class LLM(Protocol):
    """A language model.

    One object serves any number of concurrent calls. Cancelling a call stops the work behind it, and
    the next call works. Errors are of the `LLMError` tree only; a setting in `request.sampling` that
    the backend does not support raises `ConfigurationError`.

    Example:
        >>> from agentcore.testing import FunctionLLM
        >>> llm = FunctionLLM(lambda request: request.messages[-1].content.upper())
    """

    @property
    def name(self) -> str:
        """Backend and model, such as `openai:gpt-5-mini`."""
        ...

    @property
    def abilities(self) -> Abilities:
        """What the model can do, as far as is known."""
        ...

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request.

        With `on_delta` the answer is streamed to it as well; the completion is the same in both cases.
        """
        ...

    async def aclose(self) -> None:
        """Give back connections and memory. May be called more than once."""
        ...


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
    """The run, under this call's own scope: `context.run.child(agent, task)` is journalled with it."""
    idempotency_key: str
    """The same for every attempt at this call, also after a crash; hand it to the service you call."""


class Tool(Protocol):
    """Something that the model can call. `@tool` makes one of a function; write a class for more."""

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
    """Stores texts and finds them again. One object serves any number of concurrent runs."""

    async def add(
        self, text: str, *, source: str = "", metadata: Mapping[str, JsonValue] | None = None
    ) -> None:
        """Store a text. When this returns the text is found by searches."""
        ...

    async def search(self, query: str, *, top_k: int = 5) -> list[MemoryHit]:
        """Return at most `top_k` hits, the nearest first; none at all is no error."""
        ...


@runtime_checkable
class SessionMemory(Protocol):
    """Keeps conversations apart by session id; what `session=` of a run reads and extends."""

    async def history(self, session: str) -> tuple[Message, ...]:
        """Return what the model shall see of this session, oldest first; every call has its result."""
        ...

    async def extend(self, session: str, messages: Sequence[Message]) -> None:
        """Append one run's messages, all or none."""
        ...


class Sensor(Protocol):
    """Turns one kind of input into percepts."""

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
    """Where the events of one run are kept; append-only."""

    def events(self) -> Sequence[Event]:
        """Return all events in the order of `seq`."""
        ...

    def append(self, event: Event, *, durable: bool = False) -> None:
        """Store one event. With `durable` it survives a crash of the machine when this returns."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """What a planner has to solve."""

    text: str
    """The user's input as text."""
    messages: tuple[Message, ...]
    """Instructions, history and the input, laid out for the model; a planner goes on from here."""


Branch: TypeAlias = "Callable[[Run], Awaitable[T]]"
"""A part of a plan that runs beside others, on the `Run` that it is handed and on no other."""


@dataclass(frozen=True, slots=True)
class Node(Generic[T_co]):
    """One step of `Run.dag`."""

    action: Callable[[Run, Mapping[str, Any]], Awaitable[T_co]]
    """Is called with its own run and the results of `after`, and of nothing else."""
    after: tuple[str, ...] = ()
    """The steps whose results it needs."""


class Runnable(Protocol[Out_co]):
    """Something that can run as a child: every `Agent`."""

    async def run_in(self, task: object, run: Run) -> Result[Out_co]:
        """Run the task under `run`'s scope, journal and budget."""
        ...


class Run(Protocol):
    """The one boundary for effects: whatever a planner does to the world, it does through this.

    Each effect reserves budget, is looked up in the journal (a recorded effect is returned, not done
    again), is done, recorded and reported. So a planner is resumable, replayable and bounded without
    doing anything for it. It must ask the same things again when it is run again: no clock, no random
    number and no I/O of its own.

    A run belongs to the task that it was handed to: using it from another one (`asyncio.gather`,
    `TaskGroup`, `wait_for`) raises `ConfigurationError`. Branches exist through `all`, `race`, `dag`.
    """

    @property
    def id(self) -> str:
        """The run's id; children share it."""
        ...

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools of the agent."""
        ...

    @property
    def abilities(self) -> Abilities:
        """What the agent's model can do."""
        ...

    @property
    def output_schema(self) -> JsonObject | None:
        """JSON Schema of the typed output, an object; None where the output is plain text."""
        ...

    async def perceive(self, value: object, *, source: str) -> tuple[Percept, ...]:
        """Turn any input into percepts."""
        ...

    async def think(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolSpec] = (),
        output_schema: JsonObject | None = None,
        sampling: Sampling | None = None,
        timeout_s: float | None = None,
    ) -> Completion:
        """Ask the model; one step of the budget.

        Args:
            sampling: what is set here goes over the agent's own sampling.
            timeout_s: raises `LLMTimeoutError` after so many seconds, recorded for a replay.
        """
        ...

    async def act(self, calls: Sequence[ToolCall]) -> tuple[Observation, ...]:
        """Execute the calls side by side; one observation each, in the order of the calls.

        An unknown tool, bad arguments, a `ToolError` or a time-out is an observation with `is_error`.
        """
        ...

    async def ask(self, question: str) -> str:
        """Ask a person. The run pauses until the answer is there."""
        ...

    async def recall(self, query: str, *, top_k: int = 5) -> tuple[MemoryHit, ...]:
        """Search the agent's memory."""
        ...

    async def remember(
        self, text: str, *, source: str = "", metadata: Mapping[str, JsonValue] | None = None
    ) -> None:
        """Store a text in the agent's memory."""
        ...

    async def child(self, agent: Runnable[T], task: object) -> Result[T]:
        """Run another agent on a task, within this run's journal and budget."""
        ...

    async def now(self) -> datetime:
        """The time, UTC."""
        ...

    async def random(self) -> float:
        """A random number, at least 0 and under 1."""
        ...

    async def offer(self, text: str, *, score: float = 0.0) -> None:
        """Offer an answer that stands if a bound ends the run: the highest score, then the latest."""
        ...

    async def answer(self, messages: Sequence[Message]) -> Answer:
        """End with the text of the last message as the output, validated.

        Where the messages do not end with the assistant's text the model is asked for it; where the
        text does not have the type of the output the model is told why and asked again, within the
        agent's `output_retries` and the budget. Costs no model call when the text is valid.

        Raises:
            OutputParseError: the last attempt was no better.
        """
        ...

    def scope(self, name: str) -> Run:
        """A run of the same task whose keys begin with the name: for a planner within a planner."""
        ...

    async def all(self, *branches: Branch[T]) -> tuple[T, ...]:
        """Run branches side by side; their results in order. The first failure cancels the rest."""
        ...

    async def race(self, *branches: Branch[T]) -> T:
        """Run branches side by side; the first result wins and the rest are cancelled.

        Where all fail, the error of the first branch is raised.
        """
        ...

    async def dag(self, nodes: Mapping[str, Node[T]]) -> dict[str, T]:
        """Run the steps of a graph, each as soon as the steps it needs are done.

        Raises:
            ConfigurationError: a step needs one that does not exist, or steps need each other.
        """
        ...


class Planner(Protocol):
    """A strategy that solves a task with nothing but a `Run`; written straight down the page.

    Example:
        >>> class OneShot:
        ...     async def solve(self, task, run, /):
        ...         return await run.answer(task.messages)
    """

    async def solve(self, task: Task, run: Run, /) -> Answer:
        """Solve the task; ends with `return await run.answer(messages)`.

        One planner object serves any number of concurrent runs: it keeps no state of its own.
        """
        ...
