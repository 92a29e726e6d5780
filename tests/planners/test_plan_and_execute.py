from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from agentcore import (
    Abilities,
    Agent,
    AssistantMessage,
    ConfigurationError,
    LLMRequest,
    MemoryJournal,
    ToolError,
    ToolMessage,
    UserMessage,
    tool,
)
from agentcore.planners import PlanAndExecute
from agentcore.testing import FunctionLLM, Reply
from agentcore.values import JsonValue


@dataclass
class World:
    """A catalogue in which some things cannot be found."""

    asked: list[str] = field(default_factory=list[str])
    is_dead: bool = False

    @tool
    def look_up(self, name: str) -> str:
        """Look a thing up."""
        assert not self.is_dead, f"{name} was looked up again"
        self.asked.append(name)
        if name == "nothing":
            raise ToolError("there is no such thing")
        return f"<{name}>"


def step(number: int, name: str, expects: str = "a name") -> dict[str, JsonValue]:
    return {
        "id": f"E{number}",
        "expects": expects,
        "tool": "look_up",
        "arguments": {"name": name},
    }


def plan(*steps: dict[str, JsonValue]) -> str:
    return json.dumps({"steps": steps})


@dataclass
class Mind:
    """A model that is a function of what it reads."""

    plans: list[str]
    """The first one, the one instead of it, and the one instead of that where it is faulty."""
    surprises: tuple[str, ...] = ()
    """Results that are not what was expected."""

    def __call__(self, request: LLMRequest) -> Reply:
        last = str(request.messages[-1].content)
        if "Is it what was expected?" in last:
            result = str(request.messages[-2].content)
            is_bad = any(surprise in result for surprise in self.surprises)
            return json.dumps({"reason": "a page, no name", "as_expected": not is_bad})
        if "give your answer" in last:
            return "the answer"
        if last == "?":
            return self.plans[0]
        return self.plans[1 if "as far as it could be" in last else 2]


def make(world: World, llm: FunctionLLM, planner: PlanAndExecute | None = None) -> Agent[str]:
    return Agent(llm=llm, tools=[world.look_up], planner=planner or PlanAndExecute())


def last_of(request: LLMRequest) -> str:
    return str(request.messages[-1].content)


def replans(llm: FunctionLLM) -> list[LLMRequest]:
    return [request for request in llm.requests if "as far as it could be" in last_of(request)]


def verdicts(llm: FunctionLLM) -> list[LLMRequest]:
    return [request for request in llm.requests if "what was expected?" in last_of(request)]


async def test_a_plan_that_works_costs_a_verdict_on_each_result_that_others_need() -> None:
    world, llm = World(), FunctionLLM(Mind([plan(step(1, "a"), step(2, "of #E1"), step(3, "b"))]))

    result = await make(world, llm).run("?")

    assert (result.output, sorted(world.asked)) == ("the answer", ["a", "b", "of <a>"])
    assert len(llm.requests) == 3
    (asked,) = verdicts(llm)
    assert asked.output_schema is not None
    said, seen, question = asked.messages
    assert isinstance(said, AssistantMessage)
    assert said.tool_calls[0].arguments == '{"name": "a"}'
    assert seen == ToolMessage(tool_call_id="E1", name="look_up", content="<a>")
    assert "expected to give: a name" in str(question.content)


async def test_only_what_depends_on_a_failed_step_is_planned_anew() -> None:
    world = World()
    first = plan(step(1, "a"), step(2, "nothing"), step(3, "of #E2"), step(4, "by #E1"))
    llm = FunctionLLM(Mind([first, plan(step(5, "something"), step(6, "of #E5 and #E1"))]))

    result = await make(world, llm).run("?")

    assert sorted(world.asked) == ["a", "by <a>", "nothing", "of <something> and <a>", "something"]
    (asked,) = replans(llm)
    assert last_of(asked) == (
        "The plan was carried out as far as it could be; the results are above.\n"
        "- E2 failed\n"
        "- E3 was not done\n"
        "There are results of E1, E4: refer to them, and do not do these steps again.\n"
        "Plan what is to be done instead of E2, E3. Write new steps only, in the same form, with "
        'ids from E5 on. If nothing more can be done, write {"steps": []}.'
    )
    results = [message for message in result.messages if isinstance(message, ToolMessage)]
    assert [message.tool_call_id for message in results] == ["E1", "E2", "E3", "E4", "E5", "E6"]
    assert "There is no usable result" not in last_of(llm.requests[-1])


async def test_a_surprising_result_stops_what_needs_it_and_may_then_be_referred_to() -> None:
    world = World()
    first = plan(step(1, "a"), step(2, "of #E1"), step(3, "b"))
    mind = Mind([first, plan(step(4, "page 2 of #E1"))], surprises=("<a>",))
    llm = FunctionLLM(mind)

    await make(world, llm).run("?")

    assert sorted(world.asked) == ["a", "b", "page 2 of <a>"]
    (asked,) = replans(llm)
    assert "- E1 is not what was expected: a page, no name\n" in last_of(asked)
    assert "- E2 was not done\n" in last_of(asked)
    assert "There are results of E1, E3: " in last_of(asked)


