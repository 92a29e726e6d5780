from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from agentcore import (
    Agent,
    Budget,
    ConfigurationError,
    LLMRequest,
    OutputParseError,
    Sampling,
    StepLimitError,
    tool,
)
from agentcore.planners import ReAct, SelfConsistency, ToolCalling
from agentcore.planners.samples import ballot_of
from agentcore.testing import FunctionLLM, ScriptedLLM, call
from tests.planners.durability import check_durable


class Book(BaseModel):
    title: str
    pages: float = 100
    tags: list[str] = []


def vote(*replies: str, samples: int | None = None) -> Agent[str]:
    planner = SelfConsistency(ToolCalling(), samples=samples or len(replies))
    return Agent(llm=ScriptedLLM(*replies), planner=planner)


async def test_the_most_frequent_output_wins_as_it_was_written_first() -> None:
    assert (await vote("Lyon", "Paris.", "paris").run("?")).output == "Paris."


async def test_of_a_tie_the_output_sampled_first_wins() -> None:
    assert (await vote("b", "a", "a", "b").run("?")).output == "b"


async def test_no_more_is_sampled_once_the_majority_is_certain() -> None:
    result = await vote("a", "a", "a", samples=5).run("?")

    assert (result.output, result.usage.steps) == ("a", 3)


async def test_each_sample_is_drawn_at_the_temperature_with_a_seed_of_its_own() -> None:
    llm = FunctionLLM(lambda request: f"{request.sampling.seed}")
    planner = SelfConsistency(ToolCalling(), samples=3, temperature=0.5, seed=7)

    await Agent(llm=llm, planner=planner, sampling=Sampling(max_tokens=9, seed=1)).run("?")

    assert sorted(request.sampling.seed or 0 for request in llm.requests) == [7, 8, 9]
    assert {(it.sampling.temperature, it.sampling.max_tokens) for it in llm.requests} == {(0.5, 9)}


async def test_a_correction_is_drawn_like_its_sample() -> None:
    llm = ScriptedLLM("none", '{"value": 4}')
    planner = SelfConsistency(ToolCalling(), samples=1, temperature=0.5)

    await Agent[int](llm=llm, planner=planner).run("?")

    assert [request.sampling.temperature for request in llm.requests] == [0.5, 0.5]


async def test_without_a_temperature_the_sampling_is_the_agents() -> None:
    llm = ScriptedLLM("a")
    planner = SelfConsistency(ToolCalling(), samples=1, temperature=None)

    await Agent(llm=llm, planner=planner, sampling=Sampling(temperature=0.2)).run("?")

    assert llm.requests[0].sampling == Sampling(temperature=0.2)


async def test_typed_outputs_are_counted_by_value() -> None:
    llm = ScriptedLLM(
        '{"title": "Emma"}',
        '{"title": "Dune", "pages": 100.0}',
        'Here: {"tags": [], "pages": 100, "title": "Dune"}',
    )
    planner = SelfConsistency(ToolCalling(), samples=3)

    result = await Agent[Book](llm=llm, planner=planner).run("?")

    assert result.output == Book(title="Dune")


async def test_a_wrapped_value_is_the_same_without_its_wrapping() -> None:
    planner = SelfConsistency(ToolCalling(), samples=3)
    llm = ScriptedLLM("3", "4", '{"value": 4.0}')

    assert (await Agent[float](llm=llm, planner=planner).run("?")).output == 4


async def test_plain_outputs_can_be_normalised() -> None:
    llm = ScriptedLLM("I say 7", "3 * 4 is 12", "makes 12")
    planner = SelfConsistency(ToolCalling(), samples=3, normalise=lambda text: text.split()[-1])

    assert (await Agent(llm=llm, planner=planner).run("?")).output == "3 * 4 is 12"


async def test_a_sample_without_a_valid_output_does_not_vote() -> None:
    llm = ScriptedLLM("none", "4", "nothing", "4")
    planner = SelfConsistency(ToolCalling(), samples=4)

    assert (await Agent[int](llm=llm, planner=planner, output_retries=0).run("?")).output == 4


async def test_where_no_sample_is_valid_the_first_error_is_raised() -> None:
    planner = SelfConsistency(ToolCalling(), samples=2)
    agent = Agent[int](llm=ScriptedLLM("x", "y"), planner=planner, output_retries=0)

    with pytest.raises(OutputParseError) as caught:
        await agent.run("?")

    assert caught.value.text == "x"


async def test_a_sample_that_comes_to_no_end_does_not_vote() -> None:
    @tool
    def look() -> str:
        """Look."""
        return "seen"

    llm = ScriptedLLM(call("look"), "4")
    planner = SelfConsistency(ToolCalling(max_steps=1), samples=2)

    assert (await Agent(llm=llm, tools=[look], planner=planner).run("?")).output == "4"


async def test_a_bound_returns_the_leading_output_of_the_waves_before() -> None:
    agent = vote("a", "b", "b", "a", samples=5)

    result = await agent.run("?", budget=Budget(max_steps=3))

    assert (result.output, result.finish) == ("b", "steps")


async def test_a_bound_in_the_first_wave_returns_an_output_that_came() -> None:
    result = await vote("a", "a", samples=5).run("?", budget=Budget(max_steps=2))

    assert (result.output, result.finish) == ("a", "steps")


async def test_the_budget_is_not_taken_for_a_sample_that_failed() -> None:
    with pytest.raises(StepLimitError):
        await vote("a", samples=3).run("?", budget=Budget(max_steps=1, at_limit="raise"))


async def test_samples_use_tools_beside_each_other() -> None:
    @tool
    def look() -> str:
        """Look."""
        return "seen"

    llm = FunctionLLM(
        lambda request: (
            '{"action": "final_answer", "answer": "rain"}'
            if "seen" in str(request.messages[-1].content)
            else '{"action": "look", "arguments": {}}'
        )
    )
    planner = SelfConsistency(ReAct(thoughts=False), samples=3)

    result = await Agent(llm=llm, tools=[look], planner=planner).run("?")

    assert (result.output, result.usage.tool_calls) == ("rain", 2)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=9))
def test_stopping_early_never_changes_the_winner(replies: list[str]) -> None:
    result = asyncio.run(vote(*replies).run("?"))

    assert result.output == max(replies, key=Counter(replies).__getitem__)
    assert result.usage.steps <= len(replies)


async def test_it_replays_with_a_dead_model_and_resumes_from_every_prefix() -> None:
    def reply(request: LLMRequest) -> str:
        return "ab"[(request.sampling.seed or 0) % 2]

    planner = SelfConsistency(ToolCalling(), samples=5, seed=0)

    assert await check_durable(planner, reply) > 12


def test_no_samples_at_all_are_the_developers_mistake() -> None:
    with pytest.raises(ConfigurationError, match="samples is 0"):
        SelfConsistency(ToolCalling(), samples=0)


def test_what_is_no_object_has_a_ballot_too() -> None:
    assert ballot_of("[1, 2.0]", {}) == ballot_of("[1.0, 2]", {})
    assert ballot_of('{"a": "1"}', {}) != ballot_of('{"a": 1}', {})
