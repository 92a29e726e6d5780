"""The suite fails, in the right check, where a model does something wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from agentcore.completions import Abilities, Completion, LLMRequest, TextDelta
from agentcore.interfaces import DeltaSink
from agentcore.messages import AssistantMessage, UserMessage
from agentcore.testing import Exchange, FunctionLLM, LLMConformance, Suite, failing_checks
from agentcore.testing.answers import AnswerChecks
from agentcore.testing.cancelling import CancelChecks
from agentcore.testing.requests import RequestChecks
from agentcore.testing.sharing import SharingChecks
from agentcore.testing.suite import checks_of
from agentcore.usage import Usage


class Model(FunctionLLM):
    """A model that is sound; each subclass breaks one thing."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange.reply)


def changed(completion: Completion, **fields: Any) -> Completion:
    return completion.model_copy(update={"message": completion.message.model_copy(update=fields)})


class ForgetsTheSystem(Model):
    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        kept = tuple(item for item in request.messages if item.role != "system")
        return await super().complete(replace(request, messages=kept), on_delta=on_delta)


class MakesEverybodyTheUser(Model):
    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        said = tuple(UserMessage(content=str(item.content)) for item in request.messages)
        return await super().complete(replace(request, messages=said), on_delta=on_delta)


class ForgetsTools(Model):
    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        return await super().complete(replace(request, tools=()), on_delta=on_delta)


class ForgetsTheSchema(Model):
    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        return await super().complete(replace(request, output_schema=None), on_delta=on_delta)


class Alters(Model):
    """Alters each answer, streamed or not."""

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        return self.alter(await super().complete(request, on_delta=on_delta))

    def alter(self, completion: Completion) -> Completion:
        raise NotImplementedError


class ReordersCalls(Alters):
    def alter(self, completion: Completion) -> Completion:
        return changed(completion, tool_calls=completion.message.tool_calls[::-1])


class GivesAllCallsOneId(Alters):
    def alter(self, completion: Completion) -> Completion:
        calls = completion.message.tool_calls
        same = tuple(call.model_copy(update={"id": "call_1"}) for call in calls)
        return changed(completion, tool_calls=same)


class LosesArguments(Alters):
    def alter(self, completion: Completion) -> Completion:
        calls = completion.message.tool_calls
        bare = tuple(call.model_copy(update={"arguments": "{}"}) for call in calls)
        return changed(completion, tool_calls=bare)


class MixesThinkingIn(Alters):
    def alter(self, completion: Completion) -> Completion:
        said = completion.message
        return changed(completion, content=said.thinking + said.content, thinking="")


class LosesUsage(Alters):
    def alter(self, completion: Completion) -> Completion:
        return completion.model_copy(update={"usage": Usage(steps=1)})


class SaysThatItStopped(Alters):
    def alter(self, completion: Completion) -> Completion:
        return completion.model_copy(update={"finish_reason": "stop"})


class EscapesCharacters(Alters):
    def alter(self, completion: Completion) -> Completion:
        return changed(completion, content=completion.text.encode("ascii", "replace").decode())


class Streams(Model):
    """Streams each piece in its own way."""

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        async def sink(delta: TextDelta) -> None:
            assert on_delta is not None
            await self.stream(delta, on_delta)

        return await super().complete(request, on_delta=sink if on_delta else None)

    async def stream(self, delta: TextDelta, on_delta: DeltaSink) -> None:
        raise NotImplementedError


class StreamsSomethingElse(Streams):
    async def stream(self, delta: TextDelta, on_delta: DeltaSink) -> None:
        await on_delta(delta.model_copy(update={"text": delta.text.strip()}))


class StreamsThinkingAsText(Streams):
    async def stream(self, delta: TextDelta, on_delta: DeltaSink) -> None:
        await on_delta(delta.model_copy(update={"thinking": False}))


class StreamsEmptyPieces(Streams):
    async def stream(self, delta: TextDelta, on_delta: DeltaSink) -> None:
        await on_delta(delta)
        await on_delta(TextDelta(text="", thinking=delta.thinking))


class HidesErrorsOfTheReader(Streams):
    async def stream(self, delta: TextDelta, on_delta: DeltaSink) -> None:
        try:
            await on_delta(delta)
        except Exception:  # noqa: BLE001 - this is what is wrong with it
            return


