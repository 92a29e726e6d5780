"""From a task to a result: the part of a run that is the same for every planner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from .brain.structured import OutputType
from .completions import LLMRequest
from .context import lay_out, task_message
from .effects import Place, perform
from .engine import Engine
from .errors import ConfigurationError, LimitError, OutputParseError, TimeLimitError
from .events import Answered, Cut, Event, Failed, Remembered, Started
from .frame import Frame
from .interfaces import Probing
from .ledger import Ledger
from .messages import AssistantMessage, Message, dump_messages, settle_calls
from .options import RunContext, RunOptions
from .overflow import fit_request
from .perception import perceive, stand_in
from .planning import Task
from .recording import to_error, to_failed
from .results import Answer, Result
from .run import LiveRun
from .scope import Scope
from .thinking import think_unseen
from .usage import Finish
from .values import digest_of

__all__ = ["drive", "make_frame"]


def make_frame(engine: Engine, options: RunOptions, scope: Scope, parent: Ledger | None) -> Frame:
    """Make the state of one run of an agent; what was recorded of it is charged already."""
    ledger = Ledger(
        options.get("budget", engine.budget),
        parent,
        path=scope.path,
        begun_s=scope.state.elapsed_s if scope.path else 0.0,
        used=scope.state.recording.usage(scope.path),
    )
    end = scope.state.recording.end(f"{scope.path}end")
    deps = options.get("deps")
    return Frame(engine.parts, ledger, engine.llm.abilities, deps=deps, end=end)


async def drive(engine: Engine, task: object, options: RunOptions, run: LiveRun) -> Result[Any]:
    """Perceive the task, lay out the context, let the planner solve it, end with a typed output."""
    scope, frame = run.place.scope, run.place.frame
    begun_s = scope.state.elapsed_s
    finish: Finish = "answered"
    started: Started | None = None
    try:
        async with _time_limit(run):
            started = await _start(engine, task, options, run)
            answer = await _solve(engine, started, run)
        if isinstance(frame.end, Answered) and frame.end.finish != "answered":
            # The bound that met the run is not always met again: the record says how it ended.
            answer, finish = _at_bound(run, frame.end.text), frame.end.finish
    except LimitError as error:
        if error.scope is None:
            error.scope = scope.path
        if not scope.path.startswith(error.scope):
            raise  # the bound of a child, which the planner did not catch
        if isinstance(frame.end, Answered):
            answer, finish = _at_bound(run, frame.end.text), frame.end.finish
        else:
            answer, finish = _at_bound(run, _best_offer(run, error)), error.limit
    output = frame.accept(answer.text)
    if started is not None and "session" in options and not scope.state.is_read_only:
        await _extend_session(engine, options["session"], started, answer, run)
    if frame.end is None:
        end = Answered(key=f"{scope.path}end", text=answer.text, finish=finish)
        scope.state.record(end)
    else:
        scope.state.report(frame.end)
    return Result(
        finish=finish,
        usage=frame.ledger.used,
        messages=answer.messages,
        trajectory=_trajectory(scope, started),
        run_id=scope.state.id,
        duration_s=scope.state.elapsed_s - begun_s,
        outputs=(output,),
    )


def _trajectory(scope: Scope, started: Started | None) -> tuple[Event, ...]:
    """Return what happened in a scope; what was before its start is not looked through."""
    events = scope.state.recording.events
    first = max(0, started.seq - 1) if started else 0
    while first and events[first - 1].key.startswith(f"{scope.path}start/"):
        first -= 1
    return tuple(event for event in events[first:] if event.key.startswith(scope.path))


async def _solve(engine: Engine, started: Started, run: LiveRun) -> Answer:
    if isinstance(run.place.frame.end, Failed):
        raise to_error(run.place.frame.end)
    planner = engine.planner_for(started.abilities)
    run.place.frame.abilities = started.abilities
    run.place.frame.task = started.messages[-1].digest if started.messages else ""
    answer = await planner.solve(_to_task(started), run)
    if not isinstance(answer, Answer):  # pyright: ignore[reportUnnecessaryIsInstance]  a user's planner
        raise ConfigurationError(
            f"{type(planner).__name__}.solve returned {answer!r}: end it with "
            "`return await run.answer(messages)`"
        )
    return answer


@asynccontextmanager
async def _time_limit(run: LiveRun) -> AsyncGenerator[None]:
    """Bound a block by the budget's seconds. A run that is only replayed has no bound."""
    ledger = run.place.frame.ledger
    is_replay = run.place.frame.end is not None
    left_s = None if is_replay else ledger.seconds_left(run.place.scope.state.elapsed_s)
    timeout = asyncio.timeout(left_s)
    cause: BaseException | None = None
    try:
        async with timeout:
            yield
    except TimeoutError as error:
        if not timeout.expired():
            raise
        cause = error
    if timeout.expired():  # also where the planner swallowed it and went on
        limit_s = ledger.budget.max_seconds
        raise TimeLimitError(f"the budget of max_seconds={limit_s} is used up") from cause


