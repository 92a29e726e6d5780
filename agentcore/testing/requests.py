"""Checks of what is sent: the conversation, tools, schema, images and settings; or a refusal."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import replace

from ..completions import LLMRequest
from ..errors import ConfigurationError
from ..interfaces import LLM
from ..messages import (
    AssistantMessage,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from . import scenes
from .answers import learnt
from .exchange import Exchange, leaves_of
from .suite import Suite, check, expect, expect_equal

__all__ = ["RequestChecks"]

_HISTORY: tuple[Message, ...] = (
    SystemMessage(content="mark-01 Be brief."),
    UserMessage(content="mark-02 Which books, naïve 漢字 😀?"),
    AssistantMessage(
        content="mark-03 I look.",
        tool_calls=(
            ToolCall(id="call_a", name="find_book", arguments='{"title": "mark-04 Bücher"}'),
            ToolCall(id="call_b", name="find_book", arguments='{"title": "mark-05"}'),
        ),
    ),
    ToolMessage(tool_call_id="call_a", name="find_book", content="mark-06 found"),
    ToolMessage(tool_call_id="call_b", name="find_book", content="mark-07 no", is_error=True),
    AssistantMessage(content="mark-08 One."),
    UserMessage(content="mark-09 Thanks."),
)
_MARKS = [f"mark-{number:02}" for number in range(1, 10)]


class RequestChecks(Suite):
    """What is asked reaches the model, and what cannot be done is refused, never ignored."""

    @check
    async def test_a_conversation_is_sent_whole_and_in_order(self) -> None:
        async with self.playing(scenes.TEXT) as (llm, exchange):
            has_tools = (await learnt(llm)).abilities.tools
            kept = _HISTORY if has_tools else (*_HISTORY[:2], *_HISTORY[5:])
            marks = _MARKS if has_tools else [*_MARKS[:2], *_MARKS[7:]]
            tools = scenes.TOOLS if has_tools else ()
            await llm.complete(LLMRequest(kept, tools=tools))
            text = "\n".join(leaves_of(exchange.sent[0]))
        found = sorted((text.find(mark), mark) for mark in _MARKS if mark in text)
        expect_equal([mark for _, mark in found], marks, "the order of the messages")
        doubled = [mark for mark in marks if text.count(mark) != 1]
        expect(not doubled, f"these parts of the conversation are sent twice: {doubled}")
        expect("naïve 漢字 😀" in text, "characters beyond ASCII are garbled in what is sent")

    @check
    async def test_roles_are_told_apart(self) -> None:
        kinds = (SystemMessage, UserMessage, AssistantMessage)
        question = UserMessage(content="And now?")
        async with self.playing(*[scenes.TEXT] * len(kinds)) as (llm, exchange):
            for kind in kinds:
                await llm.complete(LLMRequest((kind(content="The sky is green."), question)))
            _expect_different(exchange, "the same words of system, user and assistant")

    @check
    async def test_a_tools_result_is_told_apart_from_the_users_words(self) -> None:
        call = AssistantMessage(tool_calls=scenes.CALLS[1:2])
        words: tuple[Message, ...] = (
            ToolMessage(tool_call_id=scenes.CALLS[1].id, name="find_book", content="Yes."),
            UserMessage(content="Yes."),
        )
        async with self.playing(scenes.TEXT, scenes.TEXT) as (llm, exchange):
            if not (await learnt(llm)).abilities.tools:
                return  # without tools there are no results: the test of tools sees them refused
            for last in words:
                messages = (*scenes.HELLO.messages, call, last)
                await llm.complete(LLMRequest(messages, tools=scenes.TOOLS))
            _expect_different(exchange, "the same words of a tool and of the user")

    @check
    async def test_tools_are_sent_with_their_whole_schemas_or_refused(self) -> None:
        request = replace(scenes.HELLO, tools=scenes.TOOLS)
        async with self.playing(scenes.TEXT) as (llm, exchange):
            can = (await learnt(llm)).abilities.tools
            await _sent_or_refused(llm, exchange, request, can=can, ability="tools")
            marks = ("find_book", "x4", "title_x5", "Shelf_x6", "mark_x7", "reserve", "x8")
            _expect_sent(exchange, marks if can else (), "tools")

    @check
    async def test_an_output_schema_is_sent_whole_or_refused(self) -> None:
        request = replace(scenes.HELLO, output_schema=scenes.SCHEMA)
        async with self.playing(scenes.TEXT) as (llm, exchange):
            can = (await learnt(llm)).abilities.json_schema
            await _sent_or_refused(llm, exchange, request, can=can, ability="schema")
            marks = ("verdict_x1", "guilty_x2", "innocent_x3")
            _expect_sent(exchange, marks if can else (), "output_schema")

    @check
    async def test_an_image_is_sent_or_refused(self) -> None:
        async with self.playing(scenes.TEXT) as (llm, exchange):
            can = (await learnt(llm)).abilities.images
            await _sent_or_refused(llm, exchange, scenes.IMAGE, can=can, ability="image")
            data = b64encode(b"png-of-the-suite").decode()
            _expect_sent(exchange, ("Look:", data) if can else (), "an image")

    @check
    async def test_temperature_is_sent_or_refused(self) -> None:
        await self._setting("temperature", "0.375", "0.625")

    @check
    async def test_top_p_is_sent_or_refused(self) -> None:
        await self._setting("top_p", "0.25", "0.75")

    @check
    async def test_top_k_is_sent_or_refused(self) -> None:
        await self._setting("top_k", "37", "41")

    @check
    async def test_a_seed_is_sent_or_refused(self) -> None:
        await self._setting("seed", "20011", "20021")

    @check
    async def test_stop_texts_are_sent_or_refused(self) -> None:
        await self._setting("stop", "<halt-a>", "<halt-b>")

    @check
    async def test_max_tokens_is_sent_or_refused(self) -> None:
        await self._setting("max_tokens", "1201", "1301")

    @check
    async def test_log_probabilities_are_returned_or_refused(self) -> None:
        request = replace(scenes.HELLO, sampling=scenes.SETTINGS["logprobs"][0])
        wanted = scenes.LOGPROBS
        async with self.playing(wanted) as (llm, exchange):
            can = "logprobs" in (await learnt(llm)).abilities.sampling
            if can:
                got = (await llm.complete(request)).logprobs
                expect_equal(got, wanted.logprobs, "the log-probabilities")
            else:
                await _sent_or_refused(llm, exchange, request, can=False, ability="logprobs")

    @check
    async def test_an_answer_without_the_log_probabilities_that_were_asked_for_is_refused(
        self,
    ) -> None:
        request = replace(scenes.HELLO, sampling=scenes.SETTINGS["logprobs"][0])
        async with self.playing(scenes.TEXT) as (llm, _):
            try:
                await llm.complete(request)
            except ConfigurationError:
                return
        raise AssertionError("logprobs=2 was asked for, none came, and no ConfigurationError")

    async def _setting(self, name: str, *marks: str) -> None:
        async with self.playing(scenes.TEXT, scenes.TEXT) as (llm, exchange):
            can = name in (await learnt(llm)).abilities.sampling
            for value in scenes.SETTINGS[name]:
                request = replace(scenes.HELLO, sampling=value)
                await _sent_or_refused(llm, exchange, request, can=can, ability=name)
            for sent, mark in zip(exchange.sent, marks, strict=can):
                leaves = leaves_of(sent)
                expect(mark in leaves, f"{name}={mark} is dropped: what is sent is {leaves}")


async def _sent_or_refused(
    llm: LLM, exchange: Exchange, request: LLMRequest, *, can: bool, ability: str
) -> None:
    """Send what can be done; what cannot must be refused by name, before anything is sent."""
    if can:
        await llm.complete(request)
        return
    try:
        await llm.complete(request)
    except ConfigurationError as error:
        expect(ability in str(error), f"the refusal does not name {ability!r}: {error}")
        expect_equal(exchange.sent, [], f"what was sent in spite of the refusal of {ability}")
        return
    raise AssertionError(f"abilities say that it takes no {ability}, and it took one all the same")


def _expect_sent(exchange: Exchange, marks: Iterable[str], what: str) -> None:
    text = "\n".join(leaf for sent in exchange.sent for leaf in leaves_of(sent))
    missing = [mark for mark in marks if mark not in text]
    expect(not missing, f"of {what}, {missing} is missing in what is sent: {text}")


def _expect_different(exchange: Exchange, what: str) -> None:
    bodies = [leaves_of(sent) for sent in exchange.sent]
    same = [body for number, body in enumerate(bodies) if body in bodies[:number]]
    expect(not same, f"{what} make the same request: {same}")
