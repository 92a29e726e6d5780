"""What can be set on an agent, what can be given to one run, and how wrong names are noticed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypedDict

from .completions import Sampling
from .errors import ConfigurationError
from .events import Decision
from .interfaces import LLM, Journal, Memory, Sensor, SessionMemory, Tool
from .messages import Message
from .planning import Planner
from .usage import Budget

__all__ = ["AgentOptions", "RunContext", "RunOptions", "ToolLike", "check_names"]

ToolLike: TypeAlias = Tool | Callable[..., object]
"""A tool object, or a function that becomes one."""


class AgentOptions(TypedDict, total=False):
    """Everything that a subclass can set as a class attribute, as constructor options."""

    llm: LLM | str
    """An LLM, or its name such as `ollama:qwen3:4b`, `openai:gpt-5-mini` or `local:smollm2`."""
    instructions: str
    """What the agent is told about itself; goes over the class's docstring."""
    tools: Sequence[ToolLike]
    """Go over the class's tools of the same names."""
    memory: Memory | SessionMemory | None
    """What `run.recall` searches, and what `session=` keeps conversations in."""
    planner: Planner | None
    """None: chosen from what the model can do."""
    budget: Budget
    sampling: Sampling
    sensors: Sequence[Sensor]
    """Asked before the built-in senses."""
    output_retries: int
    """How often the model is asked again when its output is not valid; 2 by default."""


class RunOptions(TypedDict, total=False):
    """What can be given to one run."""

    session: str
    """Id of a conversation: the run sees its history and is added to it when it has answered."""
    history: Sequence[Message]
    """Earlier messages, such as `result.messages`."""
    deps: Any
    """What the tools of this run see as `ToolContext.deps`, and the model does not."""
    journal: Journal
    """Where events are recorded. One that holds events already resumes its run."""
    decisions: Mapping[str, Decision]
    """A person's decisions on what a paused run waits for, by key."""
    budget: Budget
    """Instead of the agent's."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a method `instructions(self, context)` knows of the run that it writes for."""

    task: str
    """The task as text."""
    deps: Any = None
    session: str | None = None


def check_names(what: str, given: Mapping[str, object], allowed: Collection[str]) -> None:
    """Raise `ConfigurationError` for a name that is not allowed, with the nearest that is."""
    for name in given:
        if name not in allowed:
            from difflib import get_close_matches

            near = get_close_matches(name, allowed, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ConfigurationError(
                f"{what} has no option {name!r}: {hint}the options are {', '.join(sorted(allowed))}"
            )
