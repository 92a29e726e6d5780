"""Checks of calls that end early: cancelled by who asked, or by an error of who reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..completions import TextDelta
from ..interfaces import LLM, DeltaSink
from . import scenes
from .exchange import Exchange, Stall
from .suite import Suite, check, expect, expect_equal

__all__ = ["CancelChecks", "ReaderError", "expect_cancelled", "sink_that_waits"]


class ReaderError(Exception):
    """What a reader of the stream raises."""


class CancelChecks(Suite):
    """Cancelling a call stops the work behind it, and the next call works."""

    @check
    async def test_a_cancelled_call_stops_the_work_behind_it_and_the_next_one_works(self) -> None:
        await self._cancelled_while_it_waits(on_delta=None)

    @check
    async def test_a_cancelled_stream_stops_the_work_behind_it_and_the_next_call_works(
        self,
    ) -> None:
        async def sink(delta: TextDelta) -> None:
            raise AssertionError(f"nothing was answered, and this is streamed: {delta!r}")

        await self._cancelled_while_it_waits(on_delta=sink)

    @check
    async def test_a_call_that_is_cancelled_while_its_reader_is_slow_ends(self) -> None:
        async with self.playing(scenes.TEXT, scenes.TEXT) as (llm, _):
            begun, sink = sink_that_waits()
            task = asyncio.create_task(llm.complete(scenes.HELLO, on_delta=sink))
            await _until_begun(begun, task)
            await expect_cancelled(task)
            await _expect_next_works(llm)

    @check
    async def test_an_error_of_the_reader_is_its_own_and_the_next_call_works(self) -> None:
        async def sink(delta: TextDelta) -> None:
            raise ReaderError(delta.text)

        async with self.playing(scenes.TEXT, scenes.TEXT) as (llm, _):
            try:
                await llm.complete(scenes.HELLO, on_delta=sink)
            except ReaderError:
                await _expect_next_works(llm)
                return
        raise AssertionError("the sink raised, and the call went on as if nothing had happened")

    @check
    async def test_one_cancelled_call_leaves_the_others_alone(self) -> None:
        turns, cues = (Stall(), scenes.TEXT), ("Never.", "Say hello.")
        async with self.playing(*turns, cues=cues) as (llm, exchange):
            stalled = asyncio.create_task(llm.complete(scenes.ask("Never.")))
            await exchange.until(lambda side: len(side.sent) == 1)
            other = asyncio.create_task(llm.complete(scenes.HELLO))
            await asyncio.sleep(0)
            await expect_cancelled(stalled)
            expect_equal((await other).text, scenes.TEXT.text, "the answer to the other call")

    async def _cancelled_while_it_waits(self, on_delta: DeltaSink | None) -> None:
        async with self.playing(Stall(), scenes.TEXT) as (llm, exchange):
            task = asyncio.create_task(llm.complete(scenes.HELLO, on_delta=on_delta))
            await exchange.until(lambda side: len(side.sent) == 1)
            await expect_cancelled(task)
            await self.expect_soon(exchange, _has_stopped, _GOES_ON)
            await _expect_next_works(llm)

    async def expect_soon(
        self, exchange: Exchange, condition: Callable[[Exchange], bool], complaint: str
    ) -> None:
        """Fail with the complaint where the other side waits for something in vain."""
        try:
            async with asyncio.timeout(self.patience_s / 2):
                await exchange.until(condition)
        except TimeoutError as error:
            raise AssertionError(complaint) from error


_GOES_ON = "the call was cancelled, and the work behind it goes on"


def _has_stopped(exchange: Exchange) -> bool:
    return exchange.stops == 1


async def expect_cancelled(task: asyncio.Task[object]) -> None:
    """Cancel the call, and fail where it ends in another way."""
    task.cancel()
    (ending,) = await asyncio.gather(task, return_exceptions=True)
    cancelled = isinstance(ending, asyncio.CancelledError)
    expect(cancelled, f"a cancelled call has to raise CancelledError: it ended with {ending!r}")


def sink_that_waits() -> tuple[asyncio.Event, DeltaSink]:
    """A sink that never comes back, and what it sets when it is first called."""
    begun = asyncio.Event()

    async def sink(_delta: TextDelta) -> None:
        begun.set()
        await asyncio.Event().wait()

    return begun, sink


async def _until_begun(begun: asyncio.Event, task: asyncio.Task[object]) -> None:
    waiting = asyncio.create_task(begun.wait())
    await asyncio.wait({waiting, task}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    expect(begun.is_set(), f"the call ended and streamed nothing: {task!r}")


async def _expect_next_works(llm: LLM) -> None:
    completion = await llm.complete(scenes.HELLO)
    expect_equal(completion.text, scenes.TEXT.text, "the answer to the next call")
