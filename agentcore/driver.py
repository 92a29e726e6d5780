"""From a task to a result: the part of a run that is the same for every planner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from pydantic_core import to_json

from .context import lay_out
from .effects import perform
from .engine import Engine
from .errors import ConfigurationError, LimitError, TimeLimitError
from .events import Answered, Remembered, Started
from .frame import Frame
from .ledger import Ledger
from .messages import AssistantMessage, Message, dump_messages, settle_calls
from .options import RunContext, RunOptions
from .perception import perceive
from .planning import Task
from .recording import to_failed
from .results import Answer, Result
from .run import LiveRun
from .scope import Scope
from .usage import Finish
from .values import digest_of

__all__ = ["drive", "make_frame"]


def make_frame(engine: Engine, options: RunOptions, scope: Scope, parent: Ledger | None) -> Frame:
    """Make the state of one run of an agent; what was recorded of it is charged already."""
    parts = replace(engine.parts, deps=options.get("deps"))
    used = scope.state.recording.usage(scope.path)
    return Frame(parts=parts, ledger=Ledger(options.get("budget", engine.budget), parent, used))


async def drive(engine: Engine, task: object, options: RunOptions, run: LiveRun) -> Result[Any]:
    """Perceive the task, lay out the context, let the planner solve it, end with a typed output."""
    scope, frame = run.place.scope, run.place.frame
    begun_s = scope.state.elapsed_s
    frame.end = scope.state.recording.end(f"{scope.path}end")
    finish: Finish = "answered"
    started: Started | None = None
    try:
        async with _time_limit(run):
            started = await _start(engine, task, options, run)
            answer = await engine.planner.solve(_to_task(started), run)
    except LimitError as error:
        answer = _best_answer(run, error)
        finish = error.limit
    if not isinstance(answer, Answer):  # pyright: ignore[reportUnnecessaryIsInstance]  a user's planner
        raise ConfigurationError(
            f"{type(engine.planner).__name__}.solve returned {answer!r}: end it with "
            "`return await run.answer(messages)`"
        )
    output = frame.accept(answer.text)
    if started is not None and "session" in options and finish == "answered":
        await _extend_session(engine, options["session"], started, answer, run)
    if frame.end is None:
        key = f"{scope.path}end"
        scope.state.record(Answered(key=key, text=answer.text, finish=finish))
    else:
        scope.state.report(frame.end)
    events = scope.state.recording.events
    return Result(
        finish=finish,
        usage=frame.ledger.used,
        messages=answer.messages,
        trajectory=tuple(event for event in events if event.key.startswith(scope.path)),
        run_id=scope.state.id,
        duration_s=scope.state.elapsed_s - begun_s,
        outputs=(output,),
    )


@asynccontextmanager
async def _time_limit(run: LiveRun) -> AsyncGenerator[None]:
    """Bound a block by the budget's seconds. A run that is only replayed has no bound."""
    place = run.place
    limit_s = place.frame.ledger.budget.max_seconds
    used_s = 0.0 if place.scope.path else place.scope.state.elapsed_s
    is_bound = limit_s is not None and place.frame.end is None
    timeout = asyncio.timeout(max(0.0, limit_s - used_s) if is_bound and limit_s else None)
    try:
        async with timeout:
            yield
    except TimeoutError as error:
        if not timeout.expired():
            raise
        raise TimeLimitError(f"the budget of max_seconds={limit_s} is used up") from error


async def _start(engine: Engine, task: object, options: RunOptions, run: LiveRun) -> Started:
    """Perceive the task and lay out the context, once: a resumed run reads it from the journal."""
    place = run.place
    key = f"{place.scope.path}start"
    given = task if isinstance(task, str) else to_json(task, fallback=repr)
    session, history = options.get("session"), options.get("history", ())
    digest = digest_of(given, session or "", dump_messages(history))

    async def action() -> Started:
        percepts = await perceive(
            task, source="user", sensors=place.frame.parts.sensors, trust="trusted"
        )
        earlier = list(history)
        if session is not None:
            earlier = [*await engine.sessions.history(session), *earlier]
        text = "\n\n".join(percept.text for percept in percepts)
        context = RunContext(task=text, deps=place.frame.parts.deps, session=session)
        instructions = (await engine.instructions(context), engine.output.instruction)
        messages = lay_out(instructions=instructions, history=earlier, percepts=percepts)
        return Started(
            key=key,
            request_digest=digest,
            run_id=place.scope.state.id,
            agent=engine.name,
            messages=messages,
            percepts=percepts,
        )

    return await perform(place, key, Started, digest, action)


def _to_task(started: Started) -> Task:
    text = "\n\n".join(percept.text for percept in started.percepts)
    return Task(text=text, messages=started.messages)


def _best_answer(run: LiveRun, error: LimitError) -> Answer:
    """Return the best offer if the user chose so and there is a valid one; else raise the error."""
    place = run.place
    wants_answer = place.frame.ledger.budget.at_limit == "answer"
    offer = place.frame.best_offer() if wants_answer else None
    if offer is None:
        if place.frame.end is None and isinstance(error, TimeLimitError):
            # The other bounds are met again by what is recorded; time is not.
            key = f"{place.scope.path}end"
            place.scope.state.record(to_failed(error, key=key, digest=""))
        raise error
    messages: tuple[Message, ...] = settle_calls(place.frame.conversation)
    return Answer(text=offer, messages=(*messages, AssistantMessage(content=offer)))


async def _extend_session(
    engine: Engine, session: str, started: Started, answer: Answer, run: LiveRun
) -> None:
    """Add this run's turn to its conversation, once."""
    before = len(started.messages) - 1
    turn = answer.messages[before:]
    if answer.messages[:before] != started.messages[:before]:
        # The planner laid the conversation out anew: what remains of the turn is question and
        # answer.
        turn = (started.messages[-1], AssistantMessage(content=answer.text))
    place = run.place
    key, digest = f"{place.scope.path}session", digest_of(session, dump_messages(turn))

    async def action() -> Remembered:
        await engine.sessions.extend(session, turn)
        return Remembered(key=key, request_digest=digest, text=session)

    await perform(place, key, Remembered, digest, action)
