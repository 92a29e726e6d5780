"""Which failures are tried again, after which waits, and when it is given up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import respx

from agentcore import (
    Agent,
    AuthenticationError,
    Budget,
    Completion,
    ConfigurationError,
    LLMError,
    LLMRequest,
    LLMUnavailableError,
    MemoryJournal,
    RateLimitError,
    StepLimitError,
    TextDelta,
    TimeLimitError,
    UserMessage,
)
from agentcore.brain import DirectCalls, Probed, Retrying
from agentcore.interfaces import DeltaSink
from agentcore.testing import FunctionLLM, ScriptedLLM

HELLO = LLMRequest(messages=(UserMessage(content="hello"),))
DOWN = LLMUnavailableError("down")


class Waits(list[float]):
    """Remembers the waits, and does not wait."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


async def ask(llm: Retrying, waits: Waits, *, drawn: float = 0.0) -> str:
    calls = DirectCalls(wait=waits, draw=lambda: drawn)
    return (await llm.compose(HELLO, calls)).text


async def test_waits_double_up_to_the_longest() -> None:
    waits = Waits()
    script = [DOWN] * 5

    text = await ask(Retrying(ScriptedLLM(*script, "up"), max_attempts=6, longest_wait_s=5), waits)

    assert (text, waits) == ("up", [1, 2, 4, 5, 5])


async def test_a_wait_is_longer_by_up_to_a_quarter_at_random() -> None:
    waits = Waits()

    await ask(Retrying(ScriptedLLM(DOWN, "up"), first_wait_s=8), waits, drawn=0.5)

    assert waits == [9]


async def test_what_the_server_asks_to_wait_is_waited_at_least() -> None:
    waits = Waits()
    busy = RateLimitError("busy", retry_after_s=40)

    await ask(Retrying(ScriptedLLM(busy, "up"), longest_wait_s=5), waits)

    assert waits == [40]


async def test_a_wait_beyond_all_seconds_is_not_begun() -> None:
    waits = Waits()
    llm = ScriptedLLM(DOWN, RateLimitError("busy", retry_after_s=100))

    with pytest.raises(RateLimitError, match="busy"):
        await ask(Retrying(llm, max_attempts=9, total_wait_s=100), waits)

    assert waits == [1]


async def test_the_last_error_is_raised_unchanged() -> None:
    last = LLMUnavailableError("third", backend="x")
    llm = ScriptedLLM(DOWN, DOWN, last)

    with pytest.raises(LLMUnavailableError) as caught:
        await ask(Retrying(llm), Waits())

    assert caught.value is last
    assert [sent.messages for sent in llm.requests] == [HELLO.messages] * 3


@pytest.mark.parametrize("error", [AuthenticationError("no key"), LLMError("bad request")])
async def test_what_cannot_pass_is_raised_at_once(error: LLMError) -> None:
    llm = ScriptedLLM(error)

    with pytest.raises(type(error)) as caught:
        await ask(Retrying(llm), Waits())

    assert caught.value is error
    assert len(llm.requests) == 1


class Breaking(ScriptedLLM):
    """Streams a word, and breaks off the first time."""

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        if on_delta is not None and not self.requests:
            await on_delta(TextDelta(text="half"))
        return await super().complete(request, on_delta=on_delta)


async def test_an_attempt_that_streamed_is_not_replaced() -> None:
    llm, seen = Breaking(DOWN, "whole"), list[str]()

    async def listen(delta: TextDelta) -> None:
        seen.append(delta.text)

    with pytest.raises(LLMUnavailableError):
        await Retrying(llm, first_wait_s=0).complete(HELLO, on_delta=listen)

    assert seen == ["half"]
    again = Breaking(DOWN, "whole")
    assert (await Retrying(again, first_wait_s=0).complete(HELLO)).text == "whole"


async def test_a_failure_before_the_first_word_is_replaced_in_silence() -> None:
    seen = list[str]()

    async def listen(delta: TextDelta) -> None:
        seen.append(delta.text)

    llm = Retrying(ScriptedLLM(DOWN, "so it is"), first_wait_s=0)
    await llm.complete(HELLO, on_delta=listen)

    assert "".join(seen) == "so it is"


