"""One model call: reserved, sent, streamed to whoever listens, charged, recorded."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from .completions import Completion, LLMRequest, TextDelta
from .effects import Place, perform
from .errors import LLMTimeoutError
from .events import Thought
from .interfaces import DeltaSink
from .messages import AssistantMessage, ToolCall, settle_calls
from .usage import Usage

__all__ = ["think"]


async def think(place: Place, request: LLMRequest, *, timeout_s: float | None) -> Completion:
    """Return the model's completion, from the journal if it is there."""
    request = replace(request, messages=settle_calls(request.messages))
    key, digest = place.scope.key("think"), request.digest

    async def action() -> Thought:
        completion = await _complete(place, request, key, timeout_s)
        return Thought(key=key, request_digest=digest, completion=completion)

    place.frame.conversation = request.messages
    thought = await perform(place, key, Thought, digest, action)
    place.frame.conversation = (*request.messages, thought.completion.message)
    return thought.completion


async def _complete(
    place: Place, request: LLMRequest, key: str, timeout_s: float | None
) -> Completion:
    ledger, llm = place.frame.ledger, place.frame.parts.llm
    lease = await ledger.reserve(request)
    if lease.output_tokens != request.sampling.max_tokens:
        sampling = request.sampling.model_copy(update={"max_tokens": lease.output_tokens})
        request = replace(request, sampling=sampling)
    used = Usage(steps=1)
    timeout = asyncio.timeout(timeout_s)
    try:
        async with timeout:
            completion = await llm.complete(request, on_delta=_sink(place, key))
        used = completion.usage
    except TimeoutError as error:
        if not timeout.expired():
            raise
        raise LLMTimeoutError(
            f"{llm.name} did not answer within timeout_s={timeout_s}", backend=llm.name
        ) from error
    finally:
        lease.settle(used)
    return _with_unique_ids(completion)


def _sink(place: Place, key: str) -> DeltaSink | None:
    send = place.scope.state.on_delta
    if send is None:
        return None

    async def sink(delta: TextDelta) -> None:
        await send(TextDelta(text=delta.text, thinking=delta.thinking, key=key))

    return sink


def _with_unique_ids(completion: Completion) -> Completion:
    """Number the calls where two have one id, or one has none: results are paired by id."""
    calls = completion.message.tool_calls
    if len({call.id for call in calls if call.id}) == len(calls):
        return completion
    numbered = tuple(
        ToolCall(id=f"{call.id or 'call'}.{number}", name=call.name, arguments=call.arguments)
        for number, call in enumerate(calls, start=1)
    )
    message: AssistantMessage = completion.message.model_copy(update={"tool_calls": numbered})
    return completion.model_copy(update={"message": message})
