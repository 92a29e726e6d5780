"""Keep a model within the requests and tokens per minute that its server allows."""

from __future__ import annotations

from ..completions import Abilities, Completion, LLMRequest, estimate_input
from ..interfaces import LLM, DeltaSink, ModelCalls
from .direct import DirectCalls
from .members import Members
from .rate_limit import RateLimit
from .through import Attempting, Through

__all__ = ["RateLimited"]


class RateLimited:
    """Waits until a request fits, then asks; costs one model call.

    The tokens of a request are estimated before it, as its input and `max_tokens` (or
    `output_tokens` where its sampling names none), and counted as reported after it. One that
    fails, or is cancelled while the model works, counts as a request and with its input.

    The wait counts towards the `timeout_s` of the call and the seconds of the run. It is not
    recorded: a replay asks no server, and does not wait. A model given by its name is loaded so
    that its client does not try again unseen; give `max_retries=0` to an `OpenAILLM` of your own.

    Args:
        limit: One object may be shared by several models, and is by all runs of this one.
        output_tokens: Expected where the sampling does not say.

    Example:
        >>> from agentcore.testing import ScriptedLLM
        >>> account = RateLimit(requests_per_minute=60, tokens_per_minute=100_000)
        >>> RateLimited(ScriptedLLM("hi"), account).name
        'rate-limited(scripted)'
    """

    def __init__(self, llm: LLM | str, limit: RateLimit, *, output_tokens: int = 256) -> None:
        self._members = Members(llm, tries_once=True)
        self._limit = limit
        self._output_tokens = output_tokens

    @property
    def name(self) -> str:
        """`rate-limited(...)` of the model's name."""
        return f"rate-limited({self._members.names})"

    @property
    def abilities(self) -> Abilities:
        """Those of the model."""
        return self._members.abilities

    async def probe(self, *, calls: ModelCalls | None = None) -> Abilities:
        """Ask the model, once; its probes wait as well."""
        return await self._members.probe(calls=Through(calls or DirectCalls(), self._in_turn))

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request outside of a run."""
        return await self.compose(request, DirectCalls(), on_delta=on_delta)

    async def compose(
        self, request: LLMRequest, calls: ModelCalls, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request."""
        through = Through(calls, self._in_turn)
        return await through.complete(self._members.llms[0], request, on_delta=on_delta)

    async def aclose(self) -> None:
        """Close the model if it was loaded by its name."""
        await self._members.aclose()

    async def _in_turn(
        self,
        ask: Attempting,
        request: LLMRequest,
        _calls: ModelCalls,
        on_delta: DeltaSink | None,
    ) -> Completion:
        counted = estimate_input(request)
        written = request.sampling.max_tokens or self._output_tokens
        admission = await self._limit.admit(counted + written)
        try:
            completion = await ask(on_delta)
            if completion.usage.tokens or completion.is_cached:
                counted = completion.usage.tokens
            else:
                counted += written
        finally:
            self._limit.settle(admission, counted)
        return completion
