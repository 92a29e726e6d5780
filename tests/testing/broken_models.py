"""Models each of which does one thing wrong, for the proof that the suite finds it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from agentcore.completions import Abilities, Completion, LLMRequest, TextDelta
from agentcore.interfaces import DeltaSink
from agentcore.messages import AssistantMessage, UserMessage
from agentcore.testing import Exchange, FunctionLLM, LLMConformance
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
