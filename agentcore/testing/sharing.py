"""Checks of one object in many hands: concurrent calls, several event loops, closing."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from ..completions import LLMRequest
from ..errors import ConfigurationError
from ..interfaces import LLM
from . import scenes
from .exchange import Exchange
from .suite import Suite, check, expect, expect_equal, streamed

__all__ = ["SharingChecks"]

_QUESTIONS = [f"question-{number}." for number in range(5)]
_ANSWERS = [scenes.answer(f"The answer to question {number}.") for number in range(5)]


class SharingChecks(Suite):
    """One object serves any number of concurrent calls, from any number of event loops."""

    @check
    async def test_concurrent_calls_get_their_own_answers(self) -> None:
        async with self.playing(*_ANSWERS, cues=_QUESTIONS) as (llm, _):
            calls = (llm.complete(scenes.ask(question)) for question in _QUESTIONS)
            got = [completion.text for completion in await asyncio.gather(*calls)]
        expect_equal(got, [item.text for item in _ANSWERS], "the answers to concurrent calls")

    @check
    async def test_concurrent_streams_are_not_mixed(self) -> None:
        async with self.playing(*_ANSWERS, cues=_QUESTIONS) as (llm, _):
            calls = (streamed(llm, scenes.ask(question)) for question in _QUESTIONS)
            results = await asyncio.gather(*calls)
        got = ["".join(delta.text for delta in deltas) for _, deltas in results]
        expect_equal(got, [item.text for item in _ANSWERS], "what concurrent calls streamed")

    def test_one_object_works_from_loop_after_loop(self) -> None:
        llm = self.make(Exchange([scenes.TEXT] * 3))
        got = [asyncio.run(_asked(llm, scenes.HELLO)) for _ in range(2)]
        got.append(asyncio.run(_asked(llm, scenes.HELLO, close=True)))
        expect_equal(got, [scenes.TEXT.text] * 3, "the answers in three event loops")

    def test_one_object_works_from_several_loops_at_once(self) -> None:
        llm = self.make(Exchange(_ANSWERS, cues=_QUESTIONS))
        in_order = len(_QUESTIONS) - 1
        with ThreadPoolExecutor(in_order) as pool:
            asked = [
                pool.submit(asyncio.run, _asked(llm, scenes.ask(question)))
                for question in _QUESTIONS[:in_order]
            ]
            got = {future.result(self.patience_s) for future in asked}
        got.add(asyncio.run(_asked(llm, scenes.ask(_QUESTIONS[-1]), close=True)))
        expect_equal(got, {item.text for item in _ANSWERS}, "the answers in loops side by side")

    @check
    async def test_closing_twice_is_allowed_also_where_nothing_was_asked(self) -> None:
        for turns in ((), (scenes.TEXT,)):
            async with self.playing(*turns) as (llm, _):
                for _turn in turns:
                    await llm.complete(scenes.HELLO)
                await llm.aclose()
                await llm.aclose()

    @check
    async def test_a_call_after_closing_is_answered_or_refused(self) -> None:
        async with self.playing(scenes.TEXT, scenes.TEXT) as (llm, _):
            await llm.complete(scenes.HELLO)
            await llm.aclose()
            try:
                completion = await llm.complete(scenes.HELLO)
            except ConfigurationError as error:
                expect("closed" in str(error), f"the refusal does not say why: {error}")
            else:
                expect_equal(completion.text, scenes.TEXT.text, "the answer after closing")

    @check
    async def test_the_name_is_there_before_the_first_call_and_stays(self) -> None:
        async with self.playing(scenes.TEXT) as (llm, _):
            before = llm.name
            expect(before.strip(), "the name is empty: it tells users which model failed")
            await llm.complete(scenes.HELLO)
            expect_equal(llm.name, before, "the name after a call")


async def _asked(llm: LLM, request: LLMRequest, *, close: bool = False) -> str:
    completion = await llm.complete(request)
    if close:
        await llm.aclose()
    return completion.text
