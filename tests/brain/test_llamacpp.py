"""The backend with a real model: SmolLM2, whose file comes in a Python package."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from agentcore.brain.gguf import find_model
from agentcore.brain.llamacpp import LlamaCppLLM
from agentcore.completions import LLMRequest, Sampling, TextDelta
from agentcore.errors import (
    ConfigurationError,
    ContextLengthError,
)
from agentcore.messages import AssistantMessage, UserMessage
from agentcore.values import JsonObject

QUESTION = "Tom has a red ball. What color is the ball?"
STORY = "Write a long story about a fox, a crow and a piece of cheese."
GREEDY = Sampling(temperature=0, max_tokens=30)
PATIENCE_S = 10.0
COLOR: JsonObject = {
    "type": "object",
    "properties": {"color": {"enum": ["red", "blue", "green"]}, "toy": {"type": "string"}},
    "required": ["color", "toy"],
    "additionalProperties": False,
}
ENDLESS: JsonObject = {"type": "array", "items": {"type": "integer"}, "minItems": 1500}
"""Takes a minute to write; a call that waits for it would run out of `PATIENCE_S`."""


def ask(text: str, sampling: Sampling = GREEDY, schema: JsonObject | None = None) -> LLMRequest:
    return LLMRequest((UserMessage(content=text),), output_schema=schema, sampling=sampling)


@pytest.fixture(scope="module")
def llm() -> Iterator[LlamaCppLLM]:
    """One model for all tests: each test has a loop of its own, and the model serves them all."""
    llm = LlamaCppLLM("smollm2")
    yield llm
    asyncio.run(llm.aclose())


@pytest.mark.slow
async def test_a_simple_question_is_answered(llm: LlamaCppLLM) -> None:
    completion = await llm.complete(ask(QUESTION))

    assert "red" in completion.text
    assert completion.finish_reason == "stop"
    assert completion.model == find_model("smollm2").name
    assert completion.usage.steps == 1
    assert completion.usage.input_tokens > 10
    assert 1 <= completion.usage.output_tokens <= 30


@pytest.mark.slow
async def test_an_answer_under_a_schema_satisfies_it(llm: LlamaCppLLM) -> None:
    completion = await llm.complete(ask(QUESTION, schema=COLOR))

    answer = json.loads(completion.text)
    assert answer.keys() == {"color", "toy"}
    assert answer["color"] == "red"


@pytest.mark.slow
async def test_an_answer_ends_before_a_stop_text(llm: LlamaCppLLM) -> None:
    whole = (await llm.complete(ask(QUESTION))).text

    completion = await llm.complete(ask(QUESTION, GREEDY.model_copy(update={"stop": ("red",)})))

    assert completion.text == whole.partition("red")[0]
    assert completion.finish_reason == "stop"


@pytest.mark.slow
async def test_an_answer_ends_at_max_tokens(llm: LlamaCppLLM) -> None:
    completion = await llm.complete(ask(STORY, Sampling(temperature=0, max_tokens=5)))

    assert completion.finish_reason == "length"
    assert completion.usage.output_tokens == 5


@pytest.mark.slow
async def test_a_seed_gives_the_same_text_again(llm: LlamaCppLLM) -> None:
    first, again, other = [
        (await llm.complete(ask(STORY, Sampling(temperature=1.2, seed=seed, max_tokens=20)))).text
        for seed in (7, 7, 8)
    ]

    assert first == again
    assert first != other


@pytest.mark.slow
@pytest.mark.parametrize("asked", [0, 2])
async def test_logprobs_come_with_as_many_alternatives_as_asked(
    llm: LlamaCppLLM, asked: int
) -> None:
    completion = await llm.complete(ask(QUESTION, Sampling(temperature=0, logprobs=asked)))

    assert completion.logprobs is not None
    assert "".join(token.token for token in completion.logprobs) == completion.text
    assert all(token.logprob <= 0 for token in completion.logprobs)
    assert {len(token.alternatives) for token in completion.logprobs} == {asked}


@pytest.mark.slow
async def test_a_last_message_of_the_assistant_is_answered_and_not_written_on(
    llm: LlamaCppLLM,
) -> None:
    said = AssistantMessage(content="The ball is")
    messages = (*ask(QUESTION).messages, said)

    completion = await llm.complete(LLMRequest(messages, sampling=GREEDY))

    assert completion.usage.input_tokens > (await llm.complete(ask(QUESTION))).usage.input_tokens


@pytest.mark.slow
async def test_a_cancelled_call_stops_and_the_next_one_works(llm: LlamaCppLLM) -> None:
    begun = asyncio.Event()

    async def watch(delta: TextDelta) -> None:
        begun.set()

    endless = ask("Count.", Sampling(temperature=0), ENDLESS)
    task = asyncio.create_task(llm.complete(endless, on_delta=watch))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with asyncio.timeout(PATIENCE_S):
        assert "red" in (await llm.complete(ask(QUESTION))).text


@pytest.mark.slow
async def test_the_loop_goes_on_while_the_model_writes(llm: LlamaCppLLM) -> None:
    task = asyncio.create_task(llm.complete(ask(STORY)))
    turns = 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0)

    assert turns > 100


@pytest.mark.slow
async def test_concurrent_calls_all_answer(llm: LlamaCppLLM) -> None:
    colors = ("red", "blue", "green", "black")
    questions = [f"Tom has a {color} ball. What color is the ball?" for color in colors]

    completions = await asyncio.gather(*(llm.complete(ask(question)) for question in questions))

    assert [color in item.text for color, item in zip(colors, completions, strict=True)] == [
        True
    ] * 4


@pytest.mark.slow
async def test_messages_that_do_not_fit_are_refused_with_the_numbers(llm: LlamaCppLLM) -> None:
    with pytest.raises(ContextLengthError, match="raise context_tokens") as caught:
        await llm.complete(ask("a b " * 5000))

    assert caught.value.limit == llm.abilities.context_tokens == 8192
    assert caught.value.tokens is not None
    assert caught.value.tokens > 8192


@pytest.mark.slow
@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "nonsense"}, "unrecognized type nonsense"),
        ({"$ref": "#/nowhere"}, "nowhere not found"),
        ({"enum": []}, "enum must be a non-empty array"),
    ],
)
async def test_an_impossible_schema_is_refused_with_the_reason(
    llm: LlamaCppLLM, schema: JsonObject, reason: str
) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        await llm.complete(ask(QUESTION, schema=schema))

    assert (await llm.complete(ask(QUESTION))).text


@pytest.mark.slow
async def test_two_models_live_side_by_side(llm: LlamaCppLLM) -> None:
    other = LlamaCppLLM(find_model("smollm2"), context_tokens=512, threads=1)

    answers = await asyncio.gather(llm.complete(ask(QUESTION)), other.complete(ask(QUESTION)))
    await other.aclose()

    assert all("red" in answer.text for answer in answers)
    assert (await llm.complete(ask(QUESTION))).text


@pytest.mark.slow
async def test_a_closed_model_refuses_calls() -> None:
    llm = LlamaCppLLM("smollm2", context_tokens=512)
    running = asyncio.create_task(llm.complete(ask("Count.", Sampling(temperature=0), ENDLESS)))
    await asyncio.sleep(0)

    await llm.aclose()
    await llm.aclose()

    for call in (running, llm.complete(ask(QUESTION))):
        with pytest.raises(ConfigurationError, match="local:smollm2 is closed"):
            await call


@pytest.mark.slow
async def test_an_answer_without_a_bound_of_its_own_ends_after_output_tokens() -> None:
    llm = LlamaCppLLM("smollm2", output_tokens=8)
    completion = await llm.complete(ask(STORY, Sampling(temperature=0)))
    longer = await llm.complete(ask(STORY, Sampling(temperature=0, max_tokens=12)))
    await llm.aclose()

    assert (completion.finish_reason, completion.usage.output_tokens) == ("length", 8)
    assert longer.usage.output_tokens == 12
