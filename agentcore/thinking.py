"""One model call: reserved, sent, streamed to whoever listens, charged, recorded."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from .brain.wire import with_ids
from .completions import Completion, LLMRequest, TextDelta
from .effects import Meter, Place, perform
from .errors import ConfigurationError, LLMTimeoutError, TokenLimitError
from .events import Thought
from .interfaces import DeltaSink
from .messages import AssistantMessage, settle_calls

__all__ = ["think"]


async def think(place: Place, request: LLMRequest, *, timeout_s: float | None) -> Completion:
    """Return the model's completion, from the journal if it is there."""
    scope = place.scope
    request = replace(request, messages=settle_calls(request.messages))
    key, meter = scope.key("think"), Meter()

    async def action() -> Thought:
        return await _complete(place, request, key, timeout_s, meter)

    place.frame.latest, scope.conversation = scope, request.messages
    thought = await perform(place, key, Thought, request.digest, action, meter=meter)
    completion = thought.completion
    scope.conversation = (*request.messages, completion.message)
    if thought.cut_by is not None:
        raise _cut(place, thought.cut_by, completion)
    return completion


async def _complete(
    place: Place, request: LLMRequest, key: str, timeout_s: float | None, meter: Meter
) -> Thought:
    ledger, llm, digest = place.frame.ledger, place.frame.parts.llm, request.digest
    lease = await ledger.reserve(request)
    meter.usage = lease.usage_of(None)
    if lease.output_tokens != request.sampling.max_tokens:
        sampling = request.sampling.model_copy(update={"max_tokens": lease.output_tokens})
        request = replace(request, sampling=sampling)
    timeout = asyncio.timeout(timeout_s)
    try:
        async with timeout:
            completion = await llm.complete(request, on_delta=_sink(place, key, timeout))
        _check_completion(completion, llm.name)
        meter.usage = lease.usage_of(completion)
    except TimeoutError as error:
        if not timeout.expired():
            raise
        raise LLMTimeoutError(
            f"{llm.name} did not answer within timeout_s={timeout_s}", backend=llm.name
        ) from error
    finally:
        lease.settle(meter.usage)
    is_cut = completion.finish_reason == "length"
    return Thought(
        key=key,
        request_digest=digest,
        usage=meter.usage,
        completion=_with_unique_ids(completion),
        cut_by=lease.cut_by if is_cut else None,
    )


def _check_completion(completion: object, name: str) -> None:
    if not isinstance(completion, Completion):
        raise ConfigurationError(f"{name}.complete returned {completion!r:.200}, not a Completion")


def _cut(place: Place, path: str, completion: Completion) -> TokenLimitError:
    """The budget's last tokens ended the answer: what there is of it is better than nothing."""
    if completion.text and not completion.message.tool_calls:
        place.frame.offers.append((float("-inf"), completion.text))
    error = TokenLimitError("the budget's last tokens were used up in the middle of an answer")
    error.scope = path
    return error


def _sink(place: Place, key: str, timeout: asyncio.Timeout) -> DeltaSink | None:
    send = place.scope.state.on_delta
    if send is None:
        return None

    async def sink(delta: TextDelta) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await send(TextDelta(text=delta.text, thinking=delta.thinking, key=key))
        when = timeout.when()
        if when is not None:  # a slow reader is not the model's fault
            timeout.reschedule(when + loop.time() - begun)

    return sink


def _with_unique_ids(completion: Completion) -> Completion:
    """Give calls ids of their own where the model gave two of them one id, or none."""
    calls = completion.message.tool_calls
    if len({call.id for call in calls if call.id}) == len(calls):
        return completion
    message: AssistantMessage = completion.message.model_copy(
        update={"tool_calls": with_ids(calls)}
    )
    return completion.model_copy(update={"message": message})
