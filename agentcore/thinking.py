"""One model call: reserved, sent, streamed to whoever listens, charged, recorded.

A composite is not charged itself: it is handed calls of its own, in the scope under its key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeGuard

from .brain.partial import AnswerReader
from .brain.wire import with_ids
from .completions import Completion, LLMRequest, TextDelta
from .effects import Meter, Place, perform
from .errors import AgentCoreError, ConfigurationError, LLMTimeoutError, TokenLimitError
from .events import Cut, Thought
from .final import final_text
from .interfaces import LLM, Composite, DeltaSink, ModelCalls
from .messages import AssistantMessage, settle_calls
from .overflow import fit_request
from .scope import Scope
from .transcripts import calls_as_text
from .usage import Usage
from .values import digest_of

__all__ = ["Asking", "ModelCall", "complete", "think", "think_unseen"]

_ONE_STEP = Usage(steps=1)

CallsOpener = Callable[[Place], ModelCalls]
"""Makes the calls that a composite is handed."""


@dataclass(frozen=True, slots=True)
class ModelCall:
    """Which model is asked what."""

    llm: LLM
    request: LLMRequest
    on_delta: DeltaSink | None = None
    on_end: Callable[[], Awaitable[None]] | None = None
    """Is told that the answer is complete."""
    timeout_s: float | None = None
    cut: Cut | None = None
    """What the request has lost to the model's window."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How the agent's model is asked."""

    timeout_s: float | None = None
    answer_field: str | None = None
    """Where only a property of the reply is the answer: its name."""
    is_shown: bool = True
    """Whether those who listen see what the model writes."""


_UNSEEN = Asking(is_shown=False)


async def think(
    place: Place, request: LLMRequest, how: Asking, *, open_calls: CallsOpener
) -> Completion:
    """Return what the agent's model answers, from the journal if it is there."""
    scope, frame, cut = place.scope, place.frame, None
    messages = settle_calls(request.messages)
    request = replace(request, messages=messages)
    key = scope.key("think")
    frame.latest, scope.conversation = scope, messages
    if frame.abilities.context_tokens is not None:
        unseen = partial(think_unseen, open_calls=open_calls)
        request, cut = await fit_request(place, request, key, unseen)
    if not (frame.abilities.tools or request.tools):
        request = replace(request, messages=tuple(calls_as_text(request.messages)))
    scope.conversation = request.messages
    call = ModelCall(frame.parts.llm, request, timeout_s=how.timeout_s, cut=cut)
    if how.is_shown:
        call = _shown(place, key, how.answer_field, call)
    completion = await _ask(place, key, call, request.digest, open_calls)
    scope.conversation = (*messages, completion.message)
    if completion.finish_reason in ("length", "content_filter"):
        text = completion.text or final_text(completion.message) or ""
        frame.broken_off[text] = completion.finish_reason
    return completion


async def think_unseen(place: Place, request: LLMRequest, *, open_calls: CallsOpener) -> Completion:
    """Ask the model for something that is no part of what the run shows, such as a summary."""
    return await think(place, request, _UNSEEN, open_calls=open_calls)


async def complete(place: Place, call: ModelCall, *, open_calls: CallsOpener) -> Completion:
    """Return what any model answers, from the journal if it is there."""
    request = replace(call.request, messages=settle_calls(call.request.messages))
    key, digest = place.scope.key("llm"), digest_of(call.llm.name, request.digest)
    return await _ask(place, key, replace(call, request=request), digest, open_calls)


async def _ask(
    place: Place, key: str, call: ModelCall, digest: str, open_calls: CallsOpener
) -> Completion:
    meter = Meter()

    async def action() -> Thought:
        cut_by = None
        if _is_composite(call.llm):
            completion = await _compose(place, key, call, call.llm, meter, open_calls)
        else:
            completion, cut_by = await _complete(place, call, meter)
        if call.on_end is not None:
            await call.on_end()
        return Thought(
            key=key,
            request_digest=digest,
            usage=meter.usage,
            completion=_with_unique_ids(completion),
            llm=call.llm.name,
            cut_by=cut_by,
            cut=call.cut,
        )

    thought = await perform(place, key, Thought, digest, action, meter=meter)
    if thought.cut_by is not None:
        raise _cut(place, thought.cut_by, call.request, thought.completion)
    return thought.completion


