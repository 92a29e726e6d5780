"""Asks one question: an agent with the question's tools, stopped at its first call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from agentcore import (
    LLM,
    Agent,
    AgentCoreError,
    Budget,
    LimitError,
    LLMError,
    Planner,
    Sampling,
    ToolContext,
    ToolSpec,
)
from agentcore.events import Acted, Thought
from agentcore.interfaces import Effect
from agentcore.jsontext import parse_json
from agentcore.values import JsonObject, JsonValue

from .data import Question
from .judging import has_right_arguments, validates

__all__ = ["Outcome", "ask"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the model did with one question."""

    is_call: bool
    is_well_formed: bool = False
    is_right_tool: bool = False
    is_right_call: bool = False
    steps: int = 0
    """Model calls until the first call of a tool, or the answer."""
    cuts: int = 0
    """Those of them that `max_tokens` cut."""
    error: str = ""


class _CalledError(AgentCoreError):
    """Ends the run at its first call: what the tool would have done is not asked."""

    def __init__(self, name: str, arguments: JsonObject) -> None:
        super().__init__(name)
        self.name = name
        self.arguments = arguments


@dataclass(frozen=True, slots=True)
class _Called:
    """A tool that ends the run when it is called."""

    spec: ToolSpec
    effect: Effect = "read"
    idempotent: bool = False
    needs_approval: bool = False
    timeout_s: float | None = None

    async def call(self, arguments: Mapping[str, JsonValue], context: ToolContext[Any]) -> object:
        raise _CalledError(self.spec.name, dict(arguments))


async def ask(question: Question, llm: LLM, planner: Planner, *, max_tokens: int) -> Outcome:
    """Run an agent of this library on the question until it calls a tool or answers."""
    agent = Agent(
        llm=llm,
        planner=planner,
        tools=[_Called(spec) for spec in question.tools],
        sampling=Sampling(temperature=0, max_tokens=max_tokens),
        budget=Budget(max_steps=8),
    )
    events: list[Any] = []
    name, arguments, error = "", None, ""
    try:
        events += (await agent.run(question.text)).trajectory
    except _CalledError as called:
        events += called.trajectory
        name, arguments = called.name, called.arguments
    except (LimitError, LLMError) as failed:
        events += failed.trajectory
        error = type(failed).__name__
    finally:
        await agent.aclose()
    # A call of a tool that there is not, or whose arguments are no JSON, came before.
    for event in events:
        if isinstance(event, Acted):
            name, arguments = event.observation.call.name, _read(event.observation.call.arguments)
            break
    thoughts = [event for event in events if isinstance(event, Thought)]
    cuts = sum(thought.completion.finish_reason == "length" for thought in thoughts)
    outcome = Outcome(is_call=bool(name), steps=len(thoughts), cuts=cuts, error=error)
    return _judge(question, name, arguments, outcome)


def _read(text: str) -> JsonValue:
    try:
        return parse_json(text)
    except LLMError:
        return None


def _judge(question: Question, name: str, arguments: JsonValue, outcome: Outcome) -> Outcome:
    spec = next((tool for tool in question.tools if tool.name == name), None)
    if spec is None or not isinstance(arguments, dict):
        return outcome
    is_right_tool = name == question.name
    return replace(
        outcome,
        is_well_formed=validates(arguments, spec.parameters),
        is_right_tool=is_right_tool,
        is_right_call=is_right_tool and has_right_arguments(arguments, question),
    )
