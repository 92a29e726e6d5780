"""Asks a model for a plan until it is one that can be carried out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..completions import Completion, ToolSpec
from ..errors import ConfigurationError, OutputParseError, PlanningError
from ..messages import AssistantMessage, Message, UserMessage
from ..planning import Run
from ..prompts import Prompt
from .bounding import bounded
from .offering import tool_variables
from .plan import Plan, Step, plan_schema, read_plan
from .plan_check import Fault, check_plan, list_faults

__all__ = ["ASK_MODEL", "GUIDE", "Drafter", "check_counts", "offered_tools"]

GUIDE = Path(__file__).with_name("plan.jinja2")
_FAULTS = Prompt(Path(__file__).with_name("plan_faults.jinja2"))

_MOST_CHARACTERS = 200
"""Of each text in a plan, where the one before was cut off."""
_MOST_SENT_BACK = 8000
"""Characters of a faulty plan; who wrote thousands of steps need not read them all again."""

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


def offered_tools(tools: Sequence[ToolSpec]) -> Mapping[str, ToolSpec]:
    """Return what a step can call, by name.

    Raises:
        ConfigurationError: a tool of the agent has the name of `ASK_MODEL`.
    """
    offered = {tool.name: tool for tool in tools}
    if ASK_MODEL.name in offered:
        raise ConfigurationError(
            f"a tool is named {ASK_MODEL.name!r}, as the step that asks the model: rename it"
        )
    return {**offered, ASK_MODEL.name: ASK_MODEL}


def check_counts(counts: Mapping[str, int]) -> None:
    """Raise `ConfigurationError` where an option is less than 1."""
    for name, value in counts.items():
        if value < 1:
            raise ConfigurationError(f"{name} is {value}: it must be at least 1")


@dataclass(frozen=True, slots=True)
class Drafter:
    """Asks for plans of at most `max_steps` new steps, at most `max_plans` times for each."""

    offered: Mapping[str, ToolSpec]
    max_steps: int
    max_plans: int

    def guide(self, prompt: Prompt) -> str:
        """Render the instructions for planning."""
        tools = tool_variables(tuple(self.offered.values()))
        return prompt.render({"tools": tools, "max_steps": self.max_steps})

    async def draft(
        self,
        run: Run,
        messages: Sequence[Message],
        *,
        kept: Sequence[Step] = (),
        lost: Collection[str] = (),
    ) -> Plan:
        """Return a plan without faults: the kept steps, which the model may refer to, and its own.

        Args:
            kept: steps of an earlier plan that were done.
            lost: ids of an earlier plan without a result: they can neither be referred to nor be
                used again. Where there was such a plan the model may write no steps.

        Raises:
            PlanningError: no plan was without faults; the message has those of the last one.
        """
        tools = tuple(self.offered.values())
        earlier = Plan(steps=tuple(kept))
        fewest = 0 if kept or lost else 1
        schema = plan_schema(tools, min_steps=fewest, max_steps=self.max_steps)
        constraint = schema if run.abilities.json_schema else None
        remarks: list[Message] = []
        faults = ""
        for _ in range(self.max_plans):
            # Only the last plan is sent back: earlier ones would grow the prompt with mistakes.
            reply = await run.think(
                [*messages, *remarks],
                output_schema=constraint,
                answer_field="answer",  # a plan has none: nothing of it is streamed as the answer
            )
            plan, faults = self._read(reply, earlier, lost)
            if plan is not None:
                return plan
            if constraint is not None and reply.finish_reason == "length":
                constraint = bounded(schema, most_characters=_MOST_CHARACTERS)
            again = UserMessage(content=_FAULTS.render({"faults": faults}))
            remarks = [AssistantMessage(content=reply.text[:_MOST_SENT_BACK]), again]
        raise PlanningError(
            f"none of max_plans={self.max_plans} plans can be carried out; {faults}"
        )

    def _read(
        self, reply: Completion, earlier: Plan, lost: Collection[str]
    ) -> tuple[Plan | None, str]:
        """Return the plan, or None and what is wrong with it."""
        try:
            own = read_plan(reply.text)
        except OutputParseError as error:
            cut = " It was cut off: write less." if reply.finish_reason == "length" else ""
            return None, f"- {error}{cut}"
        if not own.steps and (earlier.steps or lost):
            return earlier, ""
        plan = Plan(steps=(*earlier.steps, *own.steps))
        most = self.max_steps + len(earlier.steps)
        faults = [_used_again(step) for step in own.steps[: self.max_steps] if step.id in lost]
        faults += check_plan(plan, tuple(self.offered.values()), max_steps=most)
        return (None, list_faults(faults)) if faults else (plan, "")


def _used_again(step: Step) -> Fault:
    text = f"the id {step.id} was used in the plan before: give new steps new ids"
    return Fault(kind="duplicate_id", step=step.id, text=text)
