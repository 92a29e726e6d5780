"""What all wrappers share: whom they close, and that any nest of them resumes and replays."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from agentcore import (
    LLM,
    Abilities,
    Agent,
    AssistantMessage,
    Completion,
    LLMRequest,
    LLMUnavailableError,
    MemoryJournal,
    ModelCalls,
    UserMessage,
)
from agentcore.brain import (
    AgreementConfidence,
    Cached,
    Cascade,
    Draft,
    Fallback,
    LogprobConfidence,
    RateLimit,
    RateLimited,
    Retrying,
    Vote,
)
from agentcore.brain.members import Members
from agentcore.completions import TokenLogprob
from agentcore.interfaces import Probing
from agentcore.testing import FunctionLLM, ScriptedLLM

HELLO = LLMRequest(messages=(UserMessage(content="hello"),))
Wrap = Callable[[LLM, Path], LLM]

WRAPPERS: dict[str, Wrap] = {
    "retrying": lambda llm, _: Retrying(llm),
    "fallback": lambda llm, _: Fallback(llm, llm),
    "cascade": lambda llm, _: Cascade(llm, llm, confidence=Sure(), threshold=0.5),
    "vote": lambda llm, _: Vote(llm, samples=3, judge=llm),
    "cached": lambda llm, path: Cached(llm, path / "cache.db"),
    "rate-limited": lambda llm, _: RateLimited(llm, RateLimit(requests_per_minute=100)),
}


class Sure:
    async def draft(self, llm: LLM, request: LLMRequest, calls: ModelCalls) -> Draft:
        return Draft(await calls.complete(llm, request), 1.0)


class Closing(FunctionLLM):
    is_closed = False

    async def aclose(self) -> None:
        self.is_closed = True

    async def probe(self) -> Abilities:
        return Abilities(tools=False)


@pytest.mark.parametrize("name", WRAPPERS)
async def test_a_wrapper_is_an_llm_that_composes(name: str, tmp_path: Path) -> None:
    inner = Closing(lambda _: "hi", abilities=Abilities(images=True, context_tokens=5000))
    llm = WRAPPERS[name](inner, tmp_path)

    assert hasattr(llm, "compose")
    assert llm.name.startswith(f"{name}(function")
    assert (llm.abilities.images, llm.abilities.context_tokens) == (True, 5000)
    assert isinstance(llm, Probing)
    assert (await llm.probe()).tools is False
    assert (await llm.complete(HELLO)).text == "hi"
    await llm.aclose()
    await llm.aclose()
    assert not inner.is_closed


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_wrapper_serves_several_event_loops(name: str, tmp_path: Path) -> None:
    llm = WRAPPERS[name](FunctionLLM(lambda _: "hi"), tmp_path)

    async def ask() -> list[str]:
        answers = await asyncio.gather(*(llm.complete(HELLO) for _ in range(3)))
        return [answer.text for answer in answers]

    assert [asyncio.run(ask()), asyncio.run(ask())] == [["hi"] * 3] * 2


@pytest.mark.parametrize("name", WRAPPERS)
async def test_a_call_that_is_cancelled_stops_the_work_behind_it(name: str, tmp_path: Path) -> None:
    stopped = asyncio.Event()
    begun = asyncio.Event()

    async def hang(_: LLMRequest) -> str:
        begun.set()
        try:
            return await asyncio.get_running_loop().create_future()
        finally:
            stopped.set()

    task = asyncio.create_task(WRAPPERS[name](FunctionLLM(hang), tmp_path).complete(HELLO))
    await begun.wait()
    task.cancel()
    await asyncio.wait((task,))

    assert task.cancelled()
    assert stopped.is_set()


async def test_what_was_given_by_name_is_closed_and_what_was_given_as_an_object_is_not() -> None:
    given = Closing(lambda _: "hi")
    members = Members("vllm:qwen3", given)

    await members.aclose()

    assert [llm.name for llm in members.owned] == ["vllm:qwen3"]
    assert not given.is_closed


class World:
    """Models whose answers follow from the request; the n-th call of the flaky one fails."""

    def __init__(self, *, is_dead: bool = False) -> None:
        self.is_dead = is_dead
        self.flaky = FunctionLLM(self._flaky)
        self.sure = FunctionLLM(self._sure)

    def _flaky(self, request: LLMRequest) -> LLMUnavailableError:
        assert not self.is_dead
        return LLMUnavailableError("down")

    def _sure(self, request: LLMRequest) -> Completion:
        assert not self.is_dead
        seed = request.sampling.seed or 0
        message = AssistantMessage(content=f"{request.messages[-1].content} {seed % 2}")
        return Completion(message=message, logprobs=(TokenLogprob(token="x", logprob=-1.0),))


_numbers = count()


def nest(world: World, folder: Path) -> LLM:
    """All of them in one; the cache is a new one, so that a prefix meets a cold one."""
    path = folder / f"{next(_numbers)}.db"
    limited = RateLimited(world.sure, RateLimit(requests_per_minute=1000))
    vote = Vote(limited, world.sure, samples=4, variants=[lambda request: request, shouted])
    agreement = AgreementConfidence(3)
    cascade = Cascade(vote, world.sure, confidence=agreement, threshold=0.9)
    small = Cascade(world.sure, cascade, confidence=LogprobConfidence(), threshold=math.exp(-0.5))
    return Retrying(
        Fallback(Retrying(world.flaky, max_attempts=2, first_wait_s=0), Cached(small, path)),
        first_wait_s=0,
    )


def shouted(request: LLMRequest) -> LLMRequest:
    return replace(request, messages=(*request.messages, UserMessage(content="LOUD")))


async def test_a_nest_of_all_resumes_from_every_prefix_and_replays_without_a_call(
    tmp_path: Path,
) -> None:
    journal = MemoryJournal()
    first = await Agent(llm=nest(World(), tmp_path)).run("go", journal=journal)
    events = journal.events()
    assert len(events) > 20

    for length in range(len(events) + 1):
        resumed = MemoryJournal(events[:length])
        again = await Agent(llm=nest(World(), tmp_path)).run("go", journal=resumed)
        dead = Agent(llm=nest(World(is_dead=True), tmp_path))
        replayed = await dead.run("go", journal=resumed)

        assert again.output == replayed.output == first.output, length
        assert replayed.usage == again.usage


async def test_a_nest_outside_of_a_run_answers_the_same(tmp_path: Path) -> None:
    journal = MemoryJournal()
    inside = await Agent(llm=nest(World(), tmp_path)).run("go", journal=journal)
    sent = LLMRequest(messages=inside.messages[:-1])

    assert (await nest(World(), tmp_path).complete(sent)).text == inside.output


def test_a_script_can_stand_in_for_any_of_them() -> None:
    assert Agent(llm=Retrying(ScriptedLLM("hi"))).run_sync("go").output == "hi"