class SwallowsCancellation(Model):
    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        try:
            return await super().complete(request, on_delta=on_delta)
        except asyncio.CancelledError:
            return Completion(message=AssistantMessage())


class GoesOnInTheBackground(Model):
    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        return await asyncio.shield(
            asyncio.ensure_future(super().complete(request, on_delta=on_delta))
        )


class HangsAfterCancellation(Model):
    """Takes a turn for each call, and never gives it back."""

    turn: asyncio.Lock | None = None

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        self.turn = self.turn or asyncio.Lock()
        await self.turn.acquire()
        completion = await super().complete(request, on_delta=on_delta)
        self.turn.release()
        return completion


class MixesUpCalls(Model):
    """Keeps the request in the object, where the next call finds it."""

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        self.request = request
        await asyncio.sleep(0)
        return await super().complete(self.request, on_delta=on_delta)


class BelongsToOneLoop(Model):
    loop: asyncio.AbstractEventLoop | None = None

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        self.loop = self.loop or asyncio.get_running_loop()
        if self.loop is not asyncio.get_running_loop():
            raise RuntimeError("attached to a different loop")
        return await super().complete(request, on_delta=on_delta)


class ClosesOnce(Model):
    is_closed = False

    async def aclose(self) -> None:
        if self.is_closed:
            raise RuntimeError("already closed")
        self.is_closed = True


class TakesWhatItCannotDo(Model):
    """Says that it can do nothing, and takes everything without a word."""

    @property
    def abilities(self) -> Abilities:
        return Abilities(tools=False, json_schema=False, sampling=frozenset())

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        return await super().complete(LLMRequest(request.messages), on_delta=on_delta)


def broken(model: type[Model]) -> LLMConformance:
    class Broken(LLMConformance):
        def make(self, exchange: Exchange, /) -> FunctionLLM:
            return model(exchange)

    return Broken()


def forgetting(name: str) -> type[Model]:
    value: Any = () if name == "stop" else None

    class ForgetsOne(Model):
        async def complete(
            self, request: LLMRequest, *, on_delta: DeltaSink | None = None
        ) -> Completion:
            sampling = request.sampling.model_copy(update={name: value})
            return await super().complete(replace(request, sampling=sampling), on_delta=on_delta)

    return ForgetsOne


SEVERAL_CALLS = {
    "test_calls_beside_text_are_both_there",
    "test_parallel_calls_keep_their_order_and_their_arguments",
    "test_streamed_calls_are_the_calls",
    "test_streamed_calls_beside_text_are_both_there",
}
CALLS = {"test_a_call_is_answered", *SEVERAL_CALLS}
CUT_OFF = {
    "test_an_answer_that_was_cut_off_says_so",
    "test_a_streamed_answer_that_was_cut_off_says_so",
}
STREAMED_THINKING = {"test_thinking_is_streamed_apart_from_the_answer"}
THINKING = {"test_thinking_is_kept_apart_from_the_answer", *STREAMED_THINKING}
STREAMED_CHARACTERS = {"test_characters_of_all_kinds_are_streamed_whole"}
CHARACTERS = {"test_characters_of_all_kinds_arrive_whole", *STREAMED_CHARACTERS}
STREAMED_PIECES = {
    "test_a_streamed_answer_that_was_cut_off_says_so",
    "test_a_streamed_text_is_the_text",
    "test_streamed_calls_beside_text_are_both_there",
    *STREAMED_CHARACTERS,
    *STREAMED_THINKING,
}
READER = {"test_an_error_of_the_reader_is_its_own_and_the_next_call_works"}
STOPPED = {
    "test_a_cancelled_call_stops_the_work_behind_it_and_the_next_one_works",
    "test_a_cancelled_stream_stops_the_work_behind_it_and_the_next_call_works",
}
CANCELLED = {
    "test_a_call_that_is_cancelled_while_its_reader_is_slow_ends",
    "test_one_cancelled_call_leaves_the_others_alone",
    *STOPPED,
}
CONCURRENT_STREAMS = {"test_concurrent_streams_are_not_mixed"}
CONCURRENT = {"test_concurrent_calls_get_their_own_answers", *CONCURRENT_STREAMS}
LOOPS = {
    "test_one_object_works_from_loop_after_loop",
    "test_one_object_works_from_several_loops_at_once",
}
CLOSING = {
    "test_a_call_after_closing_is_answered_or_refused",
    "test_closing_twice_is_allowed_also_where_nothing_was_asked",
}
HISTORY = {"test_a_conversation_is_sent_whole_and_in_order"}
ROLES = {
    "test_roles_are_told_apart",
    "test_a_tools_result_is_told_apart_from_the_users_words",
}
TOOLS = {"test_tools_are_sent_with_their_whole_schemas_or_refused"}
SCHEMA = {"test_an_output_schema_is_sent_whole_or_refused"}
IMAGE = {"test_an_image_is_sent_or_refused"}
NO_LOGPROBS = {
    "test_an_answer_without_the_log_probabilities_that_were_asked_for_is_refused",
}
SETTINGS = {
    "temperature": {"test_temperature_is_sent_or_refused"},
    "top_p": {"test_top_p_is_sent_or_refused"},
    "top_k": {"test_top_k_is_sent_or_refused"},
    "seed": {"test_a_seed_is_sent_or_refused"},
    "stop": {"test_stop_texts_are_sent_or_refused"},
    "max_tokens": {"test_max_tokens_is_sent_or_refused"},
    "logprobs": NO_LOGPROBS,
}
REFUSED = {
    "test_log_probabilities_are_returned_or_refused",
    *(name for checks in SETTINGS.values() for name in checks),
}


