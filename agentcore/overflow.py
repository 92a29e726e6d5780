"""What is done where a request does not fit into the model's window: for every planner alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import assert_never

from .completions import Completion, LLMRequest, Sampling, estimate_input
from .effects import Place
from .errors import ContextLengthError
from .events import Cut
from .messages import AssistantMessage, Message, ToolMessage, UserMessage
from .prompts import Prompt
from .scope import Summary
from .transcripts import calls_as_text
from .window import Unit, join, shorten, split, tokens_of, with_preface

__all__ = ["fit_request"]

Think = Callable[[Place, LLMRequest], Awaitable[Completion]]

_MOST_RESERVED = 1024
_MOST_SUMMARY_TOKENS = 512
_TOKENS_OF_PROMPT = 150
_PREFACE = "Summary of the conversation so far, parts of which are left out:\n"
_PROMPT = Prompt(Path(__file__).with_name("summary.jinja2"))


async def fit_request(
    place: Place, request: LLMRequest, key: str, think: Think
) -> tuple[LLMRequest, Cut | None]:
    """Return the request with what fits of its messages, and what was left out.

    Nothing is left out where the window is unknown. What must stay is sent even if its estimate is
    too long, for the server knows better.

    Args:
        key: under which a summary is asked for.
        think: asks the model without showing to anybody what it writes.

    Raises:
        ContextLengthError: the request is too long, and the agent has `overflow="raise"`.
    """
    frame = place.frame
    window = frame.abilities.context_tokens
    if window is None:
        return request, None
    # An answer may be allowed more than the window has: it does not push out all that it rests on.
    wanted = request.sampling.max_tokens or min(_MOST_RESERVED, window // 4)
    reserve = min(wanted, window * 3 // 4)
    needed = estimate_input(request)
    overhead = needed - tokens_of(request.messages)
    if needed + reserve <= window:
        return request, None
    room = max(0, window - reserve - overhead)
    match frame.parts.overflow:
        case "raise":
            raise _too_long(frame.parts.llm.name, needed, window, reserve)
        case "drop":
            units, cut = _drop(split(request.messages, frame.task), room)
        case "summarise":
            inside = Place(place.scope.inner(key), frame)
            units, cut = await _Summariser(place, inside, think, room).fit(request.messages)
        case _:
            assert_never(frame.parts.overflow)
    if cut == Cut():
        return request, None
    return replace(request, messages=join(units)), cut


def _too_long(name: str, needed: int, window: int, reserve: int) -> ContextLengthError:
    return ContextLengthError(
        f"the request needs about {needed} tokens, and the window of {name} has {window}, of which "
        f"{reserve} are kept for the answer: shorten it, or set overflow='drop' or 'summarise'",
        backend=name,
        tokens=needed,
        limit=window - reserve,
    )


def _drop(units: Sequence[Unit], room: int) -> tuple[list[Unit], Cut]:
    """Leave out the middle of results that fill the window alone, then the oldest units."""
    before = sum(unit.tokens for unit in units)
    short = [shorten(unit, room // 2) for unit in units]
    excess = sum(unit.tokens for unit in short) - room
    kept: list[Unit] = []
    for unit in short:
        if excess > 0 and not unit.is_kept:
            excess -= unit.tokens
        else:
            kept.append(unit)
    if excess > 0:
        fixed = sum(unit.tokens for unit in kept[:-1])
        kept[-1:] = [shorten(unit, _share(unit, room - fixed)) for unit in kept[-1:]]
    return kept, Cut(
        messages=len(join(units)) - len(join(kept)),
        shortened=len({*_results(kept)} - {*_results(units)}),
        tokens=before - sum(unit.tokens for unit in kept),
    )


def _share(unit: Unit, room: int) -> int:
    """What each result of a unit may have of the room."""
    others = sum(tokens_of([item]) for item in unit.messages if isinstance(item, AssistantMessage))
    return max(0, room - others) // max(1, len(unit.messages) - 1)


def _results(units: Sequence[Unit]) -> list[str]:
    return [message.digest for message in join(units)]


@dataclass(frozen=True, slots=True)
class _Summariser:
    """Puts a summary in the place of the oldest units; the scope keeps it for its next request."""

    place: Place
    inside: Place
    think: Think
    room: int

    async def fit(self, messages: Sequence[Message]) -> tuple[list[Unit], Cut]:
        units = split(messages, self.place.frame.task)
        oldest = [unit for unit in units if not unit.is_kept]
        known = self._known(oldest)
        covered = len(known.units)
        if not known.text or self._tokens(units, oldest[:covered], known.text) > self.room:
            covered = self._to_cover(units, oldest, at_least=covered)
            if covered > len(known.units):
                added = oldest[len(known.units) : covered]
                text = await self._summarise(known.text, join(added))
                known = Summary(tuple(unit.digest for unit in oldest[:covered]), text)
                self.place.scope.summary = known
        left_out = oldest[:covered]
        gone = set(map(id, left_out))  # by identity: two turns may be the same
        rest = [unit for unit in units if id(unit) not in gone]
        if known.text:
            rest = [self._with_summary(unit, known.text) for unit in rest]
        kept, cut = _drop(rest, self.room)
        return kept, cut.model_copy(
            update={
                "messages": cut.messages + len(join(left_out)),
                "tokens": sum(unit.tokens for unit in units) - sum(unit.tokens for unit in kept),
                "summary": known.text,
            }
        )

    def _known(self, oldest: Sequence[Unit]) -> Summary:
        known = self.place.scope.summary
        begins_so = tuple(unit.digest for unit in oldest[: len(known.units)]) == known.units
        return known if begins_so else Summary()

    def _tokens(self, units: Sequence[Unit], left_out: Sequence[Unit], text: str) -> int:
        saved = sum(unit.tokens for unit in left_out)
        return sum(unit.tokens for unit in units) - saved + tokens_of([UserMessage(content=text)])

    def _to_cover(self, units: Sequence[Unit], oldest: Sequence[Unit], *, at_least: int) -> int:
        """Return how many to leave out: some more than needed, so that it lasts for some steps."""
        excess = sum(unit.tokens for unit in units) - self.room * 3 // 4 + self._summary_tokens
        for count, unit in enumerate(oldest):
            if excess <= 0 and count >= at_least:
                return count
            excess -= unit.tokens
        return len(oldest)

    @property
    def _summary_tokens(self) -> int:
        return max(1, min(_MOST_SUMMARY_TOKENS, self.room // 4))

    async def _summarise(self, earlier: str, messages: Sequence[Message]) -> str:
        """Ask for a summary, in as many calls as the window needs."""
        most = max(1, self.room - self._summary_tokens - _TOKENS_OF_PROMPT)
        chunk: list[str] = []
        used = 0
        for text in map(_written, calls_as_text(messages)):
            (short,) = shorten(Unit((_as_result(text),)), most).messages
            size = tokens_of([short])
            if chunk and used + size > most:
                earlier = await self._ask(earlier, chunk)
                chunk, used = [], 0
            chunk.append(str(short.content))
            used += size
        return await self._ask(earlier, chunk)

    async def _ask(self, earlier: str, chunk: Sequence[str]) -> str:
        words = self._summary_tokens // 2
        variables = {"words": words, "earlier": earlier, "conversation": "\n".join(chunk)}
        prompt = UserMessage(content=_PROMPT.render(variables))
        can_bound = "max_tokens" in self.place.frame.abilities.sampling
        sampling = Sampling(max_tokens=self._summary_tokens) if can_bound else Sampling()
        return (await self.think(self.inside, LLMRequest((prompt,), sampling=sampling))).text

    def _with_summary(self, unit: Unit, text: str) -> Unit:
        """Put it before the task: what was said by others shall not speak as the system."""
        is_task = unit.is_kept and isinstance(unit.messages[0], UserMessage)
        if not is_task:
            return unit
        return Unit((with_preface(unit.messages[0], f"{_PREFACE}{text}"),), is_kept=True)


def _written(message: Message) -> str:
    content = message.text if isinstance(message, UserMessage) else message.content
    return f"{message.role}: {content}"


def _as_result(text: str) -> Message:
    return ToolMessage(tool_call_id="", name="", content=text)
