"""Checks of what comes back: text, thinking, calls, usage; streaming changes none of it."""

from __future__ import annotations

import json

from ..completions import Completion, LLMRequest, TextDelta
from ..errors import ConfigurationError
from ..interfaces import LLM, Probing
from ..messages import ToolCall
from . import scenes
from .suite import Suite, check, expect, expect_equal, streamed

__all__ = ["AnswerChecks", "expect_same", "learnt"]


class AnswerChecks(Suite):
    """What a model answers arrives whole, streamed or not."""

    thinks = True
    """Whether the wire has a place for thinking; where not, none may come."""

    @check
    async def test_a_text_is_answered(self) -> None:
        await self._answered(scenes.TEXT)

    @check
    async def test_an_empty_answer_is_empty(self) -> None:
        await self._answered(scenes.EMPTY)

    @check
    async def test_an_answer_that_was_cut_off_says_so(self) -> None:
        await self._answered(scenes.CUT_OFF)

    @check
    async def test_thinking_is_kept_apart_from_the_answer(self) -> None:
        await self._answered(scenes.THOUGHTFUL)

    @check
    async def test_characters_of_all_kinds_arrive_whole(self) -> None:
        await self._answered(scenes.UNICODE)

    @check
    async def test_a_call_is_answered(self) -> None:
        await self._answered(scenes.answer(calls=scenes.CALLS[:1]))

    @check
    async def test_parallel_calls_keep_their_order_and_their_arguments(self) -> None:
        await self._answered(scenes.answer(calls=scenes.CALLS))

    @check
    async def test_calls_beside_text_are_both_there(self) -> None:
        await self._answered(scenes.answer("I look it up.", calls=scenes.CALLS[:2]))

    @check
    async def test_a_streamed_text_is_the_text(self) -> None:
        await self._streamed(scenes.TEXT)

    @check
    async def test_nothing_is_streamed_of_an_empty_answer(self) -> None:
        await self._streamed(scenes.EMPTY)

    @check
    async def test_a_streamed_answer_that_was_cut_off_says_so(self) -> None:
        await self._streamed(scenes.CUT_OFF)

    @check
    async def test_thinking_is_streamed_apart_from_the_answer(self) -> None:
        await self._streamed(scenes.THOUGHTFUL)

    @check
    async def test_characters_of_all_kinds_are_streamed_whole(self) -> None:
        await self._streamed(scenes.UNICODE)

    @check
    async def test_streamed_calls_are_the_calls(self) -> None:
        await self._streamed(scenes.answer(calls=scenes.CALLS))

    @check
    async def test_streamed_calls_beside_text_are_both_there(self) -> None:
        await self._streamed(scenes.answer("I look it up.", calls=scenes.CALLS[:2]))

    async def _answered(self, wanted: Completion) -> None:
        async with self.playing(wanted) as (llm, exchange):
            request = await _request_for(wanted, llm)
            if request is None:
                return
            expect_same(await llm.complete(request), wanted, thinks=self.thinks)
            expect_equal(len(exchange.sent), 1, "requests that were sent for one call")

    async def _streamed(self, wanted: Completion) -> None:
        async with self.playing(wanted, wanted) as (llm, _):
            request = await _request_for(wanted, llm)
            if request is None:
                return
            whole = await llm.complete(request)
            completion, deltas = await streamed(llm, request)
            expect_same(completion, wanted, thinks=self.thinks)
            expect_equal(
                completion.model_copy(update={"message": _without_ids(completion)}),
                whole.model_copy(update={"message": _without_ids(whole)}),
                "the streamed completion beside the one in one piece",
            )
            _expect_joined(deltas, completion)


def expect_same(got: Completion, wanted: Completion, *, thinks: bool) -> None:
    """Fail where an answer is not what the server gave."""
    expect_equal(got.text, wanted.text, "the text")
    thinking = wanted.message.thinking if thinks else ""
    expect_equal(got.message.thinking, thinking, "the thinking")
    calls = got.message.tool_calls
    expect_equal(
        [_read(call) for call in calls], [_read(c) for c in wanted.message.tool_calls], "the calls"
    )
    ids = [call.id for call in calls]
    expect(all(ids) and len(set(ids)) == len(ids), f"calls need ids that differ: got {ids!r}")
    expect_equal(got.finish_reason, wanted.finish_reason, "the finish_reason")
    expect_equal(got.usage, wanted.usage, "the usage")


async def learnt(llm: LLM) -> LLM:
    """The LLM, which now knows its abilities."""
    if isinstance(llm, Probing):
        await llm.probe()
    return llm


async def _request_for(wanted: Completion, llm: LLM) -> LLMRequest | None:
    """What to ask for the answer; nothing where the model takes no tools, and says so."""
    if not wanted.message.tool_calls:
        return scenes.HELLO
    request = LLMRequest(scenes.HELLO.messages, tools=scenes.TOOLS)
    if (await learnt(llm)).abilities.tools:
        return request
    try:
        await llm.complete(request)
    except ConfigurationError:
        return None
    raise AssertionError("abilities say tools=False, and tools were taken: ConfigurationError")


def _expect_joined(deltas: list[TextDelta], completion: Completion) -> None:
    expect(all(delta.text for delta in deltas), f"a streamed piece is empty: {deltas!r}")
    for thinking, text in ((False, completion.text), (True, completion.message.thinking)):
        joined = "".join(delta.text for delta in deltas if delta.thinking is thinking)
        expect_equal(joined, text, f"the streamed pieces (thinking={thinking}), joined")


def _read(call: ToolCall) -> tuple[str, object]:
    """A call without its id; servers may write its arguments with other white space."""
    try:
        return call.name, json.loads(call.arguments)
    except ValueError:
        return call.name, call.arguments


def _without_ids(completion: Completion) -> object:
    """The message; a model inside the process may give each answer's calls ids of their own."""
    calls = tuple(call.model_copy(update={"id": ""}) for call in completion.message.tool_calls)
    return completion.message.model_copy(update={"tool_calls": calls})
