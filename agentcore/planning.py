"""What a planner is, and `Run`: the one boundary through which it touches the world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias

from typing_extensions import TypeVar

from .completions import Abilities, Completion, Sampling, ToolSpec
from .events import MemoryHit
from .llms import ModelCalls
from .messages import Message, ToolCall
from .percepts import Observation, Percept
from .results import Answer, Result
from .values import JsonObject, JsonValue

__all__ = ["Branch", "Node", "Planner", "Run", "Runnable", "Task"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Out_co = TypeVar("Out_co", covariant=True, default=str)


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
    """Something that can run as a child: every `Agent`.

    Example:
        >>> async def summarise(run, summariser, text):
        ...     return (await run.child(summariser, text)).output
    """

    async def run_in(self, task: object, run: Run) -> Result[Out_co]:
        """Run the task under `run`'s scope, journal and budget."""
        ...


class Run(ModelCalls, Protocol):
    """The one boundary for effects: whatever a planner does to the world, it does through this.

    Each effect reserves budget, is looked up in the journal (a recorded effect is returned, not
    done again), is done, recorded and reported. So a planner is resumable, replayable and bounded
    without doing anything for it. It must ask the same things again when it is run again: no clock,
    no random number and no I/O of its own.

    A run belongs to the task that it was handed to: using it from another one (`asyncio.gather`,
    `TaskGroup`, `wait_for`) raises `ConfigurationError`. Branches exist through `all`, `race`,
    `dag`.

    Example:
        >>> async def ask_two(run, messages):
        ...     async def ask(branch):
        ...         return (await branch.think(messages)).text
        ...     return await run.all(ask, ask)
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
        answer_field: str | None = None,
    ) -> Completion:
        """Ask the agent's model; one step of the budget. Another model is asked by `complete`.

        What does not fit into the model's window is left out as the agent's `overflow` says. Calls
        and results are sent as text to a model that has no native calls.

        Args:
            sampling: what is set here goes over the agent's own sampling.
            timeout_s: raises `LLMTimeoutError` after so many seconds, recorded for a replay.
            answer_field: where the reply is a JSON object and only this property of it the answer:
                its name. Of such a reply only the answer is streamed.
        """
        ...

    async def act(self, calls: Sequence[ToolCall]) -> tuple[Observation, ...]:
        """Execute the calls side by side; one observation each, in the order of the calls.

        An unknown tool, bad arguments, a `ToolError` or a time-out is an observation with
        `is_error`.
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

    async def offer(self, text: str, *, score: float = 0.0) -> None:
        """Offer an answer that stands if a bound ends the run: the highest score, then the last."""
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

    def scope(self, name: str, *, sampling: Sampling | None = None) -> Run:
        """A run of the same task whose keys begin with the name: for a planner within a planner.

        Args:
            sampling: goes over the agent's own sampling in all that is thought within the scope.
                A child agent keeps its own.
        """
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
