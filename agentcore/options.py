"""What can be set on an agent, what can be given to one run, and how wrong names are noticed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypedDict, cast

from .action.toolset import ToolLike
from .completions import Sampling
from .errors import ConfigurationError
from .events import Decision
from .extensions import ExampleStore
from .interfaces import LLM, Journal, Memory, Sensor, SessionMemory
from .messages import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage
from .planning import Planner
from .usage import Budget

__all__ = [
    "AgentOptions",
    "Overflow",
    "RunContext",
    "RunOptions",
    "check_names",
    "clean_run_options",
]

Overflow: TypeAlias = Literal["drop", "summarise", "raise"]
"""What is done where a conversation does not fit into the model's window.

`drop` leaves out the oldest turns and steps, and the middle of results that are too long on their
own; `summarise` has the model put them into words first, which costs model calls; `raise` raises
`ContextLengthError`. Instructions, task and the latest step always stay.
"""


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
    examples: ExampleStore | None
    """Solved tasks, of which the model is shown those that are like its own."""
    overflow: Overflow
    """What is done where the window is too small; `drop` by default."""
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


def _are_messages(value: Any) -> bool:
    kinds = (SystemMessage, UserMessage, AssistantMessage, ToolMessage)
    items = cast("Sequence[object]", value if isinstance(value, (list, tuple)) else [None])
    return all(isinstance(item, kinds) for item in items)


def _is_journal(value: Any) -> bool:
    return not isinstance(value, type) and hasattr(value, "append") and hasattr(value, "events")


def _are_decisions(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    return all(
        isinstance(item, Decision) for item in cast("Mapping[object, object]", value).values()
    )


_RUN_OPTIONS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "session": ("a string", lambda value: isinstance(value, str)),
    "history": ("messages, such as result.messages", _are_messages),
    "deps": ("anything", lambda _: True),
    "journal": ("a journal", _is_journal),
    "decisions": ("a Decision for each key", _are_decisions),
    "budget": ("a Budget", lambda value: isinstance(value, Budget)),
}


def clean_run_options(given: RunOptions) -> RunOptions:
    """Return the options of a run without those that are None, which means: not given.

    Raises:
        ConfigurationError: a name is unknown, or a value cannot be what it is meant to be.
    """
    check_names("a run", given, _RUN_OPTIONS)
    cleaned: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    for name, value in cleaned.items():
        wanted, is_fit = _RUN_OPTIONS[name]
        if not is_fit(value):
            raise ConfigurationError(f"{name}={value!r:.200} cannot be used: give {wanted}")
    return cast("RunOptions", cleaned)
