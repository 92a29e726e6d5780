"""What an agent object becomes when it runs: its options resolved once, shared by all its runs."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .action import collect_tools
from .brain.structured import OutputType
from .errors import ConfigurationError
from .frame import Parts
from .interfaces import LLM, SessionMemory, Tool
from .options import RunContext, ToolLike
from .planning import Planner
from .reflection import docstring_of, output_type_of

if TYPE_CHECKING:
    from .agent import Agent

__all__ = ["Engine"]


class Engine:
    """Resolves what the options of an agent mean, when it first runs."""

    def __init__(self, agent: Agent[Any], root: type, tools: tuple[ToolLike, ...]) -> None:
        self._agent = agent
        self._root = root
        self._tools = tools
        self._is_closed = False

    @property
    def name(self) -> str:
        """Name of the agent's class."""
        return type(self._agent).__name__

    @cached_property
    def tools(self) -> Mapping[str, Tool]:
        """All tools by name: those of the class hierarchy, then those of the constructor."""
        return collect_tools(self._agent, self._tools)

    @cached_property
    def llm(self) -> LLM:
        """The model; one named by a string is made here, and closed with the agent."""
        given = self._agent.llm
        if given is None:
            raise ConfigurationError(
                f"{self.name} has no model: set llm='ollama:qwen3:4b' (or 'openai:...', 'local:smollm2', "
                "or any LLM object) on the class or in the constructor"
            )
        if not isinstance(given, str):
            return given
        from .brain.registry import load_llm  # the table of backends is needed for names only

        return load_llm(given)

    @cached_property
    def planner(self) -> Planner:
        """The agent's planner, or the one that fits what the model can do."""
        if self._agent.planner is not None:
            return self._agent.planner
        from .planners import ReAct, ToolCalling

        return ToolCalling() if self.llm.abilities.tools or not self.tools else ReAct()

    @cached_property
    def output(self) -> OutputType[Any]:
        """The type argument of `Agent[...]`; resolved late, because `Agent[int](...)` sets it late."""
        return OutputType(output_type_of(self._agent, self._root))

    @cached_property
    def sessions(self) -> SessionMemory:
        """Where `session=` keeps conversations: the agent's memory if it can, else one of its own."""
        memory = self._agent.memory
        if isinstance(memory, SessionMemory):
            return memory
        from .memory import Conversation

        return Conversation()

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
            deps=None,
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
                f"{self.name}.instructions is {given!r}: give a string, or a method that returns one"
            )
        return inspect.cleandoc(given)

    def check_open(self) -> None:
        """Raise `ConfigurationError` on an agent that was closed."""
        if self._is_closed:
            raise ConfigurationError(f"this {self.name} was closed: make a new one")

    async def aclose(self) -> None:
        """Close the model if it was made here from a name; a second time does nothing."""
        self._is_closed = True
        if isinstance(self._agent.llm, str) and "llm" in self.__dict__:
            await self.llm.aclose()