@pytest.mark.parametrize(
    ("model", "family", "failing"),
    [
        (ForgetsTheSystem, RequestChecks, HISTORY),
        (MakesEverybodyTheUser, RequestChecks, HISTORY | ROLES | IMAGE),
        (ForgetsTools, RequestChecks, TOOLS),
        (ForgetsTheSchema, RequestChecks, SCHEMA),
        *((forgetting(name), RequestChecks, checks) for name, checks in SETTINGS.items()),
        (ReordersCalls, AnswerChecks, SEVERAL_CALLS),
        (GivesAllCallsOneId, AnswerChecks, SEVERAL_CALLS),
        (LosesArguments, AnswerChecks, CALLS),
        (MixesThinkingIn, AnswerChecks, THINKING),
        (LosesUsage, AnswerChecks, set(checks_of(AnswerChecks))),
        (SaysThatItStopped, AnswerChecks, CALLS | CUT_OFF),
        (EscapesCharacters, AnswerChecks, CHARACTERS),
        (StreamsSomethingElse, AnswerChecks, STREAMED_PIECES),
        (StreamsSomethingElse, SharingChecks, CONCURRENT_STREAMS),
        (StreamsThinkingAsText, AnswerChecks, STREAMED_THINKING),
        (StreamsEmptyPieces, AnswerChecks, STREAMED_PIECES),
        (HidesErrorsOfTheReader, CancelChecks, READER),
        (SwallowsCancellation, CancelChecks, CANCELLED),
        (BelongsToOneLoop, SharingChecks, LOOPS),
        (ClosesOnce, SharingChecks, CLOSING),
        (TakesWhatItCannotDo, AnswerChecks, CALLS),
        (TakesWhatItCannotDo, RequestChecks, TOOLS | SCHEMA | REFUSED),
    ],
)
def test_what_is_wrong_with_a_model_fails_in_its_checks_and_in_no_other_of_the_family(
    model: type[Model], family: type[Suite], failing: set[str]
) -> None:
    found = failing_checks(broken(model), checks_of(family))

    assert found.keys() == failing


def test_a_failure_tells_the_author_what_is_wrong() -> None:
    (complaint,) = failing_checks(broken(forgetting("seed")), SETTINGS["seed"]).values()

    assert str(complaint).startswith("seed=20011 is dropped: what is sent is [")


def test_a_model_that_is_sound_fails_nowhere() -> None:
    assert failing_checks(broken(Model)) == {}


@pytest.mark.parametrize(
    ("model", "failing"),
    [
        (GoesOnInTheBackground, STOPPED),
        (HangsAfterCancellation, CANCELLED | READER),
        (MixesUpCalls, CONCURRENT),
    ],
)
def test_what_never_ends_fails_when_patience_does(model: type[Model], failing: set[str]) -> None:
    suite = broken(model)
    suite.patience_s = 0.05  # all of these checks wait in vain, however fast the machine is

    assert failing_checks(suite, failing).keys() == failing
