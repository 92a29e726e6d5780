"""Runs a task up to its first model call, and shows that instead of making it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from .brain.direct import DirectCalls
from .completions import Completion, LLMRequest
from .context import sections_of
from .driver import drive, make_frame
from .effects import Place
from .engine import Engine
from .errors import ConfigurationError, LimitError, StepLimitError
from .events import Cut, Event, Recalled, Started
from .explanation import Explanation
from .extensions import Explaining
from .frame import Frame
from .interfaces import LLM, DeltaSink, Probing
from .journal import MemoryJournal
from .launch import stop
from .messages import BYTES_PER_TOKEN, Message, text_tokens
from .options import RunOptions
from .recording import Recording
from .results import Result
from .run import LiveRun
from .run_state import RunState
from .scope import Scope
from .wave import contained
from .window import tokens_of

__all__ = ["explain"]


async def explain(engine: Engine, task: object, options: RunOptions) -> Explanation:
    """Return what the first model call would be."""
    if refused := options.keys() & {"journal", "decisions"}:
        raise ConfigurationError(f"explain takes no {sorted(refused)}: it records nothing")
    budget = options.get("budget", engine.budget).model_copy(update={"max_tool_calls": 0})
    options = {**options, "budget": budget}
    await _look_up(engine.llm)
    loop = asyncio.get_running_loop()
    asked: asyncio.Future[_Asked] = loop.create_future()

    async def hold(llm: LLM, request: LLMRequest, cut: Cut | None) -> None:
        """Take the request, and wait until the run is cancelled: it is not made."""
        if not asked.done():
            asked.set_result(_Asked(llm, request, cut))
        await loop.create_future()

    state = RunState(
        os.urandom(8).hex(),
        Recording(MemoryJournal()),
        on_event=_ignore,
        on_delta=None,
        decisions={},
    )
    state.on_request = hold
    state.is_read_only = True
    scope = Scope(state)
    frame = make_frame(engine, options, scope, parent=None)

    async def work() -> Result[Any]:
        scope.claim()
        return await drive(engine, task, options, LiveRun(Place(scope, frame)))

    worker = asyncio.create_task(contained(work()))
    try:
        await asyncio.wait((worker, asked, state.paused), return_when=asyncio.FIRST_COMPLETED)
    finally:
        await stop(worker)
    if not asked.done():
        raise _not_asked(engine.name, worker)
    return _to_explanation(asked.result(), state.recording.events, frame)


@dataclass(frozen=True, slots=True)
class _Asked:
    llm: LLM
    request: LLMRequest
    cut: Cut | None


class _Unasked(DirectCalls):
    """Calls of which none reaches a model."""

    async def complete(
        self,
        llm: LLM,
        request: LLMRequest,
        *,
        on_delta: DeltaSink | None = None,
        timeout_s: float | None = None,
    ) -> Completion:
        raise StepLimitError(f"{llm.name} is not asked by a run that is only explained")


async def _look_up(llm: LLM) -> None:
    """Find out what the server, or a passport, says of the model; the model is not asked."""
    if isinstance(llm, Probing):
        with suppress(LimitError):  # it has to be asked: until then what it claims is shown
            await llm.probe(calls=_Unasked())


def _ignore(event: Event) -> None:
    """Nobody listens: nothing is really done."""


def _not_asked(agent: str, worker: asyncio.Task[Result[Any]]) -> Exception:
    """Return what kept the run from its first model call."""
    error = None if worker.cancelled() else worker.exception()
    if isinstance(error, Exception) and not isinstance(error, LimitError):
        return error
    why = f": {error}" if error else ""
    return ConfigurationError(
        f"the first model call of {agent} cannot be shown, because its planner answers, calls a "
        f"tool or waits for a person before it{why}"
    )


def _to_explanation(asked: _Asked, events: Sequence[Event], frame: Frame) -> Explanation:
    request, llm = asked.request, asked.llm
    started = next((event for event in events if isinstance(event, Started)), None)
    output = frame.parts.output.instruction
    laid_out = (
        sections_of(started.messages, output=output, examples=frame.examples) if started else {}
    )
    return Explanation(
        model=llm.name,
        request=request,
        payload=llm.payload(request) if isinstance(llm, Explaining) else _as_json(request),
        sections=_sections(asked, events, laid_out),
        context_tokens=frame.abilities.context_tokens,
        cut=asked.cut or (started.cut if started else None),
    )


def _sections(
    asked: _Asked, events: Sequence[Event], laid_out: Mapping[str, int]
) -> dict[str, int]:
    request = asked.request
    sections = dict(laid_out)
    if asked.cut is not None and "history" in sections:
        sections["history"] = max(0, sections["history"] - asked.cut.tokens)
    rest = tokens_of(request.messages) - sum(sections.values())
    sections["memory"] = _recalled_tokens(request.messages, events)
    rest -= sections["memory"]
    sections["tools"] = sum(len(tool.encoded) for tool in request.tools) // BYTES_PER_TOKEN
    if request.output_schema is not None:
        size = len(str(request.output_schema)) // BYTES_PER_TOKEN
        sections["schema"] = sections.get("schema", 0) + size
    sections["planner"] = max(0, rest)
    return {name: tokens for name, tokens in sections.items() if tokens}


def _recalled_tokens(messages: Sequence[Message], events: Sequence[Event]) -> int:
    """What the planner recalled, and wrote into the messages."""
    hits = [hit.text for event in events if isinstance(event, Recalled) for hit in event.hits]
    text = "".join(str(message.content) for message in messages) if hits else ""
    return sum(text_tokens(hit) for hit in hits if hit in text)


def _as_json(request: LLMRequest) -> bytes:
    messages = b",".join(message.encoded for message in request.messages)
    tools = b",".join(tool.encoded for tool in request.tools)
    schema = to_json(request.output_schema)
    sampling = request.sampling.encoded
    return b'{"messages":[%b],"tools":[%b],"output_schema":%b,"sampling":%b}' % (
        messages,
        tools,
        schema,
        sampling,
    )
