"""ReWOO: plan all calls at once with placeholders, carry them out as a graph, then answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..completions import ToolSpec
from ..messages import AssistantMessage, UserMessage
from ..planning import Node, Run, Task
from ..prompts import Prompt
from ..results import Answer
from .carrying import Finding, carry_out, plan_messages
from .drafting import GUIDE, Drafter, check_counts, offered_tools
from .offering import guided
from .plan import Step

__all__ = ["ReWOO"]

_SOLVE = Path(__file__).with_name("plan_solve.jinja2")


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
        prompt: A template of your own instead of `plan.jinja2`: its `Path`, or its text. Its
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
        check_counts({"max_steps": max_steps, "max_plans": max_plans})
        self.max_steps = max_steps
        self.max_plans = max_plans
        self._guide = Prompt(GUIDE if prompt is None else prompt)
        self._solve = Prompt(_SOLVE)

    async def solve(self, task: Task, run: Run, /) -> Answer:
        """Solve the task."""
        if not run.tools:
            return await run.answer(task.messages)
        offered = offered_tools(run.tools)
        drafter = Drafter(offered, self.max_steps, self.max_plans)
        plan = await drafter.draft(run, guided(task.messages, drafter.guide(self._guide)))
        findings = await run.dag({step.id: _node(step, offered) for step in plan.steps})
        transcript = [*task.messages, *plan_messages(plan, findings)]
        missing = [step.id for step in plan.in_order() if not findings[step.id].is_usable]
        question = UserMessage(content=self._solve.render({"missing": missing}))
        answer = await run.answer([*transcript, question])
        return replace(answer, messages=(*transcript, AssistantMessage(content=answer.text)))


def _node(step: Step, offered: Mapping[str, ToolSpec]) -> Node[Finding]:
    async def action(run: Run, findings: Mapping[str, Finding]) -> Finding:
        return await carry_out(step, offered, findings, run)

    return Node(action, after=step.needs)
