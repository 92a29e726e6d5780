from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agentcore import (
    Abilities,
    Agent,
    Budget,
    Completion,
    ConfigurationError,
    LLMError,
    LLMRequest,
    LLMUnavailableError,
    MemoryJournal,
    ModelCalls,
    StepLimitError,
    UserMessage,
    tool,
)
from agentcore.brain.passport import ContextFinding, Finding, Passport
from agentcore.brain.passport_store import PassportStore
from agentcore.brain.probed import Probed
from agentcore.interfaces import DeltaSink
from agentcore.planners import ReAct, ToolCalling
from agentcore.testing import FunctionLLM, Reply

YES = Finding(outcome="yes", why="seen")
NO = Finding(outcome="no", why="seen")
PROBES = 12
"""Calls that a model without tools and images gets, and whose window is not probed."""
HELLO = LLMRequest((UserMessage(content="hi"),))


def plain(request: LLMRequest) -> Reply:
    return "42"


def passport(**findings: Finding) -> Passport:
    return Passport(name="function", identity="function").model_copy(update=findings)


async def test_a_model_is_probed_once_and_known_to_other_processes(tmp_path: Path) -> None:
    first, second = FunctionLLM(plain), FunctionLLM(plain)
    probed = Probed(first, cache_dir=tmp_path, context_up_to=0)

    abilities = await probed.probe()
    await probed.probe()
    calls = len(first.requests)

    assert await Probed(second, cache_dir=tmp_path).probe() == abilities
    assert (calls, len(second.requests)) == (PROBES, 0)
    assert not abilities.tools


async def test_a_model_is_probed_anew_on_demand(tmp_path: Path) -> None:
    llm = FunctionLLM(plain)
    await Probed(llm, cache_dir=tmp_path, context_up_to=0).probe()
    before = len(llm.requests)

    await Probed(llm, cache_dir=tmp_path, context_up_to=0).probe_again()

    assert len(llm.requests) == 2 * before


async def test_a_given_passport_is_believed_and_nothing_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(passport(tools=NO).to_json(), encoding="utf-8")
    llm = FunctionLLM(plain)

    abilities = await Probed(llm, passport=path).probe()

    assert not abilities.tools
    assert llm.requests == []


async def test_probes_are_a_part_of_the_run_that_needs_them(tmp_path: Path) -> None:
    agent = Agent(llm=Probed(FunctionLLM(plain), cache_dir=tmp_path, context_up_to=0))

    first, second = await agent.run("?"), await agent.run("?")

    keys = [event.key for event in first.trajectory]
    assert keys[:2] == ["start/llm-1", "start/llm-2"]
    assert (first.usage.steps, second.usage.steps) == (PROBES + 2, 1)
    assert sum(event.usage.steps for event in first.trajectory if event.usage) == PROBES + 2


async def test_a_probed_run_is_replayed_without_asking(tmp_path: Path) -> None:
    journal = MemoryJournal()
    llm = Probed(FunctionLLM(plain), cache_dir=tmp_path, context_up_to=0)
    first = await Agent(llm=llm).run("?", journal=journal)
    dead = FunctionLLM(lambda request: LLMUnavailableError("gone"))

    again = await Agent(llm=Probed(dead, cache_dir=tmp_path / "other")).run("?", journal=journal)

    assert again.output == first.output
    assert dead.requests == []


async def test_probing_that_was_interrupted_goes_on_where_it_was(tmp_path: Path) -> None:
    def dies(request: LLMRequest) -> Reply:
        return LLMUnavailableError("gone") if len(mortal.requests) > 6 else "42"

    journal, mortal, alive = MemoryJournal(), FunctionLLM(dies), FunctionLLM(plain)
    with pytest.raises(LLMUnavailableError):
        await Agent(llm=Probed(mortal, cache_dir=tmp_path, context_up_to=0)).run(
            "?", journal=journal
        )

    llm = Probed(alive, cache_dir=tmp_path, context_up_to=0)
    result = await Agent(llm=llm).run("?", journal=journal)

    assert result.output == "42"
    assert len(alive.requests) == PROBES + 1 - 6


async def test_a_budget_too_small_for_the_probes_says_what_to_do(tmp_path: Path) -> None:
    llm = Probed(FunctionLLM(plain), cache_dir=tmp_path)

    with pytest.raises(StepLimitError, match="run `agentcore probe function` once before"):
        await Agent(llm=llm, budget=Budget(max_steps=5)).run("?")

    assert PassportStore(tmp_path).find("function", "function") is None


async def test_of_runs_that_begin_together_one_probes(tmp_path: Path) -> None:
    llm = FunctionLLM(plain)
    agent = Agent(llm=Probed(llm, cache_dir=tmp_path, context_up_to=0))

    await asyncio.gather(*(agent.run("?") for _ in range(5)))

    assert len(llm.requests) == PROBES + 5


async def test_where_the_first_run_fails_to_probe_the_next_one_does(tmp_path: Path) -> None:
    def reply(request: LLMRequest) -> Reply:
        return LLMUnavailableError("not yet") if len(llm.requests) == 1 else "42"

    llm = FunctionLLM(reply)
    agent = Agent(llm=Probed(llm, cache_dir=tmp_path, context_up_to=0))
    with pytest.raises(LLMUnavailableError):
        await agent.run("?")

    assert (await agent.run("?")).output == "42"


@pytest.mark.parametrize(("finding", "planner"), [(YES, ToolCalling), (NO, ReAct)])
async def test_the_planner_follows_from_the_passport(finding: Finding, planner: type) -> None:
    @tool
    def add(a: int) -> int:
        "Add."
        return a

    llm = FunctionLLM(lambda request: '{"action": "final_answer", "answer": "1"}')

    await Agent(llm=Probed(llm, passport=passport(tools=finding)), tools=[add]).run("?")

    assert bool(llm.requests[0].tools) is (planner is ToolCalling)


async def test_complete_never_probes() -> None:
    llm = FunctionLLM(plain)

    await Probed(llm).complete(HELLO)

    assert llm.requests == [HELLO]


async def test_without_a_probe_a_kept_passport_is_used(tmp_path: Path) -> None:
    await Probed(FunctionLLM(plain), cache_dir=tmp_path, context_up_to=0).probe()
    llm = Probed(FunctionLLM(plain), cache_dir=tmp_path)

    await llm.complete(HELLO)

    assert llm.passport is not None
    assert not llm.abilities.tools


def test_a_model_made_of_others_is_not_probed() -> None:
    class Both(FunctionLLM):
        async def compose(
            self, request: LLMRequest, calls: ModelCalls, *, on_delta: DeltaSink | None = None
        ) -> Completion:
            raise LLMError("never asked")

    with pytest.raises(ConfigurationError, match="wrap each of them"):
        Probed(Both(plain))


async def test_a_model_that_was_passed_in_stays_open() -> None:
    class Closing(FunctionLLM):
        is_closed = False

        async def aclose(self) -> None:
            self.is_closed = True

    llm = Closing(plain)
    await Probed(llm).aclose()

    assert not llm.is_closed


async def test_the_window_of_the_passport_is_set_where_it_can_be() -> None:
    class Windowed(FunctionLLM):
        window = 0

        def with_window(self, context_tokens: int) -> Windowed:
            other = Windowed(plain, abilities=Abilities(context_tokens=context_tokens))
            other.window = context_tokens
            return other

    given = passport(context=ContextFinding(outcome="yes", why="", tokens=1000))

    assert Probed(Windowed(plain), passport=given).abilities.context_tokens == 1000
