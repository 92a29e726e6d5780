"""Plans that are right raise no alarm; plans that were spoilt in one way are caught in that way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from agentcore import Agent, ToolSpec, tool
from agentcore.planners import Fault, Plan, Step, check_plan
from agentcore.planners.plan_check import FaultKind, list_faults
from agentcore.testing import ScriptedLLM
from agentcore.values import JsonObject, JsonValue


class Book(BaseModel):
    mark: str
    pages: int = 0


@tool
def find(title: str, limit: int = 3, kind: Literal["novel", "poem"] = "novel") -> list[str]:
    """Find books."""
    return []


@tool
def lend(book: Book, days: float | None = None) -> str:
    """Lend a book."""
    return ""


@tool
def total(numbers: list[int], prices: dict[str, float], is_exact: bool) -> float:  # noqa: FBT001 - a model calls it by name
    """Add up."""
    return 0


def specs() -> tuple[ToolSpec, ...]:
    """The tools as a model is sent them."""
    llm = ScriptedLLM("done")
    Agent(llm=llm, tools=[find, lend, total]).run_sync("hi")
    return llm.requests[0].tools


TOOLS = specs()
REQUIRED = {"find": ("title",), "lend": ("book",), "total": ("numbers", "prices", "is_exact")}

words = st.sampled_from(["", "Dune", "a #b", "#E", "# E1", "#E00"])
integers = st.sampled_from([-5, 0, 7])
floats = st.sampled_from([-5.0, 0.5, 7])


@st.composite
def arguments(draw: st.DrawFn, name: str, earlier: list[str]) -> JsonObject:
    """Arguments that fit, with references to earlier steps in any place that may hold one."""

    def of(values: st.SearchStrategy[JsonValue]) -> JsonValue:
        if earlier and draw(st.integers(0, 2)) == 0:
            return f"#{draw(st.sampled_from(earlier))}"
        return draw(values)

    if name == "find":
        made: JsonObject = {"title": of(words), "limit": of(integers)}
        made["kind"] = of(st.sampled_from(["novel", "poem"]))
    elif name == "lend":
        book: JsonValue = {"mark": of(words), "pages": of(integers)}
        made = {"book": of(st.just(book)), "days": of(st.none() | floats)}
    else:
        made = {"numbers": [of(integers), of(integers)], "is_exact": of(st.booleans())}
        made["prices"] = {"a": of(floats)}
    optional = [key for key in made if key not in REQUIRED[name]]
    for key in optional:
        if draw(st.booleans()):
            del made[key]
    return made


@st.composite
def plans(draw: st.DrawFn, most: int = 4) -> Plan:
    """Plans without fault, in any order."""
    steps: list[Step] = []
    for number in range(1, draw(st.integers(1, most)) + 1):
        earlier = [step.id for step in steps]
        name = draw(st.sampled_from(sorted(REQUIRED)))
        after = draw(st.sampled_from([(), *((id_,) for id_ in earlier)]))
        made = draw(arguments(name, earlier))
        steps.append(Step(id=f"E{number}", tool=name, arguments=made, after=after))
    return Plan(steps=tuple(draw(st.permutations(steps))))


Spoil: TypeAlias = Callable[[Plan, int, st.DrawFn], Plan]


def changed(plan: Plan, index: int, **update: object) -> Plan:
    steps = list(plan.steps)
    steps[index] = steps[index].model_copy(update=update)
    return Plan(steps=tuple(steps))


def with_arguments(plan: Plan, index: int, **extra: JsonValue) -> Plan:
    return changed(plan, index, arguments={**plan.steps[index].arguments, **extra})


def unknown_tool(plan: Plan, index: int, draw: st.DrawFn) -> Plan:
    return changed(plan, index, tool=draw(st.sampled_from(["fnd", "", "Lend", "total "])))


def missing_argument(plan: Plan, index: int, draw: st.DrawFn) -> Plan:
    step = plan.steps[index]
    gone = draw(st.sampled_from(REQUIRED[step.tool]))
    kept = {name: value for name, value in step.arguments.items() if name != gone}
    return changed(plan, index, arguments=kept)


def unknown_argument(plan: Plan, index: int, draw: st.DrawFn) -> Plan:
    return with_arguments(plan, index, colour=draw(words))


def bad_argument(plan: Plan, index: int, draw: st.DrawFn) -> Plan:
    bad: dict[str, list[tuple[str, JsonValue]]] = {
        "find": [
            ("title", 3),
            ("title", None),
            ("limit", "all"),
            ("limit", 1.5),
            ("kind", "Novel"),
        ],
        "lend": [("book", "Dune"), ("book", {}), ("book", {"mark": 1}), ("days", "soon")],
        "total": [("numbers", [1, "b"]), ("numbers", 1), ("prices", {"a": "x"}), ("is_exact", 1)],
    }
    name, value = draw(st.sampled_from(bad[plan.steps[index].tool]))
    return with_arguments(plan, index, **{name: value})


def self_reference(plan: Plan, index: int, draw: st.DrawFn) -> Plan:
    own = plan.steps[index].id
    if draw(st.booleans()):
        return changed(plan, index, after=(own,))
    key = {"find": "title", "lend": "days", "total": "numbers"}[plan.steps[index].tool]
    return with_arguments(plan, index, **{key: f"#{own}"})


def dangling_reference(plan: Plan, index: int, draw: st.DrawFn) -> Plan:
    if draw(st.booleans()):
        return changed(plan, index, after=("E77",))
    key = {"find": "title", "lend": "days", "total": "numbers"}[plan.steps[index].tool]
    return with_arguments(plan, index, **{key: draw(st.sampled_from(["#E77", {"$ref": "step-1"}]))})


def cycle(plan: Plan, index: int, draw: st.DrawFn) -> Plan:
    one = Step(id="E90", tool="find", arguments={"title": "of #E91"})
    two = Step(id="E91", tool="find", arguments={"title": "a"}, after=("E92",))
    three = Step(id="E92", tool="lend", arguments={"book": "#E90"})
    return Plan(steps=tuple(draw(st.permutations([*plan.steps, one, two, three]))))


def duplicate_id(plan: Plan, index: int, draw: st.DrawFn) -> Plan:
    again = Step(id=plan.steps[index].id, tool="find", arguments={"title": draw(words)})
    return Plan(steps=(*plan.steps, again))


def bad_id(plan: Plan, index: int, draw: st.DrawFn) -> Plan:
    return changed(
        plan, index, id=draw(st.sampled_from(["", "step/1", "E0", "E1\n", "e1", "E\u0661"]))
    )


def empty(plan: Plan, index: int, draw: st.DrawFn) -> Plan:
    return Plan(steps=())


def too_many_steps(plan: Plan, index: int, draw: st.DrawFn) -> Plan:
    return Plan(steps=plan.steps * 20)


SPOILERS: dict[Spoil, FaultKind] = {
    unknown_tool: "unknown_tool",
    missing_argument: "bad_arguments",
    unknown_argument: "bad_arguments",
    bad_argument: "bad_arguments",
    self_reference: "self_reference",
    dangling_reference: "dangling_reference",
    cycle: "cycle",
    duplicate_id: "duplicate_id",
    bad_id: "bad_id",
    empty: "empty",
    too_many_steps: "too_many_steps",
}
"""Ways to spoil a plan, and what each is to be called."""


@settings(max_examples=500)
@given(plans())
def test_a_plan_without_fault_raises_no_alarm(plan: Plan) -> None:
    assert check_plan(plan, TOOLS, max_steps=9) == ()
    assert {step.id for step in plan.in_order()} == {step.id for step in plan.steps}


@settings(max_examples=500)
@given(plans(), st.sampled_from(list(SPOILERS)), st.data())
def test_a_plan_that_was_spoilt_is_caught_as_what_it_is(
    plan: Plan, spoil: Spoil, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(plan.steps) - 1))

    spoilt = spoil(plan, index, data.draw)

    faults = check_plan(spoilt, TOOLS, max_steps=9)
    found = [fault for fault in faults if fault.kind == SPOILERS[spoil]]
    assert found
    if spoil in {unknown_tool, missing_argument, unknown_argument, bad_argument, self_reference}:
        assert [fault.step for fault in found] == [plan.steps[index].id] * len(found)
        assert {fault.kind for fault in faults} == {SPOILERS[spoil]}
    assert all("\n" not in fault.text for fault in faults)


def one(arguments: JsonObject, name: str = "find", **fields: object) -> str:
    step = Step(id="E1", tool=name, arguments=arguments).model_copy(update=fields)
    return list_faults(check_plan(Plan(steps=(step,)), TOOLS))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            one({"title": "a"}, "fnd"),
            "- step E1 calls 'fnd', which is no tool (did you mean find?); the tools are: "
            + ", ".join(tool.name for tool in TOOLS),
        ),
        (one({}), "- step E1, find: argument title is missing"),
        (
            one({"title": "a", "limit": "all"}),
            '- step E1, find: argument limit must be integer, and is "all"',
        ),
        (
            one({"title": "#E1"}),
            "- step E1 refers to itself: refer to an earlier step, or to none",
        ),
        (
            one({"title": "#E4"}),
            "- step E1 refers to E4, and there is no such step; the steps are: E1",
        ),
        (one({"title": "a"}, id="one"), "- step 1 has the id 'one': call it E1"),
    ],
)
def test_a_fault_says_which_step_what_and_what_to_do(told: str, expected: str) -> None:
    assert told == expected


def test_ten_thousand_steps_are_one_fault_and_so_are_few_of_many_shown() -> None:
    plan = Plan(
        steps=tuple(
            Step(id=f"E{n}", tool="fly", arguments={"x": f"#E{n - 1}"}) for n in range(1, 10_000)
        )
    )

    (fault,) = check_plan(plan, TOOLS, max_steps=12)
    many = check_plan(plan, TOOLS)

    assert fault == Fault(
        kind="too_many_steps", step=None, text="the plan has 9999 steps: write at most 12"
    )
    assert list_faults(many).splitlines()[-1] == f"- and {len(many) - 12} more"
