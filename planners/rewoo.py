"""ReWOO: plan all calls at once with placeholders, carry them out as a graph, then answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..completions import Completion, ToolSpec
from ..errors import ConfigurationError, OutputParseError, PlanningError
from ..messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from ..planning import Node, Run, Task
from ..prompts import Prompt
from ..results import Answer
from ..thoughts import split_thoughts
from ..values import JsonObject
from .bounding import bounded
from .fitting import fill
from .offering import guided, tool_variables
from .plan import Plan, Step, plan_schema, read_plan
from .plan_check import check_plan, list_faults

__all__ = ["ReWOO"]

_PLAN = Path(__file__).with_name("rewoo_plan.jinja2")
_REPLAN = Path(__file__).with_name("rewoo_replan.jinja2")
_SOLVE = Path(__file__).with_name("rewoo_solve.jinja2")

_MOST_CHARACTERS = 200
"""Of each text in a plan, where the one before was cut off."""

ASK_MODEL = ToolSpec(
    name="ask_model",
    description="Ask a language model about results, such as to find a name in a text.",
    parameters={
        "type": "object",
        "properties": {"prompt": {"type": "string"}},
        "required": ["prompt"],
        "additionalProperties": False,
    },
)
"""The step that is no tool of the agent: one more call of its model."""


@dataclass(frozen=True, slots=True)
class _Finding:
    """What came of a step."""

    text: str
    is_error: bool = False


class ReWOO:
    """One model call plans every tool call; none is made between them; one gives the answer.

    A step refers to the result of another as `#E1`. The plan is checked before anything of it runs
    (`check_plan`); a faulty one goes back to the model with its faults. Then the steps run as a
    graph, each as soon as those that it needs are done, and independent ones side by side. A result
    is placed into arguments once: what a tool returns cannot refer to other steps. Where a step
    fails, those that need it are left out, and the model reads so when it answers.

    Costs one model call for the plan, at most `max_plans`; one for each `ask_model` step, at most
    `max_steps`; and one for the answer, with those that correct an invalid typed output. Without
    faults and `ask_model` that is 2, whatever the number of tool calls; the guide and the tools are
    sent only once. The model cannot act on what it did not foresee: for that take `ReAct`.

    Args:
        max_steps: The most steps of a plan, at least 1.
        max_plans: How often the model is asked for a plan without faults, at least 1.
        prompt: A template of your own instead of `rewoo_plan.jinja2`: its `Path`, or its text. Its
            variables are `tools` (each with `name`, `description`, and `arguments` as JSON) and
            `max_steps`.

    Raises:
        PlanningError: no plan was without faults; the message has those of the last one.

    References:
        Xu et al. 2023, ReWOO: Decoupling Reasoning from Observations for Efficient Augmented
        Language Models, arXiv:2305.18323. Kim et al. 2023, An LLM Compiler for Parallel Function
        Calling, arXiv:2312.04511, for the graph. Unlike the papers the plan is one JSON object,
        decoded under `plan_schema` where the model's output can be constrained; it is checked, and
        a failed step does not feed its error to others.

    Example:
        >>> from agentcore import Agent, tool
        >>> from agentcore.planners import ReWOO
        >>> from agentcore.testing import ScriptedLLM
        >>> @tool
        ... def add(a: int, b: int) -> int:
        ...     "Add two numbers."
        ...     return a + b
        >>> plan = '''{"steps": [
        ...     {"id": "E1", "expects": "5", "tool": "add", "arguments": {"a": 2, "b": 3}},
        ...     {"id": "E2", "expects": "9", "tool": "add", "arguments": {"a": "#E1", "b": 4}}
        ... ]}'''
        >>> llm = ScriptedLLM(plan, "It is 9.")
        >>> Agent(llm=llm, tools=[add], planner=ReWOO()).run_sync("2 + 3 + 4?").output
        'It is 9.'
        >>> [message.content for message in llm.requests[1].messages if message.role == "tool"]
        ['5', '9']
    """

    def __init__(
        self, *, max_steps: int = 12, max_plans: int = 3, prompt: str | Path | None = None
    ) -> None:
        for name, value in (("max_steps", max_steps), ("max_plans", max_plans)):
            if value < 1:
                raise ConfigurationError(f"{name} is {value}: it must be at least 1")
        self.max_steps = max_steps
        self.max_plans = max_plans
        self._plan = Prompt(_PLAN if prompt is None else prompt)
        self._replan = Prompt(_REPLAN)
        self._solve = Prompt(_SOLVE)

    async def solve(self, task: Task, run: Run, /) -> Answer:
        """Solve the task."""
        if not run.tools:
            return await run.answer(task.messages)
        offered = _offered(run.tools)
        plan = await self._make_plan(task, run, offered)
        findings = await run.dag({step.id: _node(step, offered) for step in plan.steps})
        transcript = [*task.messages, *_as_messages(plan, findings)]
        failed = [step.id for step in plan.in_order() if findings[step.id].is_error]
        question = UserMessage(content=self._solve.render({"failed": failed}))
        answer = await run.answer([*transcript, question])
        return replace(answer, messages=(*transcript, AssistantMessage(content=answer.text)))

    async def _make_plan(self, task: Task, run: Run, offered: Mapping[str, ToolSpec]) -> Plan:
        """Ask for a plan until it has no faults."""
        tools = tuple(offered.values())
        variables = {"tools": tool_variables(tools), "max_steps": self.max_steps}
        messages = guided(task.messages, self._plan.render(variables))
        schema = plan_schema(tools, max_steps=self.max_steps) if run.abilities.json_schema else None
        remarks: list[Message] = []
        faults = ""
        for _ in range(self.max_plans):
            # Only the last plan is sent back: earlier ones would grow the prompt with mistakes.
            reply = await run.think(
                [*messages, *remarks], output_schema=schema, answer_field="answer"
            )
            plan, faults = self._checked(reply, tools)
            if plan is not None:
                return plan
            if schema is not None and reply.finish_reason == "length":
                schema = bounded(schema, most_characters=_MOST_CHARACTERS)
            again = UserMessage(content=self._replan.render({"faults": faults}))
            remarks = [AssistantMessage(content=reply.text), again]
        raise PlanningError(
            f"none of max_plans={self.max_plans} plans can be carried out; {faults}"
        )

    def _checked(self, reply: Completion, tools: Sequence[ToolSpec]) -> tuple[Plan | None, str]:
        """Return the plan, or None and what is wrong with it."""
        try:
            plan = read_plan(reply.text)
        except OutputParseError as error:
            cut = " It was cut off: write less." if reply.finish_reason == "length" else ""
            return None, f"- {error}{cut}"
        faults = check_plan(plan, tools, max_steps=self.max_steps)
        return (None, list_faults(faults)) if faults else (plan, "")


def _offered(tools: Sequence[ToolSpec]) -> Mapping[str, ToolSpec]:
    offered = {tool.name: tool for tool in tools}
    if ASK_MODEL.name in offered:
        raise ConfigurationError(
            f"a tool is named {ASK_MODEL.name!r}, as the step that asks the model: rename it"
        )
    return {**offered, ASK_MODEL.name: ASK_MODEL}


def _node(step: Step, offered: Mapping[str, ToolSpec]) -> Node[_Finding]:
    async def action(run: Run, findings: Mapping[str, _Finding]) -> _Finding:
        missing = [name for name, finding in findings.items() if finding.is_error]
        if missing:
            return _Finding(f"not done: there is no result of {', '.join(missing)}", is_error=True)
        results = {name: finding.text for name, finding in findings.items()}
        return await _do(step, fill(step.arguments, offered[step.tool].parameters, results), run)

    return Node(action, after=step.needs)


async def _do(step: Step, arguments: JsonObject, run: Run) -> _Finding:
    if step.tool == ASK_MODEL.name:
        reply = await run.think([UserMessage(content=str(arguments["prompt"]))])
        return _Finding(split_thoughts(reply.text)[1].strip())
    (observation,) = await run.act([_call(step, arguments)])
    return _Finding(observation.percept.text, observation.is_error)


def _call(step: Step, arguments: JsonObject) -> ToolCall:
    text = json.dumps(arguments, ensure_ascii=False)
    return ToolCall(id=step.id, name=step.tool, arguments=text)


def _as_messages(plan: Plan, findings: Mapping[str, _Finding]) -> list[Message]:
    """The plan as calls with their results, in native form: any model can go on from it.

    The arguments stay as they were planned: each result is sent once.
    """
    messages: list[Message] = []
    for step in plan.in_order():
        finding = findings[step.id]
        thought = f"#{step.id}: {step.expects}" if step.expects else f"#{step.id}"
        call = _call(step, step.arguments)
        result = ToolMessage(
            tool_call_id=step.id, name=step.tool, content=finding.text, is_error=finding.is_error
        )
        messages += [AssistantMessage(content=thought, tool_calls=(call,)), result]
    return messages
