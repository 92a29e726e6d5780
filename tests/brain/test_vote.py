"""What is asked for a vote, which answers are the same, and who wins."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore import (
    Abilities,
    Agent,
    AssistantMessage,
    Completion,
    ConfigurationError,
    LLMRequest,
    LLMUnavailableError,
    Sampling,
    SystemMessage,
    TextDelta,
    ToolCall,
    ToolSpec,
    Usage,
    UserMessage,
)
from agentcore.brain import Vote, majority, majority_by, majority_by_field
from agentcore.testing import FunctionLLM, ScriptedLLM, call

ASKED = LLMRequest(messages=(UserMessage(content="Capital?"),))
DOWN = LLMUnavailableError("down")


def said(*texts: str) -> list[Completion]:
    return [Completion(message=AssistantMessage(content=text), model=text) for text in texts]


async def test_the_majority_wins_and_a_tie_goes_to_the_first() -> None:
    assert (await Vote(ScriptedLLM("a", "b", "B.", "a", "b")).complete(ASKED)).text == "b"
    assert (await Vote(ScriptedLLM("x", "y", "y", "x"), samples=4).complete(ASKED)).text == "x"


async def test_models_take_turns_and_each_round_asks_in_another_way() -> None:
    def shouted(request: LLMRequest) -> LLMRequest:
        return replace(request, messages=(SystemMessage(content="SHOUT"), *request.messages))

    first, second = ScriptedLLM("a", "a"), ScriptedLLM("a", "a")
    await Vote(first, second, samples=4, variants=[lambda request: request, shouted]).complete(
        ASKED
    )

    for llm in (first, second):
        assert [len(sent.messages) for sent in llm.requests] == [1, 2]


async def test_samples_differ_in_their_seed_and_have_the_temperature() -> None:
    llm = ScriptedLLM("a", "a", "a")

    await Vote(llm, samples=3, temperature=0.7).complete(replace(ASKED, sampling=Sampling(seed=7)))

    sent = [(one.sampling.seed, one.sampling.temperature) for one in llm.requests]
    assert sent == [(7, 0.7), (8, 0.7), (9, 0.7)]


async def test_calls_are_the_same_where_name_and_arguments_are() -> None:
    def found(arguments: str) -> Completion:
        calls = (ToolCall(id=arguments, name="find", arguments=arguments),)
        return Completion(message=AssistantMessage(tool_calls=calls), finish_reason="tool_calls")

    answers = [found('{"a": 2}'), found('{"b": 1, "a": 1}'), found('{"a":1,"b":1}')]

    assert majority(answers) == answers[1]
    assert majority([*said("find"), *answers]) == answers[1]


def test_json_is_the_same_where_its_values_are() -> None:
    assert (
        majority(said('{"a": 2}', '{"a": 1, "b": 2}', '{"b":2,"a":1}')).text == '{"a": 1, "b": 2}'
    )


def test_a_normalisation_finds_the_answer_in_the_reasoning() -> None:
    answers = said("2 + 2 = 5, so 5", "four, thus 4", "that is 4")

    assert majority_by(lambda text: text.split()[-1])(answers).text == "four, thus 4"


def test_fields_are_counted_one_by_one() -> None:
    answers = said('{"a": 1, "b": 1}', '{"a": 2, "b": 2, "c": 9}', '{"a": 1, "b": 2}')

    assert majority_by_field(answers).text == '{"a": 1, "b": 2}'
    assert majority_by_field(said("{}", "no", "no")).text == "no"


@given(st.lists(st.sampled_from(["a", "A.", "b", '{"x": 1}', '{"x":1}', "c"]), min_size=1))
def test_no_answer_has_more_votes_than_the_winner(texts: list[str]) -> None:
    groups = {"a": 0, "A.": 0, "b": 1, '{"x": 1}': 2, '{"x":1}': 2, "c": 3}
    sizes = [sum(groups[text] == group for text in texts) for group in range(4)]

    winner = majority(said(*texts)).text

    assert sizes[groups[winner]] == max(sizes)
    assert texts.index(winner) == min(
        texts.index(text) for text in texts if groups[text] == groups[winner]
    )


async def test_a_judge_sees_what_differs_and_names_the_best() -> None:
    judge = ScriptedLLM('{"best": 2}')

    answer = await Vote(ScriptedLLM("a", "a", "b"), samples=3, judge=judge).complete(ASKED)

    assert answer.text == "b"
    (sent,) = judge.requests
    assert sent.messages[0] == ASKED.messages[0]
    assert str(sent.messages[-1].content).startswith("Reply 1:\na\n\nReply 2:\nb\n\nAbove")


async def test_a_judge_is_asked_the_same_whatever_is_known_of_it_by_then() -> None:
    def judge(abilities: Abilities) -> ScriptedLLM:
        return ScriptedLLM('I think ```json\n{"best": 2}\n```', abilities=abilities)

    before, after = judge(Abilities()), judge(Abilities(json_schema=False))
    for one in (before, after):
        answer = await Vote(ScriptedLLM("a", "b"), samples=2, judge=one).complete(ASKED)
        assert answer.text == "b"

    assert before.requests == after.requests


@pytest.mark.parametrize("verdict", ["I like both", '{"best": 3}', '{"best": 0}', "[]"])
async def test_a_judge_that_names_none_leaves_it_to_the_count(verdict: str) -> None:
    judge = ScriptedLLM(verdict)

    vote = Vote(ScriptedLLM("a", "b", "b"), samples=3, judge=judge)

    assert (await vote.complete(ASKED)).text == "b"


async def test_a_judge_is_not_asked_where_all_agree() -> None:
    judge = ScriptedLLM()

    await Vote(ScriptedLLM("a", "a"), samples=2, judge=judge).complete(ASKED)

    assert judge.requests == []


async def test_samples_that_fail_abstain_where_enough_are_left() -> None:
    llms = (ScriptedLLM("a"), ScriptedLLM(DOWN), ScriptedLLM("a"))

    assert (await Vote(*llms, min_answers=2).complete(ASKED)).text == "a"
    with pytest.raises(LLMUnavailableError) as caught:
        await Vote(ScriptedLLM("a"), ScriptedLLM(DOWN)).complete(ASKED)
    assert caught.value is DOWN


async def test_in_a_run_every_sample_is_a_step_under_its_own_key() -> None:
    result = await Agent(llm=Vote(ScriptedLLM("a", "a", "b"), samples=3)).run("go")

    keys = {event.key for event in result.trajectory if event.usage is not None}
    assert keys == {f"answer/think-1/all-1/{sample}/llm-1" for sample in range(3)}
    assert (result.output, result.usage.steps) == ("a", 3)


async def test_only_the_winner_is_streamed() -> None:
    agent = Agent(llm=Vote(ScriptedLLM("yes it is", "no", "yes it is"), samples=3))

    texts = [item.text async for item in agent.stream("go") if isinstance(item, TextDelta)]

    assert texts == ["yes it is"]


async def test_the_usage_is_that_of_all_calls() -> None:
    one = Completion(
        message=AssistantMessage(content="a"),
        usage=Usage(steps=1, input_tokens=10, output_tokens=1),
    )

    answer = await Vote(FunctionLLM(lambda _: one), samples=3).complete(ASKED)

    assert answer.usage == Usage(steps=3, input_tokens=30, output_tokens=3)


async def test_an_agent_acts_on_the_call_that_most_samples_made() -> None:
    tools = (ToolSpec(name="find", description="", parameters={"type": "object"}),)
    llm = Vote(ScriptedLLM(call("find", a=1), "nothing", call("find", a=1)), samples=3)

    answer = await llm.complete(replace(ASKED, tools=tools))

    assert answer.message.tool_calls[0].arguments == '{"a": 1}'


@pytest.mark.parametrize(("samples", "min_answers"), [(0, None), (2, 3), (2, 0)])
def test_numbers_that_make_no_sense_are_refused(samples: int, min_answers: int | None) -> None:
    with pytest.raises(ConfigurationError, match="at least one sample"):
        Vote(ScriptedLLM(), samples=samples, min_answers=min_answers)


def test_five_samples_of_one_model_or_one_of_each_of_several() -> None:
    assert Vote(ScriptedLLM()).name == "vote(scripted x5)"
    assert Vote(ScriptedLLM(), ScriptedLLM()).name == "vote(scripted, scripted x2)"
