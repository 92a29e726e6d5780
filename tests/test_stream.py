from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from agentcore import (
    Abilities,
    Agent,
    Completion,
    ConfigurationError,
    Event,
    Finished,
    LLMRequest,
    LLMUnavailableError,
    TextDelta,
    tool,
)
from agentcore.interfaces import DeltaSink
from agentcore.messages import AssistantMessage
from agentcore.stream import CAPACITY, RunStream
from agentcore.testing import ScriptedLLM, call


class Talker:
    """A model that writes so many words, says how many it has written, and hangs if told to."""

    name = "talker"
    abilities = Abilities()

    def __init__(self, words: int, *, hangs: bool = False) -> None:
        self.words = words
        self.hangs = hangs
        self.written = 0
        self.stopped = asyncio.Event()

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        assert on_delta is not None
        try:
            for _ in range(self.words):
                await on_delta(TextDelta(text="a "))
                self.written += 1
            if self.hangs:
                await asyncio.Event().wait()
        finally:
            self.stopped.set()
        return Completion(message=AssistantMessage(content="a " * self.words))

    async def aclose(self) -> None:
        pass


async def first_of(items: AsyncIterator[object]) -> TextDelta:
    async for item in items:
        if isinstance(item, TextDelta):
            return item
    raise AssertionError("no text came")


async def let_others_work() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def test_text_and_events_come_in_order_and_the_result_last() -> None:
    agent = Agent(llm=ScriptedLLM(call("add", a=2, b=3), "It is 5."), tools=[add])

    items = [item async for item in agent.stream("2 + 3?")]

    kinds = [item.kind if not isinstance(item, Finished) else "finished" for item in items]
    assert kinds == [
        "started",
        "thought",
        "acted",
        "text_delta",
        "text_delta",
        "text_delta",
        "thought",
        "answered",
        "finished",
    ]


async def test_the_text_adds_up_to_the_output_and_names_its_model_call() -> None:
    agent = Agent(llm=ScriptedLLM("It is 5."))

    deltas = [item async for item in agent.stream("2 + 3?") if isinstance(item, TextDelta)]

    assert "".join(delta.text for delta in deltas) == "It is 5."
    assert {delta.key for delta in deltas} == {"answer/think-1"}


async def test_the_result_of_a_stream_is_the_result_of_a_run() -> None:
    stream = Agent[int](llm=ScriptedLLM("5")).stream("2 + 3?")
    items = [item async for item in stream]

    last = items[-1]
    assert isinstance(last, Finished)
    assert last.result is stream.result
    assert stream.result.output == 5
    assert stream.result.trajectory == tuple(
        item for item in items if not isinstance(item, TextDelta | Finished)
    )


async def test_a_stream_that_has_not_ended_has_no_result() -> None:
    stream = Agent(llm=ScriptedLLM("5")).stream("2 + 3?")

    with pytest.raises(ConfigurationError, match="has not ended"):
        _ = stream.result


async def test_an_error_is_raised_where_the_end_would_be() -> None:
    llm = ScriptedLLM(call("add", a=2, b=3), LLMUnavailableError("gone"))
    reader = aiter(Agent(llm=llm, tools=[add]).stream("2 + 3?"))

    seen = [await anext(reader) for _ in range(4)]
    with pytest.raises(LLMUnavailableError, match="gone") as caught:
        await anext(reader)

    assert caught.value.trajectory == tuple(seen)
    assert [item.kind for item in caught.value.trajectory] == [
        "started",
        "thought",
        "acted",
        "failed",
    ]


async def test_a_stream_can_be_iterated_over_once() -> None:
    stream = Agent(llm=ScriptedLLM("5", "6")).stream("2 + 3?")
    _ = [item async for item in stream]

    with pytest.raises(ConfigurationError, match="once"):
        _ = [item async for item in stream]


async def test_two_readers_of_one_stream_are_refused() -> None:
    stream = Agent(llm=ScriptedLLM("5")).stream("2 + 3?")
    reader = aiter(stream)
    await anext(reader)

    with pytest.raises(ConfigurationError, match="once"):
        await anext(aiter(stream))
    assert isinstance([item async for item in reader][-1], Finished)


async def test_nothing_is_done_before_the_stream_is_read() -> None:
    llm = ScriptedLLM("5")

    Agent(llm=llm).stream("2 + 3?")
    await let_others_work()

    assert llm.requests == []


async def test_leaving_the_loop_early_cancels_the_run() -> None:
    llm = Talker(1, hangs=True)

    async for item in Agent(llm=llm).stream("talk"):
        if isinstance(item, TextDelta):
            break

    async with asyncio.timeout(5):
        await llm.stopped.wait()


async def test_a_stream_that_is_closed_has_stopped_the_run() -> None:
    llm = Talker(CAPACITY * 2)
    async with aclosing(aiter(Agent(llm=llm).stream("talk"))) as reader:
        await first_of(reader)

    assert llm.stopped.is_set()
    assert llm.written < CAPACITY * 2


async def test_a_cancelled_reader_cancels_the_run() -> None:
    llm = Talker(1, hangs=True)

    async def read() -> None:
        async for _ in Agent(llm=llm).stream("talk"):
            pass

    reader = asyncio.create_task(read())
    await let_others_work()
    assert not llm.stopped.is_set()
    reader.cancel()

    with pytest.raises(asyncio.CancelledError):
        await reader
    assert llm.stopped.is_set()


async def test_a_slow_reader_holds_the_model_back() -> None:
    llm = Talker(CAPACITY * 3)
    reader = aiter(Agent(llm=llm).stream("talk"))
    await first_of(reader)
    for _ in range(CAPACITY * 3):
        await asyncio.sleep(0)

    assert CAPACITY <= llm.written <= CAPACITY + 1

    rest = [item async for item in reader if isinstance(item, TextDelta)]
    assert len(rest) == CAPACITY * 3 - 1


async def test_the_listener_of_the_class_hears_a_streamed_run_too() -> None:
    heard: list[str] = []

    class Listening(Agent):
        def on_event(self, event: Event, /) -> None:
            heard.append(event.kind)

    _ = [item async for item in Listening(llm=ScriptedLLM("5")).stream("2 + 3?")]

    assert heard == ["started", "thought", "answered"]


def test_a_stream_can_be_made_before_there_is_a_loop() -> None:
    stream = Agent(llm=ScriptedLLM("5")).stream("2 + 3?")

    async def read(stream: RunStream[str]) -> None:
        async for _ in stream:
            pass

    asyncio.run(read(stream))

    assert stream.result.output == "5"
