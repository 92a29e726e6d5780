"""Carries out the steps of a checked plan, and writes down what came of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ..completions import ToolSpec
from ..messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from ..planning import Run
from ..thoughts import split_thoughts
from ..values import JsonObject
from .drafting import ASK_MODEL
from .fitting import fill
from .plan import Plan, Step

__all__ = ["Finding", "carry_out", "plan_messages", "step_messages"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a step."""

    text: str
    is_error: bool = False
    is_left_out: bool = False
    """Whether the step was not done, since it needs one without a usable result."""
    surprise: str = ""
    """In what way the result is not what was expected; empty: it is, or nobody asked."""

    @property
    def is_usable(self) -> bool:
        """Whether other steps can go on from it."""
        return not self.is_error and not self.surprise


async def carry_out(
    step: Step, offered: Mapping[str, ToolSpec], findings: Mapping[str, Finding], run: Run
) -> Finding:
    """Do a step with the results of those it needs; without them it is not done."""
    missing = [name for name in step.needs if not findings[name].is_usable]
    if missing:
        text = f"not done: there is no usable result of {', '.join(missing)}"
        return Finding(text, is_error=True, is_left_out=True)
    results = {name: findings[name].text for name in step.references}
    arguments = fill(step.arguments, offered[step.tool].parameters, results)
    if step.tool == ASK_MODEL.name:
        question = UserMessage(content=str(arguments["prompt"]))
        reply = await run.think([question], answer_field="answer")  # no part of it is the answer
        return Finding(split_thoughts(reply.text)[1].strip())
    (observation,) = await run.act([_call(step, arguments)])
    return Finding(observation.percept.text, observation.is_error)


def step_messages(step: Step, finding: Finding) -> list[Message]:
    """A step as a call with its result, in native form: any model can go on from it.

    The arguments stay as they were planned: each result is sent once.
    """
    thought = f"#{step.id}: {step.expects}" if step.expects else f"#{step.id}"
    call = _call(step, step.arguments)
    result = ToolMessage(
        tool_call_id=step.id, name=step.tool, content=finding.text, is_error=finding.is_error
    )
    return [AssistantMessage(content=thought, tool_calls=(call,)), result]


def plan_messages(plan: Plan, findings: Mapping[str, Finding]) -> list[Message]:
    """The steps of a plan one after the other, each after those it needs."""
    steps = plan.in_order()
    return [message for step in steps for message in step_messages(step, findings[step.id])]


def _call(step: Step, arguments: JsonObject) -> ToolCall:
    text = json.dumps(arguments, ensure_ascii=False)
    return ToolCall(id=step.id, name=step.tool, arguments=text)
