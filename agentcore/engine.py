"""What an agent object becomes when it runs: its options resolved once, shared by all its runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args

from .action.registry import collect_tools
from .action.tool import mark_of
from .action.toolset import ToolLike
from .brain.registry import is_llm, load_llm
from .brain.structured import OutputType
from .completions import Abilities, Sampling
from .errors import ConfigurationError
from .events import Event
from .extensions import ExampleStore
from .frame import Parts
from .interfaces import LLM, SessionMemory, Tool
from .options import Overflow, RunContext
from .planning import Planner
from .reflection import docstring_of, output_type_of
from .usage import Budget

if TYPE_CHECKING:
    from .agent import Agent

__all__ = ["Engine"]


class Engine:
    """Resolves what the options of an agent mean, when it first runs."""

    def __init__(self, agent: Agent[Any], root: type, tools: tuple[ToolLike, ...]) -> None:
        _check_values(agent)
        _check_methods(agent, root)
        self._agent = agent
        self._root = root
        self._is_closed = False
        self.tools: Mapping[str, Tool] = collect_tools(agent, tools)
        """All tools by name: those of the class hierarchy, then those of the constructor."""
        # A wrong name is the developer's mistake, so it is met here and not in the first run.
        self._llm = load_llm(agent.llm) if agent.llm is not None else None

    @property
    def name(self) -> str:
        """Name of the agent's class."""
        return type(self._agent).__name__

    @property
    def budget(self) -> Budget:
        """The agent's budget."""
        return self._agent.budget

    @property
    def llm(self) -> LLM:
        """The model; one named by a string was made here, and is closed with the agent."""
        if self._llm is None:
            raise ConfigurationError(
                f"{self.name} has no model: set llm='ollama:qwen3:4b' (or 'openai:...', "
                "'local:smollm2', or any LLM object) on the class or in the constructor"
            )
        return self._llm

    def planner_for(self, abilities: Abilities) -> Planner:
        """Return the agent's planner, or the one that fits what the model can do."""
        if self._agent.planner is not None:
            return self._agent.planner
        from .planners import ReAct, ToolCalling

        return ToolCalling() if abilities.tools or not self.tools else ReAct()

    @cached_property
    def output(self) -> OutputType[Any]:
        """The type argument of `Agent[...]`; resolved late, for `Agent[int](...)` sets it late."""
        return OutputType(output_type_of(self._agent, self._root))

    @cached_property
    def sessions(self) -> SessionMemory:
        """What `session=` reads and extends: the agent's memory if it can, else one of its own."""
        memory = self._agent.memory
        if isinstance(memory, SessionMemory):
            return memory
        from .memory import Conversation

        return Conversation()

    @property
    def examples(self) -> ExampleStore | None:
        """Where solved tasks are found."""
        return self._agent.examples

    @cached_property
    def parts(self) -> Parts:
        """Everything a run works with, but its deps."""
        agent = self._agent
        memory: Any = agent.memory
        return Parts(
            agent=self.name,
            llm=self.llm,
            tools=self.tools,
            memory=memory if memory is not None and hasattr(memory, "search") else None,
            sensors=tuple(agent.sensors),
            sampling=agent.sampling,
            output=self.output,
            validate=agent.validate_output,
            output_retries=agent.output_retries,
            overflow=agent.overflow,
        )

    async def instructions(self, context: RunContext) -> str:
        """Return what the agent is told about itself, computed where it is a method."""
        given: object = getattr(self._agent, "instructions", None)
        if given is None:
            return docstring_of(type(self._agent), self._root)
        if callable(given):
            takes_context = bool(inspect.signature(given).parameters)
            given = given(context) if takes_context else given()
            if inspect.isawaitable(given):
                given = await given
        if not isinstance(given, str):
            raise ConfigurationError(
                f"{self.name}.instructions is {given!r}: give a string, or a method that returns "
                "one"
            )
        return inspect.cleandoc(given)

    def on_event(self, event: Event) -> None:
        """Tell the agent what happened in one of its runs."""
        self._agent.on_event(event)

    def check_open(self) -> None:
        """Raise `ConfigurationError` on an agent that was closed."""
        if self._is_closed:
            raise ConfigurationError(f"this {self.name} was closed: make a new one")

    async def aclose(self) -> None:
        """Close the model if it was made here from a name; a second time does nothing."""
        self._is_closed = True
        if isinstance(self._agent.llm, str):
            await self.llm.aclose()


def _check_values(agent: Agent[Any]) -> None:
    """Raise `ConfigurationError` for an option that cannot be what it is meant to be."""
    fits: dict[str, Callable[[object], bool]] = {
        "llm": lambda value: value is None or isinstance(value, str) or is_llm(value),
        "planner": lambda value: value is None or hasattr(value, "solve"),
        "memory": lambda value: value is None or _has_any(value, "search", "history"),
        "budget": lambda value: isinstance(value, Budget),
        "sampling": lambda value: isinstance(value, Sampling),
        "sensors": lambda value: isinstance(value, (list, tuple)),
        "tools": lambda value: isinstance(value, (list, tuple)),
        "examples": lambda value: value is None or hasattr(value, "select"),
        "overflow": lambda value: value in get_args(Overflow),
        "output_retries": lambda value: type(value) is int and value >= 0,
    }
    for name, is_fit in fits.items():
        value: object = getattr(agent, name)
        if isinstance(value, type) or not is_fit(value):
            hint = ": give an object, not the class" if isinstance(value, type) else ""
            raise ConfigurationError(
                f"{type(agent).__name__}.{name} is {value!r}, which cannot be used as {name}{hint}"
            )


def _check_methods(agent: Agent[Any], root: type) -> None:
    """Raise `ConfigurationError` for a method that `Agent` could not call as it must."""
    kind = type(agent)
    for name in ("validate_output", "on_event"):
        if inspect.iscoroutinefunction(getattr(kind, name)):
            raise ConfigurationError(
                f"{kind.__name__}.{name} is async: make it a plain method; what needs I/O belongs "
                "into a tool or a planner"
            )
    for name in vars(root):
        if not name.startswith("_") and mark_of(getattr(kind, name, None)) is not None:
            raise ConfigurationError(
                f"{kind.__name__}.{name} is a tool and hides a method of Agent: give it another "
                f"name, with @tool(name={name!r}) if the model shall see this one"
            )


def _has_any(value: object, *names: str) -> bool:
    return any(hasattr(value, name) for name in names)
