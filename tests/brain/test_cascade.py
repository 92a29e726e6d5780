"""When the large model is asked, how sure an answer is, and how the threshold is chosen."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore import (
    Agent,
    AssistantMessage,
    Completion,
    ConfigurationError,
    LLMRequest,
    LLMUnavailableError,
    ModelCalls,
    TextDelta,
    Usage,
    UserMessage,
)
from agentcore.brain import (
    AgreementConfidence,
    Calibration,
    Cascade,
    CheckConfidence,
    DirectCalls,
    Draft,
    Labelled,
    LogprobConfidence,
    calibrate,
    label,
)
from agentcore.completions import TokenLogprob
from agentcore.interfaces import LLM
from agentcore.testing import FunctionLLM, ScriptedLLM

ASKED = LLMRequest(messages=(UserMessage(content="Capital?"),))


def sure(text: str, *probabilities: float) -> Completion:
    tokens = tuple(TokenLogprob(token="x", logprob=math.log(one)) for one in probabilities)
    usage = Usage(steps=1, input_tokens=5, output_tokens=len(tokens))
    return Completion(message=AssistantMessage(content=text), usage=usage, logprobs=tokens)


def cascade(small: LLM, large: LLM, threshold: float = 0.5) -> Cascade:
    return Cascade(small, large, confidence=LogprobConfidence(), threshold=threshold)


async def test_a_sure_answer_of_the_small_model_stands() -> None:
    small, large = ScriptedLLM(sure("small", 0.5)), ScriptedLLM()

    assert (await cascade(small, large).complete(ASKED)).text == "small"
    assert small.requests[0].sampling.logprobs == 0
    assert large.requests == []


async def test_an_unsure_one_goes_to_the_large_model_as_it_was_asked() -> None:
    small, large = ScriptedLLM(sure("small", 0.49)), ScriptedLLM(sure("large", 1.0, 1.0))

    answer = await cascade(small, large).complete(ASKED)

    assert (answer.text, answer.usage) == (
        "large",
        Usage(steps=2, input_tokens=10, output_tokens=3),
    )
    assert large.requests == [ASKED]


async def test_in_a_run_both_calls_are_steps_and_only_what_is_accepted_is_streamed() -> None:
    llm = cascade(ScriptedLLM(sure("never shown", 0.1)), ScriptedLLM("the large one"))

    texts = [item.text async for item in Agent(llm=llm).stream("go") if isinstance(item, TextDelta)]

    assert "".join(texts) == "the large one"
    llm = cascade(ScriptedLLM(sure("at once", 0.9)), ScriptedLLM())
    texts = [item.text async for item in Agent(llm=llm).stream("go") if isinstance(item, TextDelta)]
    assert texts == ["at once"]
    llm = cascade(ScriptedLLM(sure("small", 0.1)), ScriptedLLM("large"))
    assert (await Agent(llm=llm).run("go")).usage.steps == 2


async def test_errors_are_raised_unchanged() -> None:
    error = LLMUnavailableError("down")

    with pytest.raises(LLMUnavailableError) as caught:
        await cascade(ScriptedLLM(error), ScriptedLLM()).complete(ASKED)

    assert caught.value is error


@pytest.mark.parametrize(
    ("confidence", "expected"),
    [
        (LogprobConfidence(), 0.4),  # the root of 0.8 * 0.2
        (LogprobConfidence(over="lowest"), 0.2),
        (CheckConfidence(lambda request, answer: len(answer.text) / 10), 0.5),
    ],
)
async def test_a_confidence_of_one_answer(
    confidence: LogprobConfidence | CheckConfidence, expected: float
) -> None:
    draft = await confidence.draft(ScriptedLLM(sure("Paris", 0.8, 0.2)), ASKED, DirectCalls())

    assert draft.confidence == pytest.approx(expected)


async def test_an_answer_without_tokens_is_not_sure() -> None:
    empty = Completion(message=AssistantMessage(content=""), logprobs=())
    draft = await LogprobConfidence().draft(ScriptedLLM(empty), ASKED, DirectCalls())

    assert draft.confidence == 0


async def test_agreement_is_the_share_of_the_majority() -> None:
    llm = ScriptedLLM("Lyon", "Paris", "paris.", "Nice")

    draft = await AgreementConfidence(4, temperature=0.7).draft(llm, ASKED, DirectCalls())

    assert (draft.completion.text, draft.confidence) == ("Paris", 0.5)
    assert draft.completion.usage.steps == 4
    assert {sent.sampling.temperature for sent in llm.requests} == {0.7}


class Overdone:
    async def draft(self, llm: LLM, request: LLMRequest, calls: ModelCalls) -> Draft:
        return Draft(await calls.complete(llm, request), 1.5)


async def test_a_confidence_beyond_its_range_is_refused() -> None:
    llm = Cascade(ScriptedLLM("x"), ScriptedLLM(), confidence=Overdone(), threshold=0.5)

    with pytest.raises(ConfigurationError, match=r"a confidence was 1\.5"):
        await llm.complete(ASKED)


def test_options_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least 2"):
        AgreementConfidence(1)
    with pytest.raises(ConfigurationError, match="'mean' or 'lowest'"):
        LogprobConfidence(over="highest")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(ConfigurationError, match="threshold=nan"):
        cascade(ScriptedLLM(), ScriptedLLM(), threshold=math.nan)


EXAMPLES = [
    Labelled(0.9, is_small_right=True, is_large_right=True),
    Labelled(0.7, is_small_right=False, is_large_right=True),
    Labelled(0.7, is_small_right=True, is_large_right=True),
    Labelled(0.2, is_small_right=False, is_large_right=False),
]


def test_the_threshold_is_the_one_with_the_fewest_calls_that_reaches_the_accuracy() -> None:
    # Accepting the 0.9 alone: the other three go to the large model, which has two of them right.
    assert calibrate(EXAMPLES, min_accuracy=0.75) == Calibration(0.9, 0.75, 0.75)
    assert calibrate(EXAMPLES, min_accuracy=0.5) == Calibration(0.2, 0.5, 0.0)
    with pytest.raises(ConfigurationError, match=r"the best is 0\.7500"):
        calibrate(EXAMPLES, min_accuracy=0.8)


def test_examples_of_the_same_confidence_go_together() -> None:
    assert calibrate(EXAMPLES, max_large_share=0.7) == Calibration(0.2, 0.5, 0.0)
    assert calibrate(EXAMPLES, max_large_share=1.0) == Calibration(0.9, 0.75, 0.75)


def test_a_calibration_needs_examples_and_one_bound() -> None:
    with pytest.raises(ConfigurationError, match="one of the two bounds"):
        calibrate(EXAMPLES)
    with pytest.raises(ConfigurationError, match="give examples"):
        calibrate([], min_accuracy=0.5)


labelled = st.builds(
    Labelled, st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), st.booleans(), st.booleans()
)


@given(st.lists(labelled, min_size=1, max_size=30), st.floats(0, 1))
def test_a_calibration_says_what_its_threshold_does(
    examples: list[Labelled], max_large_share: float
) -> None:
    found = calibrate(examples, max_large_share=max_large_share)

    asked = [one for one in examples if one.confidence < found.threshold]
    right = sum(
        one.is_large_right if one.confidence < found.threshold else one.is_small_right
        for one in examples
    )
    assert found.large_share == len(asked) / len(examples) <= max_large_share
    assert found.accuracy == right / len(examples)


async def test_examples_are_labelled_by_asking_both_models() -> None:
    small = FunctionLLM(lambda request: sure(str(request.messages[-1].content)[:1], 0.3))
    large = FunctionLLM(lambda request: str(request.messages[-1].content))
    examples = [(LLMRequest(messages=(UserMessage(content=text),)), text) for text in ("a", "ab")]

    found = await label(
        (small, large), LogprobConfidence(), examples, lambda answer, right: answer.text == right
    )

    assert [(one.is_small_right, one.is_large_right) for one in found] == [
        (True, True),
        (False, True),
    ]
    assert found[0].confidence == pytest.approx(0.3)
