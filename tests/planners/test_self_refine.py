from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from agentcore import (
    Agent,
    AssistantMessage,
    Budget,
    ConfigurationError,
    LLMRequest,
    StepLimitError,
    ToolMessage,
    UserMessage,
    tool,
)
from agentcore.planners import Check, Critic, ReAct, SelfRefine, ToolCalling
from agentcore.planners.self_refine import is_nearly_same
from agentcore.testing import FunctionLLM, ScriptedLLM, call


def verdict(score: float, *problems: str) -> str:
    return json.dumps({"problems": problems, "score": score})


def scored(scores: Sequence[float]) -> Check:
    """Scores `draft 3` as the third of the scores."""
    return Check(lambda text: scores[int(text.split()[1])])


def refine(llm: FunctionLLM, planner: SelfRefine) -> Agent[str]:
    return Agent(llm=llm, planner=planner)


def texts(request: LLMRequest) -> list[str]:
    return [str(message.content) for message in request.messages]


async def test_the_model_is_sent_its_draft_and_the_problems() -> None:
    llm = ScriptedLLM("It is Lyon.", "It is Paris.")
    critic = ScriptedLLM(verdict(3, "Lyon is not the capital"), verdict(9))

    result = await refine(llm, SelfRefine(ToolCalling(), judge=Critic(critic))).run("Capital?")

    assert result.output == "It is Paris."
    question, draft, remark = texts(llm.requests[1])
    assert (question, draft) == ("Capital?", "It is Lyon.")
    assert "- Lyon is not the capital" in remark
    assert texts(critic.requests[1])[:2] == ["Capital?", "It is Paris."]
    assert critic.requests[0].output_schema is not None


async def test_the_conversation_is_as_if_the_best_draft_had_been_the_first() -> None:
    llm = ScriptedLLM("a b", verdict(3), "a c", verdict(10))

    result = await refine(llm, SelfRefine(ToolCalling())).run("?")

    assert result.messages == (UserMessage(content="?"), AssistantMessage(content="a c"))


async def test_a_worse_revision_is_not_returned_and_the_next_is_told_of_it() -> None:
    replies = ["draft 0", verdict(5, "thin"), "draft 1", verdict(4, "wrong"), "draft 2", verdict(9)]
    llm = ScriptedLLM(*replies)

    result = await refine(llm, SelfRefine(ToolCalling(), patience=2)).run("?")

    assert result.output == "draft 2"
    _, draft, remark = texts(llm.requests[4])
    assert draft == "draft 0"
    assert "- thin" in remark
    assert "- wrong" in remark


async def test_a_round_without_a_gain_ends_the_loop() -> None:
    llm = ScriptedLLM("draft 0", verdict(5), "draft 1", verdict(5))

    assert (await refine(llm, SelfRefine(ToolCalling())).run("?")).output == "draft 0"


async def test_a_low_score_without_a_problem_still_asks_for_something() -> None:
    llm = ScriptedLLM("draft 0", verdict(5), "draft 1", verdict(9))

    await refine(llm, SelfRefine(ToolCalling())).run("?")

    assert "- It is not good enough yet" in texts(llm.requests[2])[-1]


async def test_a_gain_that_is_too_small_is_kept_and_ends_the_loop() -> None:
    planner = SelfRefine(ToolCalling(), judge=scored([5, 5.5]), min_gain=1)
    llm = ScriptedLLM("draft 0", "draft 1")

    assert (await refine(llm, planner).run("?")).output == "draft 1"


@pytest.mark.parametrize("score", [9, 10])
async def test_an_accepted_draft_is_not_revised(score: int) -> None:
    llm = ScriptedLLM("draft 0", verdict(score, "a trifle"))

    assert (await refine(llm, SelfRefine(ToolCalling())).run("?")).output == "draft 0"


async def test_a_draft_that_comes_back_is_not_judged_again() -> None:
    llm = ScriptedLLM("A", verdict(2), "B", verdict(5), "A")

    result = await refine(llm, SelfRefine(ToolCalling(), patience=3)).run("?")

    assert result.output == "B"
    assert result.usage.steps == 5


async def test_nearly_the_same_draft_that_is_no_better_ends_the_loop() -> None:
    llm = ScriptedLLM("It is Paris.", verdict(5), "it is  Paris", verdict(5))

    result = await refine(llm, SelfRefine(ToolCalling(), patience=9)).run("?")

    assert result.output == "It is Paris."


async def test_nearly_the_same_draft_that_is_better_is_kept() -> None:
    words = "word " * 30
    llm = ScriptedLLM(f"{words}<", verdict(5), f"{words}<=", verdict(9))

    assert (await refine(llm, SelfRefine(ToolCalling())).run("?")).output == f"{words}<="