async def _start(engine: Engine, task: object, options: RunOptions, run: LiveRun) -> Started:
    """Perceive the task and lay out the context, once: a resumed run reads it from the journal."""
    place = run.place
    key = f"{place.scope.path}start"
    inside = LiveRun(Place(place.scope.inner(key), place.frame))
    session, history = options.get("session"), options.get("history", ())
    digest = digest_of(
        engine.name, stand_in(task), session or "", *(item.digest for item in history)
    )

    async def action() -> Started:
        percepts = await perceive(
            task, source="user", sensors=place.frame.parts.sensors, trust="trusted"
        )
        earlier = list(history)
        if session is not None:
            earlier = [*await engine.sessions.history(session, run=inside), *earlier]
        text = "\n\n".join(percept.text for percept in percepts)
        context = RunContext(task=text, deps=place.frame.deps, session=session)
        store, llm, frame = engine.examples, place.frame.parts.llm, place.frame
        if store is not None:
            shown = await store.select(text, run=inside)
            frame.examples = tuple(
                _in_form(message, engine.output) for message in settle_calls(shown)
            )
        laid_out = lay_out(
            instructions=(await engine.instructions(context), engine.output.instruction),
            examples=frame.examples,
            history=earlier,
            percepts=percepts,
        )
        frame.abilities = llm.abilities
        if isinstance(llm, Probing) and not place.scope.state.is_read_only:
            frame.abilities = await llm.probe(calls=inside)
        messages, cut = await _fit(inside, laid_out)
        return Started(
            key=key,
            request_digest=digest,
            run_id=place.scope.state.id,
            agent=engine.name,
            messages=messages,
            percepts=percepts,
            abilities=frame.abilities,
            cut=cut,
        )

    return await perform(place, key, Started, digest, action)


def _in_form(message: Message, output: OutputType[Any]) -> Message:
    """Write an example's answer as the schema asks for it; what is no answer stays as it is."""
    if output.is_text or not isinstance(message, AssistantMessage) or message.tool_calls:
        return message
    try:
        return AssistantMessage(content=output.dump(output.parse(message.content)))
    except OutputParseError:
        return message


async def _fit(
    inside: LiveRun, messages: tuple[Message, ...]
) -> tuple[tuple[Message, ...], Cut | None]:
    """Fit the conversation into the window at once, so that not every branch has to."""
    frame = inside.place.frame
    if frame.abilities.context_tokens is None:
        return messages, None
    frame.task = messages[-1].digest
    request = LLMRequest(
        messages,
        tools=frame.specs,
        output_schema=inside.output_schema,
        sampling=frame.parts.sampling,
    )
    key = inside.place.scope.key("fit")
    fitting, cut = await fit_request(
        inside.place, request, key, partial(think_unseen, open_calls=LiveRun)
    )
    return fitting.messages, cut


def _to_task(started: Started) -> Task:
    text = "\n\n".join(percept.text for percept in started.percepts)
    return Task(text=text, messages=started.messages)


def _best_offer(run: LiveRun, error: LimitError) -> str:
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
    return offer


def _at_bound(run: LiveRun, text: str) -> Answer:
    messages: tuple[Message, ...] = settle_calls(run.place.scope.conversation)
    return Answer(text=text, messages=(*messages, AssistantMessage(content=text)))


async def _extend_session(
    engine: Engine, session: str, started: Started, answer: Answer, run: LiveRun
) -> None:
    """Add this run's turn to its conversation, once."""
    before = len(started.messages) - 1
    task = task_message(started.percepts)  # in the messages a summary may stand before it
    turn = answer.messages[before:]
    if answer.messages[:before] != started.messages[:before]:
        # The planner laid the conversation out anew: what remains of the turn is question and
        # answer.
        turn = (task, AssistantMessage(content=answer.text))
    elif turn[:1] == started.messages[-1:]:
        turn = (task, *turn[1:])
    place = run.place
    key, digest = f"{place.scope.path}session", digest_of(session, dump_messages(turn))
    inside = LiveRun(Place(place.scope.inner(key), place.frame))

    async def action() -> Remembered:
        await engine.sessions.extend(session, turn, run=inside)
        return Remembered(key=key, request_digest=digest, text=session)

    await perform(place, key, Remembered, digest, action)