async def test_in_a_run_each_attempt_is_a_step_and_each_wait_is_recorded() -> None:
    journal = MemoryJournal()
    llm = Retrying(ScriptedLLM(DOWN, "up"), first_wait_s=0)

    result = await Agent(llm=llm).run("go", journal=journal)

    kinds = [(event.key.removeprefix("answer/"), event.kind) for event in journal.events()[1:-1]]
    assert kinds == [
        ("think-1/llm-1", "failed"),
        ("think-1/random-1", "drawn"),
        ("think-1/sleep-1", "timed"),
        ("think-1/llm-2", "thought"),
        ("think-1", "thought"),
    ]
    assert (result.output, result.usage.steps) == ("up", 2)


async def test_a_run_resumed_after_the_wait_does_not_wait_again() -> None:
    journal = MemoryJournal()
    llm = Retrying(ScriptedLLM(DOWN, "up"), first_wait_s=0)
    await Agent(llm=llm).run("go", journal=journal)
    keys = [event.key for event in journal.events()]
    resumed = MemoryJournal(journal.events()[: keys.index("answer/think-1/sleep-1") + 1])

    slow = Retrying(ScriptedLLM("up"), first_wait_s=9999, longest_wait_s=9999, total_wait_s=99999)
    result = await Agent(llm=slow).run("go", journal=resumed)

    assert (result.output, result.usage.steps) == ("up", 2)


async def test_retries_stay_within_the_steps_of_the_run() -> None:
    llm = FunctionLLM(lambda _: DOWN)
    retrying = Retrying(llm, max_attempts=9, first_wait_s=0)

    with pytest.raises(StepLimitError):
        await Agent(llm=retrying, budget=Budget(max_steps=3)).run("go")

    assert len(llm.requests) == 3


async def test_a_wait_ends_with_the_seconds_of_the_run() -> None:
    llm = Retrying(ScriptedLLM(DOWN), first_wait_s=3600, longest_wait_s=3600, total_wait_s=9000)

    with pytest.raises(TimeLimitError):
        await Agent(llm=llm, budget=Budget(max_seconds=0.02)).run("go")


async def test_a_wait_can_be_cancelled() -> None:
    waiting = asyncio.Event()

    async def wait(_: float) -> None:
        waiting.set()
        await asyncio.get_running_loop().create_future()

    calls = DirectCalls(wait=wait)
    task = asyncio.create_task(Retrying(ScriptedLLM(DOWN)).compose(HELLO, calls))
    await waiting.wait()
    task.cancel()
    await asyncio.wait((task,))

    assert task.cancelled()


async def test_a_model_given_by_name_does_not_try_again_by_itself() -> None:
    with respx.mock(using="httpcore2") as router:
        router.get(url__regex=r".*/models").respond(json={"data": []})
        asked = router.post(url__regex=r".*/chat/completions").respond(503)
        llm = Retrying("vllm:qwen3", max_attempts=2)
        with pytest.raises(LLMUnavailableError):
            await ask(llm, Waits())
        await llm.aclose()

    assert asked.call_count == 2


@pytest.mark.parametrize("option", [{"max_attempts": 0}, {"first_wait_s": -1}])
def test_bounds_that_make_no_sense_are_refused(option: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match="at least one"):
        Retrying(ScriptedLLM(), **option)


def test_what_is_no_model_is_refused_when_it_is_made() -> None:
    with pytest.raises(ConfigurationError, match="is no LLM"):
        Retrying(42)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def test_probes_are_tried_again_as_well(tmp_path: Path) -> None:
    asked: list[LLMRequest] = []

    def reply(request: LLMRequest) -> str | RateLimitError:
        asked.append(request)
        return RateLimitError("slow", backend="m") if len(asked) in (1, 4) else "hi"

    model = Probed(FunctionLLM(reply), cache_dir=tmp_path)
    result = await Agent(llm=Retrying(model, first_wait_s=0)).run("?")

    assert result.output == "hi"
    assert asked[0] == asked[1] != asked[2]
    assert asked[3] == asked[4] != asked[5]
