"""Options, hooks and inputs that are not what they should be: each is named when it is met."""

from __future__ import annotations

import copy

import pytest

from agentcore import (
    Agent,
    ConfigurationError,
    Event,
    LLMUnavailableError,
    MemoryJournal,
    tool,
)
from agentcore.testing import FunctionLLM, ScriptedLLM


async def test_options_that_are_none_are_not_given() -> None:
    options = {"session": None, "history": None, "journal": None, "decisions": None, "budget": None}

    result = await Agent(llm=ScriptedLLM("hi")).run("go", **options)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    assert result.output == "hi"


@pytest.mark.parametrize(
    "options",
    [
        {"session": 5},
        {"history": "abc"},
        {"history": [{"role": "user"}]},
        {"journal": "path"},
        {"journal": MemoryJournal},
        {"decisions": {"act-1": "approve"}},
        {"budget": 10},
    ],
    ids=repr,
)
async def test_a_wrong_run_option_is_named(options: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        await Agent(llm=ScriptedLLM("hi")).run("go", **options)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("text", ["caf\udce9", "\x00", "a" * 1_000_000, "👩‍👩‍👧"])
async def test_any_text_can_be_a_task(text: str) -> None:
    llm, journal = (
        FunctionLLM(lambda request: str(request.messages[-1].content)[:9]),
        MemoryJournal(),
    )

    result = await Agent(llm=llm, instructions=text).run(text, journal=journal)

    assert result.output
    assert all(event.encoded for event in journal.events())


def test_an_agent_says_that_it_cannot_be_copied() -> None:
    with pytest.raises(ConfigurationError, match="make another one"):
        copy.copy(Agent(llm=ScriptedLLM()))


def test_a_hook_that_is_async_is_refused() -> None:
    class Hooked(Agent):
        async def on_event(self, event: Event, /) -> None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
            pass

    with pytest.raises(ConfigurationError, match=r"Hooked\.on_event is async"):
        Hooked(llm=ScriptedLLM())


def test_a_tool_may_not_hide_a_method_of_agent() -> None:
    class Runner(Agent):
        @tool
        def run(self, distance: int) -> str:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
            "Run."
            return ""

    with pytest.raises(ConfigurationError, match="hides a method of Agent"):
        Runner(llm=ScriptedLLM())


async def test_an_error_object_raised_in_two_runs_carries_each_runs_own_trajectory() -> None:
    error = LLMUnavailableError("down")
    agent = Agent(llm=FunctionLLM(lambda _: error))
    trajectories: list[int] = []
    for _ in range(2):
        with pytest.raises(LLMUnavailableError) as caught:
            await agent.run("go")
        trajectories.append(id(caught.value.trajectory))

    assert len(set(trajectories)) == 2