def test_drafts_that_differ_in_a_number_are_not_nearly_the_same() -> None:
    words = "word " * 50

    assert is_nearly_same(f"{words} one", f"{words} two")
    assert not is_nearly_same(f"{words} 1", f"{words} 2")
    assert not is_nearly_same("yes", "no")


async def test_a_bound_returns_the_best_draft() -> None:
    llm = ScriptedLLM("draft 0", verdict(4), "draft 1", verdict(6), "draft 2")
    agent = refine(llm, SelfRefine(ToolCalling()))

    result = await agent.run("?", budget=Budget(max_steps=5))

    assert (result.output, result.finish) == ("draft 1", "steps")


async def test_a_bound_before_the_first_verdict_returns_the_first_draft() -> None:
    agent = refine(ScriptedLLM("draft 0"), SelfRefine(ToolCalling()))

    result = await agent.run("?", budget=Budget(max_steps=1))

    assert (result.output, result.finish) == ("draft 0", "steps")


async def test_a_bound_can_raise() -> None:
    agent = refine(ScriptedLLM("draft 0"), SelfRefine(ToolCalling()))

    with pytest.raises(StepLimitError):
        await agent.run("?", budget=Budget(max_steps=1, at_limit="raise"))


async def test_a_revision_that_is_no_valid_output_keeps_the_best_draft() -> None:
    llm = ScriptedLLM('{"value": 4}', verdict(2), "none", "none")
    agent = Agent[int](llm=llm, planner=SelfRefine(ToolCalling()), output_retries=1)

    assert (await agent.run("?")).output == 4


async def test_a_revision_that_comes_to_no_end_keeps_the_best_draft() -> None:
    @tool
    def look() -> str:
        """Look."""
        return "seen"

    llm = ScriptedLLM("draft 0", verdict(2), call("look"), call("look"))
    agent = Agent(llm=llm, tools=[look], planner=SelfRefine(ToolCalling(max_steps=2)))

    result = await agent.run("?")

    assert (result.output, result.finish) == ("draft 0", "answered")


async def test_what_tools_returned_is_read_by_critic_and_revision_and_stays() -> None:
    @tool
    def look() -> str:
        """Look."""
        return "It is raining."

    llm = ScriptedLLM(call("look"), "Sun.", "Rain.")
    critic = ScriptedLLM(verdict(1, "it rains"), verdict(10))
    planner = SelfRefine(ToolCalling(), judge=Critic(critic))

    result = await Agent(llm=llm, tools=[look], planner=planner).run("?")

    assert "It is raining." in " ".join(texts(critic.requests[0]))
    assert any(isinstance(message, ToolMessage) for message in llm.requests[2].messages)
    assert [message.role for message in result.messages] == [
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert result.output == "Rain."


async def test_without_a_verdict_the_draft_is_returned() -> None:
    llm = ScriptedLLM("draft 0", "Fine!", "Really fine!")

    assert (await refine(llm, SelfRefine(ToolCalling())).run("?")).output == "draft 0"


async def test_a_draft_without_a_verdict_does_not_replace_one_that_has_one() -> None:
    llm = ScriptedLLM("draft 0", verdict(3), "draft 1", "Fine!", "Really fine!")

    assert (await refine(llm, SelfRefine(ToolCalling())).run("?")).output == "draft 0"


async def test_it_refines_what_react_writes() -> None:
    @tool
    def look() -> str:
        """Look."""
        return "seen"

    def final(text: str) -> str:
        return json.dumps({"thought": "", "action": "final_answer", "answer": text})

    llm = ScriptedLLM(final("a"), verdict(3, "too short"), final("a b"), verdict(9))

    result = await Agent(llm=llm, tools=[look], planner=SelfRefine(ReAct())).run("?")

    assert result.output == "a b"
    assert "- too short" in texts(llm.requests[2])[-1]


@pytest.mark.parametrize(
    ("max_rounds", "patience", "accept_score", "min_gain"),
    [(-1, 1, 9, 1), (4, 0, 9, 1), (4, 1, 11, 1), (4, 1, 9, -1)],
)
def test_options_out_of_range_are_the_developers_mistake(
    max_rounds: int, patience: int, accept_score: float, min_gain: float
) -> None:
    with pytest.raises(ConfigurationError, match="SelfRefine with"):
        SelfRefine(
            ToolCalling(),
            max_rounds=max_rounds,
            patience=patience,
            accept_score=accept_score,
            min_gain=min_gain,
        )
