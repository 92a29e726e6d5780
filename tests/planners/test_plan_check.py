"""Plans that are right raise no alarm; plans that were spoilt in one way are caught in that way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
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

WORDS = ["", "Dune", "a #b", "#E", "# E1", "#E00"]
INTEGERS = [-5, 0, 7]
FLOATS = [-5.0, 0.5, 7]
BOOKS: list[JsonValue] = [{"mark": "B 12", "pages": 7}, {"mark": ""}]


def arguments(rng: Random, name: str, earlier: list[str]) -> JsonObject:
    """Arguments that fit, with references to earlier steps in any place that may hold one."""

    def of(values: Sequence[JsonValue]) -> JsonValue:
        if earlier and rng.random() < 1 / 3:
            return f"#{rng.choice(earlier)}"
        return rng.choice(values)

    made: dict[str, JsonObject] = {
        "find": {"title": of(WORDS), "limit": of(INTEGERS), "kind": of(["novel", "poem"])},
        "lend": {"book": of(BOOKS), "days": of([None, *FLOATS])},
        "total": {
            "numbers": [of(INTEGERS), of(INTEGERS)],
            "prices": {"a": of(FLOATS)},
            "is_exact": of([True, False]),
        },
    }
    required = REQUIRED[name]
    return {
        key: value for key, value in made[name].items() if key in required or rng.random() < 1 / 2
    }


def valid_plan(rng: Random) -> Plan:
    """A plan without fault, its steps in any order."""
    steps: list[Step] = []
    for number in range(1, rng.randint(1, 6) + 1):
        earlier = [step.id for step in steps]
        name = rng.choice(sorted(REQUIRED))
        after = tuple(rng.sample(earlier, k=min(len(earlier), rng.randint(0, 1))))
        made = arguments(rng, name, earlier)
        steps.append(Step(id=f"E{number}", tool=name, arguments=made, after=after))
    return Plan(steps=tuple(rng.sample(steps, k=len(steps))))


Spoil: TypeAlias = Callable[[Plan, int, Random], Plan]


def changed(plan: Plan, index: int, **update: object) -> Plan:
    steps = list(plan.steps)
    steps[index] = steps[index].model_copy(update=update)
    return Plan(steps=tuple(steps))


def with_arguments(plan: Plan, index: int, **extra: JsonValue) -> Plan:
    return changed(plan, index, arguments={**plan.steps[index].arguments, **extra})


def unknown_tool(plan: Plan, index: int, rng: Random) -> Plan:
    return changed(plan, index, tool=rng.choice(["fnd", "", "Lend", "total "]))


def missing_argument(plan: Plan, index: int, rng: Random) -> Plan:
    step = plan.steps[index]
    gone = rng.choice(REQUIRED[step.tool])
    kept = {name: value for name, value in step.arguments.items() if name != gone}
    return changed(plan, index, arguments=kept)


def unknown_argument(plan: Plan, index: int, rng: Random) -> Plan:
    return with_arguments(plan, index, colour=rng.choice(WORDS))


def bad_argument(plan: Plan, index: int, rng: Random) -> Plan:
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
    name, value = rng.choice(bad[plan.steps[index].tool])
    return with_arguments(plan, index, **{name: value})


def self_reference(plan: Plan, index: int, rng: Random) -> Plan:
    own = plan.steps[index].id
    if rng.random() < 1 / 2:
        return changed(plan, index, after=(own,))
    key = {"find": "title", "lend": "days", "total": "numbers"}[plan.steps[index].tool]
    return with_arguments(plan, index, **{key: f"#{own}"})


DANGLING: list[JsonValue] = ["#E77", {"$ref": "step-1"}]


def dangling_reference(plan: Plan, index: int, rng: Random) -> Plan:
    if rng.random() < 1 / 2:
        return changed(plan, index, after=("E77",))
    key = {"find": "title", "lend": "days", "total": "numbers"}[plan.steps[index].tool]
    return with_arguments(plan, index, **{key: rng.choice(DANGLING)})


def cycle(plan: Plan, index: int, rng: Random) -> Plan:
    one = Step(id="E90", tool="find", arguments={"title": "of #E91"})
    two = Step(id="E91", tool="find", arguments={"title": "a"}, after=("E92",))
    three = Step(id="E92", tool="lend", arguments={"book": "#E90"})
    return Plan(steps=tuple(rng.sample([*plan.steps, one, two, three], k=len(plan.steps) + 3)))


def duplicate_id(plan: Plan, index: int, rng: Random) -> Plan:
    again = Step(id=plan.steps[index].id, tool="find", arguments={"title": rng.choice(WORDS)})
    return Plan(steps=(*plan.steps, again))


def bad_id(plan: Plan, index: int, rng: Random) -> Plan:
    return changed(plan, index, id=rng.choice(["", "step/1", "E0", "E1\n", "e1", "E\u0661"]))


def empty(plan: Plan, index: int, rng: Random) -> Plan:
    return Plan(steps=())


def too_many_steps(plan: Plan, index: int, rng: Random) -> Plan:
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
@given(st.integers(0, 2**32))
def test_a_plan_without_fault_raises_no_alarm(seed: int) -> None:
    plan = valid_plan(Random(seed))  # noqa: S311 - draws a plan, no secret

    assert check_plan(plan, TOOLS, max_steps=9) == ()
    assert {step.id for step in plan.in_order()} == {step.id for step in plan.steps}


@settings(max_examples=500)
@given(st.integers(0, 2**32), st.sampled_from(list(SPOILERS)))
def test_a_plan_that_was_spoilt_is_caught_as_what_it_is(seed: int, spoil: Spoil) -> None:
    rng = Random(seed)  # noqa: S311 - draws a plan, no secret
    plan = valid_plan(rng)
    index = rng.randrange(len(plan.steps))

    spoilt = spoil(plan, index, rng)

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


def test_thousands_of_steps_are_one_fault_and_so_are_few_of_many_shown() -> None:
    plan = Plan(
        steps=tuple(
            Step(id=f"E{n}", tool="fly", arguments={"x": f"#E{n - 1}"}) for n in range(1, 3_001)
        )
    )

    (fault,) = check_plan(plan, TOOLS, max_steps=12)
    many = check_plan(plan, TOOLS)

    assert fault == Fault(
        kind="too_many_steps", step=None, text="the plan has 3000 steps: write at most 12"
    )
    assert list_faults(many).splitlines()[-1] == f"- and {len(many) - 12} more"
