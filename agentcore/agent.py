"""`Agent`: the class that users subclass.

Declaring an agent is cheap: what runs it, asyncio with it, is imported when it first runs.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from typing import TYPE_CHECKING, Generic, Self, cast

from typing_extensions import TypeVar, Unpack

from .completions import Sampling
from .errors import ConfigurationError
from .events import Event
from .explanation import Explanation
from .extensions import ExampleStore
from .interfaces import LLM, Memory, Sensor, SessionMemory
from .options import (
    AgentOptions,
    Overflow,
    RunOptions,
    ToolLike,
    check_names,
    clean_run_options,
)
from .planning import Planner, Run
from .results import MapItem, Result
from .usage import Budget

if TYPE_CHECKING:
    from .engine import Engine
    from .stream import RunStream

__all__ = ["Agent"]

Out = TypeVar("Out", default=str)

_OPTIONS = frozenset(AgentOptions.__annotations__)


class Agent(Generic[Out]):
    """Perceives a task, thinks with a model, acts with tools, and returns a typed result.

    Subclass it. The type argument is the type of the output, `str` where there is none. What it is
    told about itself is the class's docstring, or a class attribute `instructions`, or a method
    `instructions(self)` or `instructions(self, context: RunContext)`, called for each run. Methods
    with `@tool` are its tools. Every option can be a class attribute or go to the constructor.

    One object serves any number of runs at once: options are fixed by `super().__init__`, a
    subclass's own attributes can be set once, and all state of a run is in its `Run`.

    Example:
        >>> from agentcore import Agent, tool
        >>> from agentcore.testing import ScriptedLLM, call
        >>> class Clerk(Agent[int]):
        ...     "You know how many books there are."
        ...     @tool
        ...     def count(self, shelf: str) -> int:
        ...         "Count the books on a shelf."
        ...         return 7
        >>> Clerk(llm=ScriptedLLM(call("count", shelf="B"), "7")).run_sync("How many on B?").output
        7
    """

    llm: LLM | str | None = None
    tools: Sequence[ToolLike] = ()
    memory: Memory | SessionMemory | None = None
    planner: Planner | None = None
    budget: Budget = Budget.model_construct()  # the defaults, without building the schema at import
    sampling: Sampling = Sampling.model_construct()
    sensors: Sequence[Sensor] = ()
    examples: ExampleStore | None = None
    overflow: Overflow = "drop"
    output_retries: int = 2

    _engine: Engine

    def __init__(self, **options: Unpack[AgentOptions]) -> None:
        check_names(type(self).__name__, options, _OPTIONS)
        for name, value in options.items():
            if name != "tools":
                object.__setattr__(self, name, value)
        from .engine import Engine

        object.__setattr__(self, "_engine", Engine(self, Agent, tuple(options.get("tools", ()))))

    def __setattr__(self, name: str, value: object) -> None:
        if name in _OPTIONS or (name in self.__dict__ and name != "__orig_class__"):
            raise ConfigurationError(
                f"{type(self).__name__}.{name} cannot be changed: an agent is shared by its runs. "
                "Give options to the constructor, and keep what changes in an object of your own"
            )
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        llm = self.llm if isinstance(self.llm, str) or self.llm is None else self.llm.name
        return f"{type(self).__name__}(llm={llm!r})"

    def validate_output(self, output: Out, /) -> Out:
        """Check an output, or change it; override it. Called once for each answer of the model.

        Raise `ValueError` with a message that tells the model what is wrong: it is asked again,
        within `output_retries`. It must give the same for the same output, for a resumed run calls
        it again.
        """
        return output

    def on_event(self, event: Event, /) -> None:
        """See every event of every run; override it. An exception in here ends the run."""

    async def run(self, task: object, **options: Unpack[RunOptions]) -> Result[Out]:
        """Run a task: text, an image, a Python object, or a list of these.

        Raises:
            LimitError: a bound of the budget was reached and no answer had been offered.
            LLMError: the model failed, or its output never became valid (`OutputParseError`).
            ToolCrashError: a tool has a bug.
            ConfigurationError: the agent, or the task, cannot be run like this.
        """
        from .launch import launch

        engine, options = self._checked_engine(), clean_run_options(options)
        return cast("Result[Out]", await launch(engine, task, options))

    def run_sync(self, task: object, **options: Unpack[RunOptions]) -> Result[Out]:
        """Run a task from synchronous code, in any thread, also in a notebook. See `run`."""
        from .bridge import run_in_bridge

        return run_in_bridge(self.run(task, **options))

    def stream(self, task: object, **options: Unpack[RunOptions]) -> RunStream[Out]:
        """Run a task and iterate over what happens: text as it is written, events, the result.

        With a typed output the growing answer comes too, as `Partial` values.

        Example:
            >>> import asyncio
            >>> from agentcore import Agent, TextDelta
            >>> from agentcore.testing import ScriptedLLM
            >>> async def main() -> None:
            ...     async for event in Agent(llm=ScriptedLLM("Hello there")).stream("Hi"):
            ...         if isinstance(event, TextDelta):
            ...             print(event.text, end="|")
            >>> asyncio.run(main())
            Hello |there|
        """
        from .stream import RunStream

        return RunStream(self._checked_engine(), task, clean_run_options(options))

    async def explain(self, task: object, **options: Unpack[RunOptions]) -> Explanation:
        """Show byte for byte what the first model call of a run would send, and what it costs.

        The model is not asked, no tool is called, nothing is stored. What comes before the first
        call is done: the task is perceived, the history and the examples are read, a planner
        may search the memory. `journal` and `decisions` are not for this.

        Raises:
            ConfigurationError: the planner calls a tool, stores something in the memory, or waits
                for a person before it asks the model, or does not ask it.

        Example:
            >>> import asyncio
            >>> from agentcore.testing import ScriptedLLM
            >>> agent = Agent(llm=ScriptedLLM(), instructions="Be brief.")
            >>> asyncio.run(agent.explain("Hello")).sections
            {'instructions': 7, 'percepts': 5}
        """
        from .explaining import explain

        engine, options = self._checked_engine(), clean_run_options(options)
        return await explain(engine, task, options)

    def map(
        self,
        tasks: Iterable[object] | AsyncIterable[object],
        *,
        concurrency: int = 8,
        deps: object = None,
    ) -> AsyncIterator[MapItem[Out]]:
        """Run many tasks, at most `concurrency` at once; yields each result as it comes.

        A task that fails is an item with its error; the others go on. Tasks are taken from the
        iterable as they are needed. Leaving the loop early cancels what runs.
        """
        from .mapping import map_tasks

        return map_tasks(self.run, tasks, concurrency=concurrency, deps=deps)

    async def run_in(self, task: object, run: Run) -> Result[Out]:
        """Run as a child: what `run.child(agent, task)` calls."""
        from .launch import launch_child

        return cast("Result[Out]", await launch_child(self._checked_engine(), task, run))

    async def aclose(self) -> None:
        """Close the model if it was made from a name; an object that was given is its owner's."""
        await self._engine.aclose()

    def __reduce__(self) -> str:
        raise ConfigurationError(
            f"a {type(self).__name__} cannot be copied or pickled, for its tools belong to it: "
            "make another one"
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _checked_engine(self) -> Engine:
        engine: Engine | None = self.__dict__.get("_engine")
        if engine is None:
            raise ConfigurationError(
                f"{type(self).__name__}.__init__ did not call super().__init__(**options)"
            )
        engine.check_open()
        return engine
