from __future__ import annotations

from collections.abc import Sequence

import pytest
from pydantic import BaseModel

from agentcore import (
    Agent,
    AssistantMessage,
    ConfigurationError,
    MemoryJournal,
    Message,
    UserMessage,
)
from agentcore.memory import SimilarExamples
from agentcore.testing import ScriptedLLM


class Label(BaseModel):
    mood: str


class Axes:
    """Embeds a text by which of three words it holds."""

    name, dim = "axes", 3

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.asked.append(list(texts))
        return [[float(word in text) for word in ("sun", "rain", "snow")] for text in texts]


PAIRS = [("sun today", "warm"), ("rain today", "wet"), ("snow today", "cold")]


def asked(messages: Sequence[Message]) -> list[object]:
    return [item.content for item in messages if isinstance(item, UserMessage)]


async def test_the_nearest_examples_come_last_and_are_at_most_top_k() -> None:
    store = SimilarExamples(
        [("the red book", "1"), ("a blue sea", "2"), ("a ship", "3"), ("red book shelf", "4")],
        top_k=2,
    )

    found = await store.select("Where is the red book?")

    assert found == (
        UserMessage(content="red book shelf"),
        AssistantMessage(content="4"),
        UserMessage(content="the red book"),
        AssistantMessage(content="1"),
    )


async def test_an_example_that_shares_no_word_is_left_out() -> None:
    assert await SimilarExamples(PAIRS).select("Completely different") == ()
    assert await SimilarExamples([]).select("anything") == ()


async def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    store = SimilarExamples(
        [("the cat the cat", "a"), ("the zebra ran off", "b"), ("the dog", "c")], top_k=1
    )

    assert asked(await store.select("the zebra")) == ["the zebra ran off"]


async def test_texts_without_spaces_are_compared_by_characters() -> None:
    store = SimilarExamples([("今天天气很好", "a"), ("股票下跌", "b")], top_k=1)

    assert asked(await store.select("明天天气")) == ["今天天气很好"]


async def test_an_embedder_says_what_is_near() -> None:
    embedder = Axes()
    store = SimilarExamples(PAIRS, top_k=1, embedder=embedder)

    assert asked(await store.select("will it snow")) == ["snow today"]
    assert asked(await store.select("rain?")) == ["rain today"]
    assert embedder.asked == [["will it snow"], [task for task, _ in PAIRS], ["rain?"]]


async def test_examples_are_turns_between_instructions_and_history() -> None:
    llm = ScriptedLLM('{"mood": "good"}')
    agent = Agent[Label](
        llm=llm,
        instructions="Judge.",
        examples=SimilarExamples([("sunny day", Label(mood="bright é"))]),
    )

    await agent.run("a day in May", history=[AssistantMessage(content="Hello")])

    assert llm.requests[0].messages[1:] == (
        UserMessage(content="sunny day"),
        AssistantMessage(content='{"mood":"bright é"}'),
        AssistantMessage(content="Hello"),
        UserMessage(content="a day in May"),
    )


async def test_an_answer_has_the_form_that_the_schema_asks_for() -> None:
    llm = ScriptedLLM("[2]")
    store = SimilarExamples([("Shelf a?", [1]), ("Shelf b?", "none of the type")])

    await Agent[list[int]](llm=llm, examples=store).run("Shelf c?")

    answers = [item.content for item in llm.requests[0].messages if item.role == "assistant"]
    assert set(answers) == {'{"value":[1]}', "none of the type"}


async def test_a_session_does_not_take_the_examples_for_its_history() -> None:
    llm = ScriptedLLM("one", "two")
    agent = Agent(llm=llm, examples=SimilarExamples([("first word", "w")]))

    await agent.run("first", session="s")
    await agent.run("second", session="s")

    assert asked(llm.requests[1].messages) == ["first", "second"]


async def test_embedding_goes_through_the_run_and_is_not_done_again_on_a_replay() -> None:
    embedder, journal = Axes(), MemoryJournal()
    llm = ScriptedLLM("cold")
    first = Agent(llm=llm, examples=SimilarExamples(PAIRS, embedder=embedder))
    await first.run("snow?", journal=journal)
    done = len(embedder.asked)

    again = Agent(llm=ScriptedLLM(), examples=SimilarExamples(PAIRS, embedder=embedder))
    result = await again.run("snow?", journal=journal)

    assert result.output == "cold"
    assert len(embedder.asked) == done == 2
    assert [event.key for event in result.trajectory[:2]] == ["start/embed-1", "start/embed-2"]


def test_no_examples_at_all_are_asked_for_by_mistake() -> None:
    with pytest.raises(ConfigurationError, match="top_k is 0"):
        SimilarExamples(PAIRS, top_k=0)


@pytest.mark.parametrize("value", [[("a", "b")], SimilarExamples])
def test_what_is_no_store_is_the_developers_mistake(value: object) -> None:
    with pytest.raises(ConfigurationError, match="examples"):
        Agent(llm=ScriptedLLM(), examples=value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
