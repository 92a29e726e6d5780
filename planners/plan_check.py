"""Checks a plan before anything of it runs, and says what is wrong so that a model can mend it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Literal, TypeAlias

from ..completions import ToolSpec
from ..values import Value
from .fitting import misfits
from .plan import STEP_ID, Plan, Step

__all__ = ["Fault", "FaultKind", "check_plan", "list_faults"]

FaultKind: TypeAlias = Literal[
    "empty",
    "too_many_steps",
    "bad_id",
    "duplicate_id",
    "unknown_tool",
    "bad_arguments",
    "self_reference",
    "dangling_reference",
    "cycle",
]

_MOST_LISTED = 12
_MOST_CHARACTERS = 300


class Fault(Value):
    """One thing that is wrong with a plan."""

    kind: FaultKind
    step: str | None
    """The id of the step; None: it is the plan as a whole."""
    text: str
    """One line: what is wrong, with which value, and what to do."""


def check_plan(
    plan: Plan, tools: Sequence[ToolSpec], *, max_steps: int | None = None
) -> tuple[Fault, ...]:
    """Return every fault of a plan, in the order of its steps; nothing: it can run.

    Arguments are held against the JSON Schema of the tool, and a placeholder that stands alone fits
    everywhere. A plan of too many steps is not looked at any further. What a run does not tell is
    not checked: which tools write, and what is left of the budget.

    Example:
        >>> plan = Plan(steps=(Step(id="E1", tool="lend", arguments={"mark": "#E2"}),))
        >>> lend = ToolSpec(name="lend", description="Lend a book.", parameters={"type": "object"})
        >>> [fault.text for fault in check_plan(plan, [lend])]
        ['step E1 refers to E2, and there is no such step; the steps are: E1']
    """
    count = len(plan.steps)
    if not count:
        return (_fault("empty", None, "the plan has no steps: write at least one"),)
    if max_steps is not None and count > max_steps:
        text = f"the plan has {count} steps: write at most {max_steps}"
        return (_fault("too_many_steps", None, text),)
    known = {tool.name: tool for tool in tools}
    ids = dict.fromkeys(step.id for step in plan.steps)
    seen: set[str] = set()
    faults: list[Fault] = []
    for position, step in enumerate(plan.steps, start=1):
        faults += _of_id(step, position, seen)
        faults += _of_call(step, known)
        faults += _of_references(step, ids)
        seen.add(step.id)
    for group in plan.cycles():
        names = ", ".join(group)
        text = f"the steps {names} wait for each other: let one of them do without the others"
        faults.append(_fault("cycle", group[0], text))
    return tuple(faults)


def list_faults(faults: Sequence[Fault]) -> str:
    """Write the faults for the model, one a line; the rest of very many is counted."""
    lines = [f"- {fault.text}" for fault in faults[:_MOST_LISTED]]
    if len(faults) > _MOST_LISTED:
        lines.append(f"- and {len(faults) - _MOST_LISTED} more")
    return "\n".join(lines)


def _of_id(step: Step, position: int, seen: set[str]) -> Iterator[Fault]:
    if not STEP_ID.fullmatch(step.id):
        text = f"step {position} has the id {step.id!r:.50}: call it E{position}"
        yield _fault("bad_id", step.id, text)
    if step.id in seen:
        text = f"the id {step.id} is used again by step {position}: give each step its own"
        yield _fault("duplicate_id", step.id, text)


def _of_call(step: Step, known: Mapping[str, ToolSpec]) -> Iterator[Fault]:
    tool = known.get(step.tool)
    if tool is None:
        near = get_close_matches(step.tool[:80], known, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        text = f"step {step.id} calls {step.tool!r:.80}, which is no tool{hint}; the tools are: "
        yield _fault("unknown_tool", step.id, text + ", ".join(known))
        return
    for where, problem in misfits(step.arguments, tool.parameters):
        place = f"argument {where}" if where else "the arguments"
        text = f"step {step.id}, {step.tool}: {place} {problem}"
        yield _fault("bad_arguments", step.id, text)


def _of_references(step: Step, ids: Collection[str]) -> Iterator[Fault]:
    for target in step.needs:
        if target == step.id:
            text = f"step {step.id} refers to itself: refer to an earlier step, or to none"
            yield _fault("self_reference", step.id, text)
        elif target not in ids:
            text = f"step {step.id} refers to {target}, and there is no such step; the steps are: "
            listed = ", ".join(islice(ids, _MOST_LISTED))
            yield _fault("dangling_reference", step.id, text + listed)


def _fault(kind: FaultKind, step: str | None, text: str) -> Fault:
    line = " ".join(text.split())
    if len(line) > _MOST_CHARACTERS:
        line = f"{line[:_MOST_CHARACTERS]}…"
    return Fault(kind=kind, step=step, text=line)
