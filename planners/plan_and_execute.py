"""Plan-and-execute: carry a plan out, judge what came of it, and replan what did not work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..completions import ToolSpec
from ..errors import ConfigurationError, OutputParseError, PlanningError
from ..jsontext import parse_json
from ..messages import AssistantMessage, UserMessage
from ..planning import Node, Run, Task
from ..prompts import Prompt
from ..results import Answer
from ..thoughts import split_thoughts
from ..values import JsonObject
from .carrying import Finding, carry_out, plan_messages, step_messages
from .drafting import GUIDE, Drafter, check_counts, offered_tools
from .offering import guided
from .plan import Plan, Step

__all__ = ["PlanAndExecute"]

_AGAIN = Path(__file__).with_name("plan_again.jinja2")
_SOLVE = Path(__file__).with_name("plan_solve.jinja2")
_VERDICT = Path(__file__).with_name("plan_verdict.jinja2")

_MOST_SHOWN = 300
_JUDGED: JsonObject = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "as_expected": {"type": "boolean"}},
    "required": ["reason", "as_expected"],
    "additionalProperties": False,
}


class PlanAndExecute:
    """Plan all calls, carry them out as a graph, replan what failed or surprised, then answer.

    The plan is made, checked and carried out as by `ReWOO`. Before other steps go on from a result
    the model judges whether it is what the step was expected to give. A step that failed, or whose
    result is a surprise, stops the steps that need it, and no others; then the model plans anew in
    place of these alone, from all results so far. What stands is not done again.

    Costs one model call for the plan and for each of at most `max_replans` new ones, each asked for
    at most `max_plans` times; one for each result that others need, where the plan says what it
    should be; one for each `ask_model` step; and one for the answer, with those that correct an
    invalid typed output.

    Args:
        max_steps: The most steps of a plan, and of each new one; at least 1.
        max_plans: How often the model is asked for a plan without faults, at least 1.
        max_replans: How often it plans anew; 0: what failed stays so.
        prompt: A template of your own instead of `plan.jinja2`: its `Path`, or its text. Its
            variables are `tools` (each with `name`, `description`, and `arguments` as JSON) and
            `max_steps`.

    Raises:
        PlanningError: no first plan was without faults; the message has those of the last one.
            Where a new plan stays faulty the answer is given from the results that there are.

    References:
        Wang et al. 2023, Plan-and-Solve Prompting, arXiv:2305.04091: plan first, then carry out.
        Unlike the paper, in which one model call does both, steps are tool calls, and a plan that
        does not work is mended. Kim et al. 2023, arXiv:2312.04511, for the graph and replanning;
        unlike there only what depends on a failed step is planned anew.
    """

    def __init__(
        self,
        *,
        max_steps: int = 12,
        max_plans: int = 3,
        max_replans: int = 2,
        prompt: str | Path | None = None,
    ) -> None:
        check_counts({"max_steps": max_steps, "max_plans": max_plans})
        if max_replans < 0:
            raise ConfigurationError(f"max_replans is {max_replans}: it must be at least 0")
        self.max_steps = max_steps
        self.max_plans = max_plans
        self.max_replans = max_replans
        self._guide = Prompt(GUIDE if prompt is None else prompt)
        self._again = Prompt(_AGAIN)
        self._solve = Prompt(_SOLVE)
        self._verdict = Prompt(_VERDICT)

    async def solve(self, task: Task, run: Run, /) -> Answer:
        """Solve the task."""
        if not run.tools:
            return await run.answer(task.messages)
        drafter = Drafter(offered_tools(run.tools), self.max_steps, self.max_plans)
        guide = drafter.guide(self._guide)
        plan = await drafter.draft(run, guided(task.messages, guide))
        fresh = plan.steps
        findings = await self._carry_out(fresh, {}, run, drafter.offered)
        for _ in range(self.max_replans):
            if all(findings[step.id].is_usable for step in fresh):
                break
            asked = UserMessage(content=self._again.render(_what_is_missing(plan, fresh, findings)))
            transcript = [*task.messages, *plan_messages(plan, findings), asked]
            # A surprise stands from here on: the model has read it, and may refer to it.
            kept = [step for step in plan.steps if not findings[step.id].is_error]
            lost = [step.id for step in plan.steps if findings[step.id].is_error]
            try:
                revised = await drafter.draft(run, guided(transcript, guide), kept=kept, lost=lost)
            except PlanningError:  # there are results already: better an answer from these
                break
            if len(revised.steps) == len(kept):  # the model sees no other way
                break
            fresh = revised.steps[len(kept) :]
            plan = Plan(steps=(*plan.steps, *fresh))
            done = {step.id: replace(findings[step.id], surprise="") for step in kept}
            findings |= await self._carry_out(fresh, done, run, drafter.offered)
        transcript = [*task.messages, *plan_messages(plan, findings)]
        missing = [step.id for step in fresh if not findings[step.id].is_usable]
        question = UserMessage(content=self._solve.render({"missing": missing}))
        answer = await run.answer([*transcript, question])
        return replace(answer, messages=(*transcript, AssistantMessage(content=answer.text)))

    async def _carry_out(
        self,
        steps: Sequence[Step],
        done: Mapping[str, Finding],
        run: Run,
        offered: Mapping[str, ToolSpec],
    ) -> dict[str, Finding]:
        """Do the steps, and judge the results that others need; `done` they may refer to."""
        needed = {name for step in steps for name in step.references}

        def node(step: Step) -> Node[Finding]:
            async def action(branch: Run, before: Mapping[str, Finding]) -> Finding:
                finding = await carry_out(step, offered, {**done, **before}, branch)
                if step.id not in needed or not step.expects or not finding.is_usable:
                    return finding
                return await self._judged(step, finding, branch)

            return Node(action, after=tuple(name for name in step.needs if name not in done))

        return await run.dag({step.id: node(step) for step in steps})

    async def _judged(self, step: Step, finding: Finding, run: Run) -> Finding:
        """Ask whether the result is what was expected; what cannot be read is no objection."""
        question = self._verdict.render({"expects": step.expects})
        messages = [*step_messages(step, finding), UserMessage(content=question)]
        reply = await run.think(
            messages,
            output_schema=_JUDGED if run.abilities.json_schema else None,
            answer_field="answer",
        )
        try:
            verdict = parse_json(split_thoughts(reply.text)[1], repair=True)
        except OutputParseError:
            return finding
        if not isinstance(verdict, dict) or verdict.get("as_expected") is not False:
            return finding
        reason = str(verdict.get("reason") or "it is not what was expected")
        return replace(finding, surprise=reason)


def _what_is_missing(
    plan: Plan, fresh: Sequence[Step], findings: Mapping[str, Finding]
) -> Mapping[str, object]:
    missed = [step.id for step in fresh if not findings[step.id].is_usable]
    return {
        "missed": [{"id": name, "reason": _reason(findings[name])} for name in missed],
        "kept": [step.id for step in plan.steps if not findings[step.id].is_error],
        "next_number": 1 + max(int(step.id[1:]) for step in plan.steps),  # ids were checked
    }


def _reason(finding: Finding) -> str:
    """What became of a step; what a tool said of it stands with its result."""
    if finding.surprise:
        reason = " ".join(finding.surprise[:_MOST_SHOWN].split())
        return f"is not what was expected: {reason}"
    return "was not done" if finding.is_left_out else "failed"
