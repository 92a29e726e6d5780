"""Tool calls: side by side, recorded one by one, with intent and approval where they are needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .action.executor import execute
from .effects import Meter, Place, perform
from .events import Acted, Decided, Intended
from .interfaces import Tool, ToolContext
from .messages import TextPart, ToolCall
from .percepts import Observation, Percept
from .planning import Run
from .results import Pending, PendingKind
from .wave import Wave

__all__ = ["act"]

Opener = Callable[[Place], Run]


async def act(place: Place, calls: Sequence[ToolCall], open_run: Opener) -> tuple[Observation, ...]:
    """Execute the calls side by side. All of them end before the first error of one is raised."""
    if len(calls) == 1:
        return (await _act_one(place, place.scope.key("act"), calls[0], open_run),)
    wave_key = place.scope.key("calls")
    keys = [f"{wave_key}/{index}" for index in range(len(calls))]
    observations: dict[str, Observation] = {}
    errors: dict[str, BaseException] = {}
    async with Wave[Observation](place.scope.state) as wave:
        for key, call in zip(keys, calls, strict=True):
            wave.start(key, _act_one(place, key, call, open_run))
        while wave:
            for outcome in await wave.finished():
                if outcome.error is None:
                    observations[outcome.label] = outcome.result()
                else:
                    errors[outcome.label] = outcome.error
    for key in keys:
        if key in errors:
            raise errors[key]
    return tuple(observations[key] for key in keys)


async def _act_one(place: Place, key: str, call: ToolCall, open_run: Opener) -> Observation:
    digest, meter = call.digest, Meter()

    async def action() -> Acted:
        observation = await _do(place, key, call, open_run, meter)
        return Acted(key=key, request_digest=digest, observation=observation, usage=meter.usage)

    acted = await perform(place, key, Acted, digest, action, meter=meter)
    message = acted.observation.to_message()
    place.scope.conversation = (*place.scope.conversation, message)
    return acted.observation


async def _do(
    place: Place, key: str, call: ToolCall, open_run: Opener, meter: Meter
) -> Observation:
    state, parts = place.scope.state, place.frame.parts
    tool = parts.tools.get(call.name)
    is_guarded = tool is not None and (tool.effect == "write" or tool.needs_approval)
    if tool is not None and is_guarded:
        refused = await _authorise(place, key, call, tool)
        if refused is not None:
            return refused
    meter.usage = place.frame.ledger.take_tool_call()
    if is_guarded:
        state.record(Intended(key=key, call=call), durable=True)
    scope = place.scope.branch(key)
    scope.claim()
    context = ToolContext(
        deps=place.frame.deps,
        run=open_run(Place(scope, place.frame)),
        idempotency_key=f"{state.id}:{key}",
    )
    return await execute(tool, call, context, known=tuple(parts.tools))


async def _authorise(place: Place, key: str, call: ToolCall, tool: Tool) -> Observation | None:
    """Return None where the call may be executed now, or what the model observes instead.

    An intent without a result means that an earlier process died in the middle of the call: it is
    executed again only if the tool is idempotent, else a person says what happened.
    """
    state = place.scope.state
    attempt = state.recording.last_attempt(key)
    is_write = tool.effect == "write" and not tool.idempotent
    is_unknown = isinstance(attempt, Intended) and is_write
    if not (is_unknown or tool.needs_approval or isinstance(attempt, Decided)):
        return None
    kind: PendingKind = "unknown_outcome" if is_unknown else "approval"
    decision = await state.decision(Pending(key, kind, f"{call.name}({call.arguments})", call))
    if decision.kind == "approve":
        return None
    denied = decision.kind == "deny"
    text = f"A person denied this call: {decision.text}" if denied else decision.text
    percept = Percept(content=TextPart(text=text), source="user", trust="trusted")
    return Observation(call=call, percept=percept, is_error=denied)
