"""Checks of a stream's bytes: they arrive in any pieces, or stop arriving; and of what is sent."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from ..completions import LLMRequest, TextDelta
from ..messages import AssistantMessage, UserMessage
from . import scenes
from .answers import expect_same, learnt
from .cancelling import CancelChecks, ReaderError, expect_cancelled
from .exchange import leaves_of
from .failures import ServedSuite
from .server import HTTPReply, to_reply
from .suite import check, expect, expect_equal, streamed

__all__ = ["StreamChecks"]

_CUT_TEXT = scenes.answer("né 漢 😀.")
_ASCII = 128


class StreamChecks(ServedSuite, CancelChecks):
    """The network cuts a stream where it likes, and a stream that is let go is closed."""

    @check
    async def test_a_character_cut_in_two_anywhere_arrives_whole(self) -> None:
        body = self._body()
        cuts = [place for place in range(1, len(body)) if body[place] >= _ASCII]
        expect(
            cuts, "the wire escapes what is beyond ASCII: use json.dumps(..., ensure_ascii=False)"
        )
        turns = [self._in_pieces(body[:cut], body[cut:]) for cut in cuts]
        await self._arrives_whole(turns)

    @check
    async def test_a_stream_of_single_bytes_arrives_whole(self) -> None:
        body = self._body()
        await self._arrives_whole([self._in_pieces(*(body[n : n + 1] for n in range(len(body))))])

    @check
    async def test_a_stream_in_one_piece_arrives_whole(self) -> None:
        await self._arrives_whole([self._in_pieces(self._body())])

    @check
    async def test_text_is_streamed_while_it_comes_and_a_cancelled_stream_is_closed(self) -> None:
        async with self.playing(self._stalled()) as (llm, exchange):
            begun = asyncio.Event()

            async def sink(_delta: TextDelta) -> None:
                begun.set()

            task = asyncio.create_task(llm.complete(scenes.HELLO, on_delta=sink))
            if self.streams:
                await begun.wait()
            await exchange.until(lambda side: len(side.sent) == 1)
            await expect_cancelled(task)
            await self.expect_soon(
                exchange, lambda side: side.stops == 1, "a cancelled stream is not closed"
            )

    @check
    async def test_an_error_of_the_reader_closes_the_stream(self) -> None:
        async def sink(delta: TextDelta) -> None:
            raise ReaderError(delta.text)

        if not self.streams:
            return  # nothing is open any more when the reader gets its text
        async with self.playing(self._stalled()) as (llm, exchange):
            try:
                await llm.complete(scenes.HELLO, on_delta=sink)
            except ReaderError:
                await self.expect_soon(
                    exchange, lambda side: side.stops == 1, "the reader has gone: close the stream"
                )
                return
        raise AssertionError("the sink raised, and the call went on as if nothing had happened")

    @check
    async def test_calls_that_come_without_ids_get_some(self) -> None:
        bare = tuple(call.model_copy(update={"id": ""}) for call in scenes.CALLS[:2])
        wanted = scenes.answer(calls=bare)
        request = replace(scenes.HELLO, tools=scenes.TOOLS)
        async with self.playing(wanted, wanted) as (llm, _):
            if not (await learnt(llm)).abilities.tools:
                return  # `test_a_call_is_answered` sees that tools are refused
            expect_same(await llm.complete(request), wanted, thinks=False)
            completion, _deltas = await streamed(llm, request)
            expect_same(completion, wanted, thinks=False)

    @check
    async def test_thinking_is_never_sent_back(self) -> None:
        said = AssistantMessage(content="Four.", thinking="mark-of-thought")
        async with self.playing(scenes.TEXT) as (llm, exchange):
            await llm.complete(LLMRequest((*scenes.HELLO.messages, said, UserMessage(content="?"))))
            leaves = leaves_of(exchange.sent[0])
        expect("mark-of-thought" not in " ".join(leaves), f"thinking is sent back: {leaves}")

    def _body(self) -> bytes:
        return b"".join(to_reply(self, _CUT_TEXT, stream=self.streams).pieces)

    def _in_pieces(self, *pieces: bytes) -> HTTPReply:
        return replace(to_reply(self, _CUT_TEXT, stream=self.streams), pieces=pieces)

    def _stalled(self) -> HTTPReply:
        """A stream that has begun, with text, and never goes on."""
        return replace(self.half(stream=self.streams), ends="stalls")

    async def _arrives_whole(self, turns: list[HTTPReply]) -> None:
        async with self.playing(*turns) as (llm, _):
            for turn in turns:
                completion, deltas = await streamed(llm, scenes.HELLO)
                pieces = "".join(delta.text for delta in deltas)
                expect_equal(completion.text, _CUT_TEXT.text, f"the text of {turn.pieces}")
                expect_equal(pieces, _CUT_TEXT.text, f"the streamed text of {turn.pieces}")
