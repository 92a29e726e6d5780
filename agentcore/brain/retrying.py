"""Try again: the world's failures that may pass are waited out, within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..completions import Abilities, Completion, LLMRequest
from ..errors import ConfigurationError, LLMError
from ..interfaces import LLM, DeltaSink, ModelCalls
from .deltas import Attempt
from .direct import DirectCalls
from .members import Members
from .through import Attempting, Through

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = ["Retrying"]

_JITTER = 0.25
"""Each wait is longer by up to this share, so that clients which failed together part ways."""


class Retrying:
    """Asks again after an error that may pass (`error.retryable`); any other is raised unchanged.

    Waits double from `first_wait_s` up to `longest_wait_s`; where a server says when to come back
    (`retry_after_s`) that is waited at least. Every wait is longer by up to a quarter, at random.
    After `max_attempts`, or before a wait that would go beyond `total_wait_s`, the last error is
    raised. In a run each attempt is a step of the budget, and the run's seconds bound the waits.

    An attempt that streamed text is not replaced: its error is raised.

    A model given by its name is loaded so that its client does not try again as well. One given as
    an object is used as it is: write `OpenAILLM(..., max_retries=0)`, or every attempt is up to
    three requests. Costs 1 to `max_attempts` model calls.

    Args:
        max_attempts: Calls in all, the first included.
        total_wait_s: Seconds that all waits together may take.

    Example:
        >>> import asyncio
        >>> from agentcore import LLMRequest, LLMUnavailableError, UserMessage
        >>> from agentcore.testing import ScriptedLLM
        >>> llm = Retrying(ScriptedLLM(LLMUnavailableError("down"), "up"), first_wait_s=0)
        >>> hello = LLMRequest(messages=(UserMessage(content="hello"),))
        >>> asyncio.run(llm.complete(hello)).text
        'up'
    """

    def __init__(
        self,
        llm: LLM | str,
        *,
        max_attempts: int = 3,
        first_wait_s: float = 1.0,
        longest_wait_s: float = 30.0,
        total_wait_s: float = 120.0,
    ) -> None:
        if max_attempts < 1 or min(first_wait_s, longest_wait_s, total_wait_s) < 0:
            raise ConfigurationError(
                f"Retrying(max_attempts={max_attempts}, first_wait_s={first_wait_s}, "
                f"longest_wait_s={longest_wait_s}, total_wait_s={total_wait_s}): give at least one "
                "attempt, and no negative seconds"
            )
        self._members = Members(llm, tries_once=True)
        self._max_attempts = max_attempts
        self._first_wait_s = first_wait_s
        self._longest_wait_s = longest_wait_s
        self._total_wait_s = total_wait_s

    @property
    def name(self) -> str:
        """`retrying(...)` of the model's name."""
        return f"retrying({self._members.names})"

    @property
    def abilities(self) -> Abilities:
        """Those of the model."""
        return self._members.abilities

    async def probe(self, *, calls: ModelCalls | None = None) -> Abilities:
        """Ask the model, once; its probes are tried again as well."""
        return await self._members.probe(calls=Through(calls or DirectCalls(), self._persist))

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
            LLMError: of the last attempt, unchanged.
        """
        through = Through(calls, self._persist)
        return await through.complete(self._members.llms[0], request, on_delta=on_delta)

    async def aclose(self) -> None:
        """Close the model if it was loaded by its name."""
        await self._members.aclose()

    async def _persist(
        self,
        ask: Attempting,
        _request: LLMRequest,
        calls: ModelCalls,
        on_delta: DeltaSink | None,
    ) -> Completion:
        from tenacity import AsyncRetrying, retry_if_exception

        attempt = Attempt(on_delta)

        async def sleep(seconds: float) -> None:
            await calls.sleep(seconds * (1 + _JITTER * await calls.random()))

        def may_pass(error: BaseException) -> bool:
            return isinstance(error, LLMError) and error.retryable and not attempt.has_streamed

        policy = AsyncRetrying(
            sleep=sleep,
            wait=self._wait_s,
            stop=self._is_over,
            retry=retry_if_exception(may_pass),
            reraise=True,
        )
        return await policy(ask, attempt.sink)

    def _wait_s(self, state: RetryCallState) -> float:
        doubled = self._first_wait_s * 2.0 ** min(state.attempt_number - 1, 60)
        error = state.outcome.exception() if state.outcome is not None else None
        told = getattr(error, "retry_after_s", None) or 0.0
        return max(min(doubled, self._longest_wait_s), told)

    def _is_over(self, state: RetryCallState) -> bool:
        waits_s = (state.idle_for + state.upcoming_sleep) * (1 + _JITTER)
        return state.attempt_number >= self._max_attempts or waits_s > self._total_wait_s
