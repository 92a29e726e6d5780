"""Ask another model where one fails, by the kind of its failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ..completions import Abilities, Completion, LLMRequest
from ..errors import (
    ConfigurationError,
    ContextLengthError,
    LLMError,
    LLMTimeoutError,
    LLMUnavailableError,
    RateLimitError,
)
from ..interfaces import LLM, DeltaSink, ModelCalls
from .deltas import Attempt
from .direct import DirectCalls
from .members import Members

__all__ = ["OUTAGE", "Fallback", "Spare", "When"]

When: TypeAlias = tuple[type[LLMError], ...] | Callable[[LLMError], bool]
"""After which errors a spare is asked: their classes, or a function of the error."""

OUTAGE: tuple[type[LLMError], ...] = (LLMUnavailableError, LLMTimeoutError)
"""The model's server is not there, or does not answer."""

_ANY_FAILURE: tuple[type[LLMError], ...] = (*OUTAGE, RateLimitError, ContextLengthError)


@dataclass(frozen=True, slots=True)
class Spare:
    """A model that is asked after certain failures only."""

    llm: LLM | str
    when: When = _ANY_FAILURE

    def fits(self, error: LLMError) -> bool:
        """Whether it is asked after this error."""
        return self.when(error) if callable(self.when) else isinstance(error, self.when)


class Fallback:
    """Asks the first model, and after a failure the next spare that is for this kind of failure.

    A spare given as a bare model is asked after an outage, a rate limit, or a request too long for
    the model before it; one given as `Spare(llm, when=...)` after the errors that it names. Spares
    are tried in their order, each on the latest error; where none fits that error is raised
    unchanged. Which model answered stands in `Completion.model` as its server names it, and in the
    run's events as `Thought.llm`.

    An attempt that streamed text is not replaced: its error is raised.

    Costs one model call, and one more for each that failed. `abilities` are what all have; the
    window is the largest where a spare takes requests that are too long for another.

    Example:
        >>> import asyncio
        >>> from agentcore import ContextLengthError, LLMRequest, LLMUnavailableError, UserMessage
        >>> from agentcore.testing import ScriptedLLM
        >>> llm = Fallback(
        ...     ScriptedLLM(LLMUnavailableError("down")),
        ...     Spare(ScriptedLLM("never asked"), when=(ContextLengthError,)),
        ...     Spare(ScriptedLLM("here"), when=OUTAGE),
        ... )
        >>> hello = LLMRequest(messages=(UserMessage(content="hello"),))
        >>> asyncio.run(llm.complete(hello)).text
        'here'
    """

    def __init__(self, llm: LLM | str, *spares: LLM | str | Spare) -> None:
        if not spares:
            raise ConfigurationError("Fallback has no spare: give at least one model more")
        self._spares = tuple(item if isinstance(item, Spare) else Spare(item) for item in spares)
        self._members = Members(llm, *(spare.llm for spare in self._spares))

    @property
    def name(self) -> str:
        """`fallback(...)` of the models' names."""
        return f"fallback({self._members.names})"

    @property
    def abilities(self) -> Abilities:
        """What all of the models can do."""
        return self._with_window(self._members.abilities)

    async def probe(self) -> Abilities:
        """Ask each model, once; one that is down is no failure."""
        return self._with_window(await self._members.probe())

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request outside of a run."""
        return await self.compose(request, DirectCalls(), on_delta=on_delta)

    async def compose(
        self, request: LLMRequest, calls: ModelCalls, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request.

        Raises:
            LLMError: of the model that was asked last, unchanged.
        """
        attempt = Attempt(on_delta)
        first, *others = self._members.llms
        llm, left = first, list(zip(self._spares, others, strict=True))
        while True:
            try:
                return await calls.complete(llm, request, on_delta=attempt.sink)
            except LLMError as error:
                while left and not left[0][0].fits(error):
                    left.pop(0)
                if not left or attempt.has_streamed:
                    raise
                llm = left.pop(0)[1]

    async def aclose(self) -> None:
        """Close the models that were loaded by their names."""
        await self._members.aclose()

    def _with_window(self, abilities: Abilities) -> Abilities:
        overflow = ContextLengthError("too long")
        if not any(spare.fits(overflow) for spare in self._spares):
            return abilities
        windows = [llm.abilities.context_tokens for llm in self._members.llms]
        known = [window for window in windows if window is not None]
        largest = max(known) if len(known) == len(windows) else None
        return abilities.model_copy(update={"context_tokens": largest})