async def test_new_steps_can_neither_take_the_id_of_a_lost_one_nor_refer_to_it() -> None:
    world = World()
    bad = plan(step(1, "again"), step(2, "of #E1"))
    llm = FunctionLLM(Mind([plan(step(1, "nothing")), bad, plan(step(3, "b"), step(4, "of #E3"))]))

    assert (await make(world, llm).run("?")).output == "the answer"

    told = [last_of(r) for r in llm.requests if "cannot be carried out" in last_of(r)]
    assert len(told) == 1
    assert "the id E1 was used in the plan before: give new steps new ids" in told[0]
    assert world.asked == ["nothing", "b", "of <b>"]


async def test_a_new_step_that_refers_to_a_lost_one_is_a_fault() -> None:
    llm = FunctionLLM(Mind([plan(step(1, "nothing")), plan(step(2, "of #E1")), plan(step(2, "b"))]))

    await make(World(), llm).run("?")

    (told,) = [last_of(r) for r in llm.requests if "cannot be carried out" in last_of(r)]
    assert "step E2 refers to E1, and there is no such step" in told


async def test_a_model_that_sees_no_other_way_answers_with_what_there_is() -> None:
    llm = FunctionLLM(Mind([plan(step(1, "nothing")), plan()]))

    assert (await make(World(), llm).run("?")).output == "the answer"

    assert len(llm.requests) == 3
    assert "There is no usable result of E1." in last_of(llm.requests[-1])


async def test_where_a_new_plan_stays_faulty_the_answer_is_given_from_what_there_is() -> None:
    faulty = plan(step(3, "of #E9"))
    llm = FunctionLLM(Mind([plan(step(1, "a"), step(2, "nothing")), faulty, faulty]))

    result = await make(World(), llm, PlanAndExecute(max_plans=2)).run("?")

    assert result.output == "the answer"
    assert len(llm.requests) == 4
    assert "There is no usable result of E2." in last_of(llm.requests[-1])


@pytest.mark.parametrize("most", [0, 1, 3])
async def test_a_plan_that_never_works_is_replanned_so_many_times(most: int) -> None:
    def reply(request: LLMRequest) -> Reply:
        last = last_of(request)
        if "give your answer" in last:
            return "I could not."
        number = 1 + sum(isinstance(message, AssistantMessage) for message in request.messages)
        return plan(step(number, "nothing"))

    world, llm = World(), FunctionLLM(reply, abilities=Abilities(tools=False, json_schema=False))

    result = await make(world, llm, PlanAndExecute(max_replans=most)).run("?")

    assert result.output == "I could not."
    assert world.asked == ["nothing"] * (1 + most)
    assert len(llm.requests) == 2 + most


async def test_a_verdict_that_cannot_be_read_is_no_objection() -> None:
    mind = Mind([plan(step(1, "a"), step(2, "of #E1"))])

    def reply(request: LLMRequest) -> Reply:
        return "Hm, maybe." if "what was expected?" in last_of(request) else mind(request)

    world = World()
    await make(world, FunctionLLM(reply)).run("?")

    assert world.asked == ["a", "of <a>"]


async def test_without_tools_the_model_is_asked_once() -> None:
    llm = FunctionLLM(lambda request: "hello")

    assert (await Agent(llm=llm, planner=PlanAndExecute()).run("hi")).output == "hello"
    assert llm.requests[0].messages == (UserMessage(content="hi"),)


def test_wrong_options_are_the_developers_mistake() -> None:
    with pytest.raises(ConfigurationError, match="max_replans is -1"):
        PlanAndExecute(max_replans=-1)
    with pytest.raises(ConfigurationError, match="max_steps is 0"):
        PlanAndExecute(max_steps=0)


async def test_every_prefix_of_a_journal_resumes_to_the_same_answer() -> None:
    first = plan(step(1, "a"), step(2, "nothing"), step(3, "of #E2"), step(4, "by #E1"))
    mind = Mind([first, plan(step(5, "b"), step(6, "of #E5 and #E1"))], surprises=("<a>",))
    journal, llm = MemoryJournal(), FunctionLLM(mind)
    done = await make(World(), llm).run("?", journal=journal)
    events, asked = journal.events(), len(llm.requests)

    for length in range(len(events) + 1):
        world, again = World(is_dead=length == len(events)), FunctionLLM(mind)
        result = await make(world, again).run("?", journal=MemoryJournal(events[:length]))

        assert (result.output, result.messages) == (done.output, done.messages)
        thoughts = [event.kind for event in events[:length]].count("thought")
        assert len(again.requests) == asked - thoughts