async def _complete(place: Place, call: ModelCall, meter: Meter) -> tuple[Completion, str | None]:
    """Ask one model; return also whose last tokens ended the answer too soon."""
    request = call.request
    lease = await place.frame.ledger.reserve(request)
    meter.usage = lease.usage_of(None)
    if lease.output_tokens != request.sampling.max_tokens:
        sampling = request.sampling.model_copy(update={"max_tokens": lease.output_tokens})
        request = replace(request, sampling=sampling)
    if place.scope.state.on_request is not None:
        await place.scope.state.on_request(call.llm, request, call.cut)
    try:
        completion = await _within(call, lambda sink: call.llm.complete(request, on_delta=sink))
        meter.usage = lease.usage_of(completion)
    finally:
        lease.settle(meter.usage)
    return completion, lease.cut_by if completion.finish_reason == "length" else None


async def _compose(
    place: Place,
    key: str,
    call: ModelCall,
    composite: Composite,
    meter: Meter,
    open_calls: CallsOpener,
) -> Completion:
    """Ask a composite: its calls are charged. Where it makes none it is charged a step itself."""
    ledger, scope = place.frame.ledger, place.scope.inner(key)
    ledger.check_steps()
    scope.conversation = call.request.messages
    calls = open_calls(Place(scope, place.frame))
    try:
        completion = await _within(
            call, lambda sink: composite.compose(call.request, calls, on_delta=sink)
        )
    except AgentCoreError:
        if not _has_asked(scope):
            meter.usage = _ONE_STEP
            ledger.charge(_ONE_STEP)
        raise
    if not _has_asked(scope):
        meter.usage = await ledger.take_step()
    return completion


def _is_composite(llm: LLM) -> TypeGuard[Composite]:
    """A protocol's own check takes longer than all else that a call costs here."""
    return hasattr(llm, "compose")


def _has_asked(scope: Scope) -> bool:
    return scope.has_issued("llm", "all")


async def _within(
    call: ModelCall, ask: Callable[[DeltaSink | None], Awaitable[Completion]]
) -> Completion:
    """Ask within the call's time."""
    name, timeout = call.llm.name, asyncio.timeout(call.timeout_s)
    try:
        async with timeout:
            completion = await ask(_patient(call.on_delta, timeout))
    except TimeoutError as error:
        if not timeout.expired():
            raise
        raise LLMTimeoutError(
            f"{name} did not answer within timeout_s={call.timeout_s}", backend=name
        ) from error
    _check_completion(completion, name)
    return completion


def _check_completion(completion: object, name: str) -> None:
    if not isinstance(completion, Completion):
        raise ConfigurationError(f"{name} answered {completion!r:.200}, which is no Completion")


def _cut(place: Place, path: str, request: LLMRequest, completion: Completion) -> TokenLimitError:
    """The budget's last tokens ended the answer: what there is of it is better than nothing."""
    is_answer = request.messages == place.scope.conversation  # and not, say, a judge's word on it
    if is_answer and completion.text and not completion.message.tool_calls:
        place.frame.offers.append((float("-inf"), completion.text))
    error = TokenLimitError("the budget's last tokens were used up in the middle of an answer")
    error.scope = path
    return error


def _shown(place: Place, key: str, answer_field: str | None, call: ModelCall) -> ModelCall:
    """Tell the run's listener which effect streams, and what can be read of the answer."""
    send = place.scope.state.on_delta
    if send is None:
        return call
    # A child has an answer of its own, which is none of the run's that is listened to.
    is_root = not place.frame.ledger.path
    reader = AnswerReader(place.frame.parts.output, field=answer_field, is_typed=is_root)

    async def sink(delta: TextDelta) -> None:
        for item in reader.add(delta, key):
            await send(item)

    async def end() -> None:
        for item in reader.end(key):
            await send(item)

    return replace(call, on_delta=sink, on_end=end)


def _patient(on_delta: DeltaSink | None, timeout: asyncio.Timeout) -> DeltaSink | None:
    """A slow reader is not the model's fault: its time does not count."""
    if on_delta is None:
        return None

    async def sink(delta: TextDelta) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await on_delta(delta)
        when = timeout.when()
        if when is not None:
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
