from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore import Abilities, Agent, ConfigurationError, LLMRequest, OutputParseError, TextDelta
from agentcore.planners import Check, Critic, SelfRefine, ToolCalling, Verdict
from agentcore.planners.critic import read_verdict
from agentcore.testing import FunctionLLM, ScriptedLLM


def verdict(score: float) -> str:
    return json.dumps({"problems": [], "score": score})


def refine(llm: FunctionLLM, planner: SelfRefine) -> Agent[str]:
    return Agent(llm=llm, planner=planner)


def texts(request: LLMRequest) -> list[str]:
    return [str(message.content) for message in request.messages]


async def test_a_verdict_that_cannot_be_read_is_asked_for_once_more() -> None:
    critic = ScriptedLLM(verdict(85), verdict(9))
    agent = refine(ScriptedLLM("draft 0"), SelfRefine(ToolCalling(), judge=Critic(critic)))

    assert (await agent.run("?")).output == "draft 0"
    assert "must be a number from 0 to 10" in texts(critic.requests[1])[-1]


async def test_criteria_are_told_to_the_critic() -> None:
    llm = ScriptedLLM("draft 0", verdict(9))

    await refine(llm, SelfRefine(ToolCalling(), judge=Critic(criteria="No adverbs."))).run("?")

    assert "What counts: No adverbs." in texts(llm.requests[1])[-1]


async def test_the_critic_is_not_streamed_as_if_it_were_the_answer() -> None:
    llm = ScriptedLLM("draft", verdict(9))
    items = [item async for item in refine(llm, SelfRefine(ToolCalling())).stream("?")]

    assert "".join(item.text for item in items if isinstance(item, TextDelta)) == "draft"


@pytest.mark.parametrize("score", [11, -1, float("nan")])
async def test_a_check_that_is_out_of_range_is_the_developers_mistake(score: float) -> None:
    agent = refine(ScriptedLLM("a"), SelfRefine(ToolCalling(), judge=Check(lambda _: score)))

    with pytest.raises(ConfigurationError, match="0 to 10"):
        await agent.run("?")


async def test_a_check_may_name_problems() -> None:
    check = Check(lambda text: Verdict(score=1, problems=("add a source",)))
    llm = ScriptedLLM("a", "b")

    await refine(llm, SelfRefine(ToolCalling(), judge=check)).run("?")

    assert "- add a source" in texts(llm.requests[1])[-1]


async def test_a_critic_without_schemas_is_asked_in_words() -> None:
    critic = ScriptedLLM(
        "<think>hm {1}</think>" + verdict(9), abilities=Abilities(json_schema=False)
    )

    await refine(ScriptedLLM("a"), SelfRefine(ToolCalling(), judge=Critic(critic))).run("?")

    assert critic.requests[0].output_schema is None


async def test_a_prompt_of_your_own_asks_for_the_verdict() -> None:
    critic = ScriptedLLM(verdict(9))
    judge = Critic(critic, criteria="taste", prompt="Score it by {{ criteria }}.")

    await refine(ScriptedLLM("a"), SelfRefine(ToolCalling(), judge=judge)).run("?")

    assert texts(critic.requests[0])[-1] == "Score it by taste."


@given(st.text(), st.floats(-5, 15), st.lists(st.text(min_size=1), max_size=3))
def test_what_is_read_is_what_was_written_or_is_refused(
    before: str, score: float, problems: list[str]
) -> None:
    written = json.dumps({"score": score, "problems": problems})

    try:
        found = read_verdict(before.replace("{", "").replace("[", "") + written)
    except OutputParseError:
        assert not 0 <= score <= 10 or before
    else:
        assert found == Verdict(score=score, problems=tuple(it for it in problems if it.strip()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8",
        "[8]",
        "{}",
        '{"score": null}',
        '{"score": true}',
        '{"score": "high"}',
        '{"score": NaN}',
    ],
)
def test_what_holds_no_score_is_no_verdict(text: str) -> None:
    with pytest.raises(OutputParseError):
        read_verdict(text)
