from __future__ import annotations

import json
import re

import pytest

from agentcore import Agent, AssistantMessage, Budget, ConfigurationError, LLMRequest, UserMessage
from agentcore.planners import Check, TreeSearch
from agentcore.testing import FunctionLLM, ScriptedLLM
from tests.planners.durability import check_durable


def steps(*texts: str) -> str:
    return json.dumps({"steps": texts})


def last(request: LLMRequest) -> str:
    return str(request.messages[-1].content)


def so_far(request: LLMRequest) -> list[str]:
    """The steps that a request shows."""
    return re.findall(r"^\d+\. (.*)$", last(request), re.MULTILINE)


def walker(request: LLMRequest) -> str:
    """Proposes digits, and answers with those that it has."""
    if "Propose" in last(request):
        return steps("1", "5", "3")
    return "".join(so_far(request))


HIGHEST = Check(lambda text: sum(map(int, text.split())) / 10)


async def test_the_best_line_is_what_the_answer_is_built_on() -> None:
    llm = FunctionLLM(walker)

    result = await Agent(llm=llm, planner=TreeSearch(judge=HIGHEST, depth=3)).run("?")

    assert result.output == "555"
    assert result.messages == (UserMessage(content="?"), AssistantMessage(content="555"))


async def test_no_more_lines_are_followed_than_the_beam() -> None:
    llm = FunctionLLM(walker)

    result = await Agent(llm=llm, planner=TreeSearch(judge=HIGHEST, beam=2, depth=3)).run("?")

    assert [so_far(request) for request in llm.requests] == [
        [], ["5"], ["3"], ["5", "5"], ["5", "3"], ["5", "5", "5"],
    ]  # fmt: skip
    assert result.usage.steps == 6


async def test_a_step_that_looks_worse_at_first_can_win_within_the_beam() -> None:
    value = {"a": 8, "b": 5, "a\nx": 2, "b\nx": 9}
    llm = ScriptedLLM(steps("a", "b"), steps("x"), steps("x"), "answer")
    planner = TreeSearch(judge=Check(lambda text: value[text]), depth=2)

    await Agent(llm=llm, planner=planner).run("?")

    assert so_far(llm.requests[-1]) == ["b", "x"]


async def test_a_line_without_a_next_step_is_done_and_keeps_its_score() -> None:
    llm = ScriptedLLM(steps("good", "bad"), steps(), steps("worse"), "answer")
    planner = TreeSearch(judge=Check(lambda text: 9 if text == "good" else 1), depth=2)

    await Agent(llm=llm, planner=planner).run("?")

    assert so_far(llm.requests[-1]) == ["good"]


async def test_the_model_judges_lines_by_default() -> None:
    llm = ScriptedLLM(steps("a", "b"), '{"score": 2}', '{"score": 8}', "answer")

    result = await Agent(llm=llm, planner=TreeSearch(depth=1)).run("?")

    assert result.output == "answer"
    assert so_far(llm.requests[-1]) == ["b"]
    assert "unfinished" in last(llm.requests[1])


@pytest.mark.parametrize("reply", ["no idea", '{"steps": 3}', '{"steps": [1, ""]}', "{}"])
async def test_a_model_that_proposes_nothing_answers_at_once(reply: str) -> None:
    llm = ScriptedLLM(reply, "answer")

    assert (await Agent(llm=llm, planner=TreeSearch()).run("?")).output == "answer"
    assert so_far(llm.requests[-1]) == []


async def test_more_steps_than_the_breadth_are_not_looked_at() -> None:
    llm = ScriptedLLM(steps(*"1234567"), "answer")
    judged: list[str] = []
    planner = TreeSearch(judge=Check(lambda text: judged.append(text) or 1), breadth=2, depth=1)

    await Agent(llm=llm, planner=planner).run("?")

    assert judged == ["1", "2"]


async def test_a_typed_output_is_asked_for_under_its_schema() -> None:
    llm = ScriptedLLM(steps("a"), "none", '{"value": 4}')
    planner = TreeSearch(judge=Check(lambda _: 1), depth=1)

    assert (await Agent[int](llm=llm, planner=planner).run("?")).output == 4
    assert llm.requests[-1].output_schema is not None


async def test_it_costs_no_more_calls_than_it_says() -> None:
    result = await Agent(
        llm=FunctionLLM(
            lambda request: (
                '{"score": 5}'
                if "Judge" in last(request)
                else steps(*(f"{len(so_far(request))}{letter}" for letter in "abc"))
            )
        ),
        planner=TreeSearch(),
        budget=Budget(max_steps=21),
    ).run("?")

    assert result.usage.steps == 21


async def test_it_replays_with_a_dead_model_and_resumes_from_every_prefix() -> None:
    planner = TreeSearch(judge=HIGHEST, depth=2, beam=2)

    assert await check_durable(planner, walker) > 5


@pytest.mark.parametrize(("breadth", "beam", "depth"), [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_an_empty_tree_is_the_developers_mistake(breadth: int, beam: int, depth: int) -> None:
    with pytest.raises(ConfigurationError, match="at least 1"):
        TreeSearch(breadth=breadth, beam=beam, depth=depth)
