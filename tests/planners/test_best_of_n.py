from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore import Agent, Budget, ConfigurationError, LLMRequest, OutputParseError
from agentcore.planners import BestOfN, Check, Critic, ToolCalling
from agentcore.testing import FunctionLLM, ScriptedLLM
from tests.planners.durability import check_durable

LENGTH = Check(lambda text: min(10, len(text)))


def best(*replies: str) -> Agent[str]:
    planner = BestOfN(ToolCalling(), judge=LENGTH, samples=len(replies))
    return Agent(llm=ScriptedLLM(*replies), planner=planner)


async def test_the_output_with_the_highest_score_wins() -> None:
    assert (await best("a", "abc", "ab").run("?")).output == "abc"


async def test_of_a_tie_the_output_sampled_first_wins() -> None:
    assert (await best("a", "bb", "cc").run("?")).output == "bb"


async def test_a_model_judges_outputs_that_differ_once() -> None:
    critic = FunctionLLM(
        lambda request: '{"score": 8}' if request.messages[-2].content == "b" else '{"score": 2}'
    )
    llm = ScriptedLLM("a", "A.", "b")
    planner = BestOfN(ToolCalling(), judge=Critic(critic), samples=3)

    result = await Agent(llm=llm, planner=planner).run("?")

    assert result.output == "b"
    assert sorted(str(it.messages[-2].content) for it in critic.requests) == ["a", "b"]


async def test_outputs_that_are_all_the_same_are_not_judged() -> None:
    planner = BestOfN(ToolCalling(), samples=3)

    result = await Agent(llm=ScriptedLLM("a", "a", "a."), planner=planner).run("?")

    assert (result.output, result.usage.steps) == ("a", 3)


async def test_an_output_without_a_verdict_comes_last() -> None:
    critic = FunctionLLM(
        lambda request: (
            "Fine!"
            if any(message.content == "a" for message in request.messages)
            else '{"score": 0}'
        )
    )
    planner = BestOfN(ToolCalling(), judge=Critic(critic), samples=2)

    assert (await Agent(llm=ScriptedLLM("a", "b"), planner=planner).run("?")).output == "b"


async def test_a_sample_without_a_valid_output_is_left_out() -> None:
    planner = BestOfN(ToolCalling(), judge=LENGTH, samples=2)
    agent = Agent[int](llm=ScriptedLLM("nothing", "4"), planner=planner, output_retries=0)

    assert (await agent.run("?")).output == 4


async def test_where_no_sample_is_valid_the_first_error_is_raised() -> None:
    planner = BestOfN(ToolCalling(), judge=LENGTH, samples=2)
    agent = Agent[int](llm=ScriptedLLM("x", "y"), planner=planner, output_retries=0)

    with pytest.raises(OutputParseError) as caught:
        await agent.run("?")

    assert caught.value.text == "x"


async def test_a_bound_returns_the_best_that_was_judged() -> None:
    llm = ScriptedLLM("a", "b", "c", '{"score": 1}', '{"score": 7}')

    result = await Agent(llm=llm, planner=BestOfN(ToolCalling(), samples=3)).run(
        "?", budget=Budget(max_steps=5)
    )

    assert (result.output, result.finish) == ("b", "steps")


async def test_samples_are_drawn_at_the_temperature_and_judged_at_the_agents() -> None:
    llm = ScriptedLLM("a", "b", '{"score": 1}', '{"score": 7}')

    await Agent(llm=llm, planner=BestOfN(ToolCalling(), samples=2, seed=3)).run("?")

    asked = [(it.sampling.temperature, it.sampling.seed) for it in llm.requests]
    assert asked == [(0.7, 3), (0.7, 4), (None, None), (None, None)]


@given(st.lists(st.text("abcde", min_size=1, max_size=9), min_size=1, max_size=6))
def test_the_first_of_the_highest_score_wins_for_any_samples(replies: list[str]) -> None:
    result = asyncio.run(best(*replies).run("?"))

    assert result.output == max(replies, key=len)


async def test_it_replays_with_a_dead_model_and_resumes_from_every_prefix() -> None:
    def reply(request: LLMRequest) -> str:
        if request.sampling.seed is not None:
            return "abc"[: request.sampling.seed]
        return f'{{"score": {len(str(request.messages[-2].content))}}}'

    assert await check_durable(BestOfN(ToolCalling(), samples=3, seed=1), reply) > 10


def test_no_samples_at_all_are_the_developers_mistake() -> None:
    with pytest.raises(ConfigurationError, match="samples is 0"):
        BestOfN(ToolCalling(), samples=0)
