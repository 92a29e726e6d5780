"""Whatever is cancelled or fails: nothing runs on, and no history has a call without its result."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentcore import (
    Agent,
    AgentCoreError,
    AssistantMessage,
    Budget,
    Event,
    LLMRequest,
    LLMUnavailableError,
    MemoryJournal,
    Message,
    TextDelta,
    ToolError,
    ToolMessage,
    tool,
)
from agentcore.memory import Conversation
from agentcore.messages import settle_calls
from agentcore.testing import FunctionLLM, Reply, ScriptedLLM, call


class Worker(Agent):
    """You work."""

    @tool
    async def hang(self) -> str:
        "Never end."
        await asyncio.sleep(60)
        return ""

    @tool
    async def quick(self) -> str:
        "End at once."
        return "done"

    @tool
    async def refuse(self) -> str:
        "Say no."
        raise ToolError("no")

    @tool
    async def crash(self) -> str:
        "Have a bug."
        raise ValueError("bug")


async def test_a_run_cancelled_in_the_middle_of_a_tool_stops_the_tool() -> None:
    started, stopped = asyncio.Event(), asyncio.Event()

    @tool
    async def hang() -> str:
        "Hang."
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()
        return ""

    journal = MemoryJournal()
    agent = Agent(llm=ScriptedLLM(call("hang")), tools=[hang])
    task = asyncio.create_task(agent.run("go", journal=journal))
    await started.wait()

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert stopped.is_set()
    assert [event.kind for event in journal.events()] == ["started", "thought", "failed"]


async def test_a_cancelled_run_resumes_and_records_no_branch_as_discarded() -> None:
    acted: asyncio.Queue[str] = asyncio.Queue()

    class Watched(Worker):
        def on_event(self, event: Event, /) -> None:
            if event.kind == "acted":
                acted.put_nowait(event.key)

    journal = MemoryJournal()
    llm = ScriptedLLM((call("quick"), call("hang"), call("quick")))
    task = asyncio.create_task(Watched(llm=llm).run("go", journal=journal))
    assert [await acted.get(), await acted.get()] == ["calls-1/0", "calls-1/2"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    class Mended(Worker):
        @tool
        async def hang(self) -> str:
            return "ended"

    Mended.__name__ = "Watched"  # a journal belongs to agents of one name
    again = ScriptedLLM("fine")
    result = await Mended(llm=again).run("go", journal=journal)

    assert result.output == "fine"
    contents = [m.content for m in again.requests[0].messages if isinstance(m, ToolMessage)]
    assert contents == ["done", "ended", "done"]
    assert all(event.kind != "settled" for event in journal.events())


async def test_leaving_a_stream_cancels_the_model() -> None:
    cancelled = asyncio.Event()

    async def endless(request: LLMRequest) -> str:
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()
        return ""

    async for _ in Agent(llm=FunctionLLM(endless)).stream("go"):
        break
    await asyncio.wait_for(cancelled.wait(), timeout=5)


async def test_a_stream_left_in_the_middle_of_the_text_ends_the_run() -> None:
    llm = ScriptedLLM("one two three four")
    seen: list[str] = []

    async for event in Agent(llm=llm).stream("go"):
        if isinstance(event, TextDelta):
            seen.append(event.text)
            break
    await asyncio.sleep(0)

    assert seen == ["one "]
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("agentcore")] == []


def is_whole(messages: Sequence[Message]) -> bool:
    return tuple(messages) == settle_calls(messages)


steps = st.lists(
    st.lists(st.sampled_from(["quick", "refuse", "crash", "hang", "unknown", "bad"]), max_size=3)
    | st.just("outage"),
    max_size=4,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.integers(0, 6), st.integers(0, 40))
def test_no_history_ever_holds_a_call_without_its_result(
    script: list[list[str] | str], max_steps: int, cancel_after: int
) -> None:
    async def check() -> None:
        llm = ScriptedLLM(*[_reply(step) for step in script], "end")
        memory, journal = Conversation(), MemoryJournal()
        budget = Budget(max_steps=max_steps or None, max_seconds=0.05)
        agent = Worker(llm=llm, memory=memory, budget=budget)
        task = asyncio.create_task(agent.run("go", session="s", journal=journal))
        histories: list[Sequence[Message]] = []
        failures: list[AgentCoreError] = []
        for _ in range(cancel_after):
            await asyncio.sleep(0)
        if cancel_after % 2:
            task.cancel()
        try:
            histories.append((await task).messages)
        except AgentCoreError as error:
            failures.append(error)
        except asyncio.CancelledError:
            pass
        histories += [error.messages for error in failures]
        histories += [request.messages for request in llm.requests]
        histories.append(await memory.history("s"))
        histories += [event.messages for event in journal.events() if event.kind == "started"]

        assert all(is_whole(history) for history in histories)
        assert all(error.trajectory for error in failures)

    asyncio.run(check())


def _reply(step: list[str] | str) -> Reply:
    if isinstance(step, str):
        return LLMUnavailableError("outage")
    if not step:
        return "some text"
    calls = [call(name) for name in step]
    return tuple(
        item.model_copy(update={"arguments": "{not json"}) if item.name == "bad" else item
        for item in calls
    )


async def test_a_bug_in_one_tool_ends_the_run_after_its_siblings_have_ended() -> None:
    llm = ScriptedLLM((call("crash"), call("quick"), call("refuse")))
    journal = MemoryJournal()

    with pytest.raises(AgentCoreError, match=r"crash.*ValueError: bug") as caught:
        await Worker(llm=llm).run("go", journal=journal)

    assert isinstance(caught.value.__cause__, ValueError)
    acted = [event.observation for event in journal.events() if event.kind == "acted"]
    assert sorted(seen.percept.text for seen in acted) == ["done", "no"]
    assert isinstance(caught.value.messages[-4], AssistantMessage)
    assert [message.content for message in caught.value.messages[-3:]][1:] == ["done", "no"]
