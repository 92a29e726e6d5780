"""What is stored, what is found again, and what becomes of a file that is damaged or shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentcore import (
    Abilities,
    Agent,
    AssistantMessage,
    Budget,
    Completion,
    ConfigurationError,
    ImagePart,
    LLMRequest,
    LLMUnavailableError,
    MemoryJournal,
    Sampling,
    SystemMessage,
    TextDelta,
    TextPart,
    ToolSpec,
    Usage,
    UserMessage,
)
from agentcore.brain import Cached, DirectCalls
from agentcore.completions import TokenLogprob
from agentcore.testing import FunctionLLM, Reply, ScriptedLLM, call
from agentcore.vectors import Vectors


def asked(text: str = "Capital of France?", **sampling: float) -> LLMRequest:
    return LLMRequest(
        messages=(UserMessage(content=text),), sampling=Sampling.model_validate(sampling)
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


async def test_the_same_request_is_asked_once_and_the_answer_is_the_same(path: Path) -> None:
    logprobs = (TokenLogprob(token="P", logprob=-0.5),)
    full = Completion(message=AssistantMessage(content="Paris"), logprobs=logprobs, model="m")
    llm = ScriptedLLM(full)
    first = await Cached(llm, path).complete(asked())

    again = await Cached(llm, path).complete(asked())

    assert (first, first.is_cached) == (full, False)
    assert again == full.model_copy(update={"usage": Usage(), "is_cached": True})


@pytest.mark.parametrize(
    "other",
    [
        asked("Capital of Spain?"),
        asked(max_tokens=5),
        replace(asked(), output_schema={"type": "object"}),
        replace(asked(), messages=(SystemMessage(content="Shout."), *asked().messages)),
        replace(asked(), tools=(ToolSpec(name="x", description="", parameters={}),)),
    ],
)
async def test_another_request_is_another_entry(path: Path, other: LLMRequest) -> None:
    llm = Cached(ScriptedLLM("one", "two"), path)
    await llm.complete(asked())

    assert (await llm.complete(other)).text == "two"


async def test_another_model_is_another_entry(path: Path) -> None:
    await Cached(ScriptedLLM("one"), path).complete(asked())

    assert (await Cached(FunctionLLM(lambda _: "two"), path).complete(asked())).text == "two"


async def test_what_asks_for_chance_is_asked_each_time_unless_it_has_a_seed(path: Path) -> None:
    llm = Cached(ScriptedLLM("a", "b", "c"), path)

    hot = [(await llm.complete(asked(temperature=1.0))).text for _ in range(2)]
    seeded = [(await llm.complete(asked(temperature=1.0, seed=1))).text for _ in range(2)]

    assert (hot, seeded) == (["a", "b"], ["c", "c"])


CUT = Completion(message=AssistantMessage(content="Par"), finish_reason="length")


@pytest.mark.parametrize("reply", [CUT, "  ", AssistantMessage(content="", thinking="hm")])
async def test_half_an_answer_is_not_stored(path: Path, reply: Reply) -> None:
    llm = Cached(ScriptedLLM(reply, "Paris"), path)
    await llm.complete(asked())

    assert (await llm.complete(asked())).text == "Paris"


async def test_an_error_is_raised_unchanged_and_not_stored(path: Path) -> None:
    error = LLMUnavailableError("down")
    llm = Cached(ScriptedLLM(error, "Paris"), path)

    with pytest.raises(LLMUnavailableError) as caught:
        await llm.complete(asked())

    assert caught.value is error
    assert (await llm.complete(asked())).text == "Paris"


async def test_a_call_of_a_tool_is_stored(path: Path) -> None:
    llm = Cached(ScriptedLLM(call("find", a=1)), path)
    first = await llm.complete(asked())

    assert (await llm.complete(asked())).message == first.message


async def test_in_a_run_a_stored_answer_costs_a_step_and_no_tokens(path: Path) -> None:
    await Agent(llm=Cached(ScriptedLLM("Paris"), path)).run("Capital?")

    agent = Agent(llm=Cached(ScriptedLLM(), path), budget=Budget(max_steps=1))
    items = [item async for item in agent.stream("Capital?")]

    assert [item.text for item in items if isinstance(item, TextDelta)] == ["Paris"]
    result = await agent.run("Capital?")
    assert (result.output, result.usage) == ("Paris", Usage(steps=1))


async def test_a_bound_of_tokens_does_not_change_what_is_looked_up(path: Path) -> None:
    await Agent(llm=Cached(ScriptedLLM("Paris"), path)).run("Capital?")

    bounded = Agent(llm=Cached(ScriptedLLM(), path), budget=Budget(max_tokens=5000))

    assert (await bounded.run("Capital?")).output == "Paris"


class Clock(DirectCalls):
    """Calls at a time of the test's own."""

    at = datetime(2026, 1, 1, tzinfo=UTC)

    async def now(self) -> datetime:
        return self.at


