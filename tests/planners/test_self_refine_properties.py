from __future__ import annotations

import asyncio
import json

from hypothesis import given
from hypothesis import strategies as st

from agentcore import Agent, Budget, LLMRequest
from agentcore.planners import Check, SelfRefine, ToolCalling
from agentcore.testing import ScriptedLLM
from tests.planners.durability import check_durable


def verdict(score: float, *problems: str) -> str:
    return json.dumps({"problems": problems, "score": score})


def texts(request: LLMRequest) -> list[str]:
    return [str(message.content) for message in request.messages]


@given(
    st.lists(st.integers(0, 10), min_size=9, max_size=9),
    st.integers(0, 8),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.5, 2.0]),
)
def test_no_draft_is_returned_that_was_scored_lower_than_an_earlier_one(
    scores: list[int], max_rounds: int, patience: int, min_gain: float
) -> None:
    planner = SelfRefine(
        ToolCalling(),
        judge=Check(lambda text: scores[int(text.split()[1])]),
        max_rounds=max_rounds,
        patience=patience,
        min_gain=min_gain,
    )
    llm = ScriptedLLM(*(f"draft {number}" for number in range(9)))

    result = asyncio.run(Agent(llm=llm, planner=planner).run("?"))

    judged = scores[: len(llm.requests)]
    assert len(llm.requests) <= max_rounds + 1
    assert scores[int(result.output.split()[1])] == max(judged)


@given(st.lists(st.integers(0, 10), min_size=5, max_size=5), st.integers(1, 9))
def test_a_bound_at_any_step_returns_the_best_draft_so_far(scores: list[int], steps: int) -> None:
    replies = [
        reply
        for number, score in enumerate(scores)
        for reply in (f"draft {number}", verdict(score))
    ]
    planner = SelfRefine(ToolCalling(), patience=9)

    result = asyncio.run(
        Agent(llm=ScriptedLLM(*replies), planner=planner).run("?", budget=Budget(max_steps=steps))
    )

    judged = scores[: max(1, result.usage.steps // 2)]
    assert scores[int(result.output.split()[1])] == max(judged)


async def test_it_replays_with_a_dead_model_and_resumes_from_every_prefix() -> None:
    def reply(request: LLMRequest) -> str:
        last = texts(request)[-1]
        if "Judge the last answer" in last:
            return verdict(len(texts(request)[-2].split()), "too short")
        return "word " if len(request.messages) == 1 else texts(request)[-2] + "word "

    assert await check_durable(SelfRefine(ToolCalling()), reply) > 15