class Later(Clock):
    at = Clock.at + timedelta(seconds=60)


async def test_an_old_answer_is_asked_for_again(path: Path) -> None:
    llm = Cached(ScriptedLLM("old", "new"), path, ttl_s=59)

    texts = [(await llm.compose(asked(), calls)).text for calls in (Clock(), Clock(), Later())]

    assert texts == ["old", "old", "new"]
    patient = Cached(ScriptedLLM("new"), path.with_name("other.db"), ttl_s=61)
    assert [(await patient.compose(asked(), calls)).text for calls in (Clock(), Later())] == [
        "new",
        "new",
    ]


def repeat(request: LLMRequest) -> str:
    return str(request.messages[-1].content)


async def test_beyond_its_size_the_oldest_entries_leave(path: Path) -> None:
    llm = Cached(FunctionLLM(repeat), path, max_entries=3)
    for text in "abcd":
        await llm.complete(asked(text))

    cached = [(await llm.complete(asked(text))).is_cached for text in "dcba"]

    assert cached == [True, True, True, False]


async def test_an_answer_that_is_stored_again_drives_no_other_out(path: Path) -> None:
    llm = Cached(FunctionLLM(repeat), path, max_entries=2, ttl_s=59)
    for text, clock in (("a", Clock()), ("b", Clock()), ("b", Later()), ("b", Clock())):
        await llm.compose(asked(text), clock)

    assert (await llm.compose(asked("a"), Clock())).is_cached


class Angles:
    """An embedder that puts a text at the angle it names, in degrees."""

    name, dim = "angles", 2

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def embed(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        self.texts += texts
        angles = np.radians([float(text) for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


async def test_a_request_near_to_a_stored_one_finds_its_answer(path: Path) -> None:
    # cos 20 degrees is 0.940, cos 15 is 0.966
    llm = Cached(
        ScriptedLLM("at 0", "at 20", "no use"), path, embedder=Angles(), min_similarity=0.95
    )

    texts = [(await llm.complete(asked(angle))).text for angle in ("0", "20", "15", "4", "0")]

    assert texts == ["at 0", "at 20", "at 20", "at 0", "at 0"]


async def test_near_is_only_the_last_message_of_the_same_conversation(path: Path) -> None:
    embedder = Angles()
    seeing = Abilities(images=True)
    inner = ScriptedLLM("one", "two", "three", "four", abilities=seeing)
    llm = Cached(inner, path, embedder=embedder)
    await llm.complete(asked("0"))
    shouted = replace(asked("1"), messages=(SystemMessage(content="Shout."), *asked("1").messages))
    tools = replace(asked("1"), tools=(ToolSpec(name="x", description="", parameters={}),))
    picture = UserMessage(
        content=(TextPart(text="1"), ImagePart(data=b"\x89PNG", media_type="image/png"))
    )

    others = (shouted, tools, LLMRequest(messages=(picture,)))
    texts = [(await llm.complete(other)).text for other in others]

    assert texts == ["two", "three", "four"]
    assert embedder.texts == ["0", "1"]


async def test_in_a_run_the_embedding_is_recorded(path: Path) -> None:
    journal = MemoryJournal()
    llm = Cached(ScriptedLLM("at 0"), path, embedder=Angles())

    await Agent(llm=llm).run("0", journal=journal)

    assert "answer/think-1/embed-1" in [event.key for event in journal.events()]


def test_options_that_make_no_sense_are_refused(path: Path) -> None:
    for option in ({"ttl_s": 0.0}, {"min_similarity": 1.5}):
        with pytest.raises(ConfigurationError, match="seconds above 0"):
            Cached(
                ScriptedLLM(),
                path,
                ttl_s=option.get("ttl_s"),
                min_similarity=option.get("min_similarity", 0.9),
            )
    assert not path.exists()
