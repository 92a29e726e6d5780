"""Ask the small model first, and the large one only where the small one is not sure."""

from __future__ import annotations

from ..completions import Abilities, Completion, LLMRequest
from ..errors import ConfigurationError
from ..interfaces import LLM, DeltaSink, ModelCalls
from .confidence import Confidence, Draft
from .deltas import deliver
from .direct import DirectCalls
from .members import Members

__all__ = ["Cascade"]


class Cascade:
    """Returns the small model's answer where its confidence is at least `threshold`.

    After FrugalGPT (Chen et al. 2023, arXiv:2305.05176): there a trained scorer decides, here any
    `Confidence`; there budgets pick models and thresholds together, here `calibrate` picks the
    threshold on labelled examples. More than two models: `small` or `large` may be a cascade.

    Costs the confidence's calls of the small model, and one of the large where it is not sure.
    Errors of either are raised unchanged. The small model's answer is streamed in one piece, once
    it is accepted; the large one's as it is written. `usage` is that of all calls together.

    Args:
        confidence: `LogprobConfidence()`, `AgreementConfidence()`, `CheckConfidence(...)` or yours.
        threshold: 0 never asks the large model; above 1 asks it always.

    Example:
        >>> import asyncio
        >>> from agentcore import LLMRequest, UserMessage
        >>> from agentcore.brain import CheckConfidence
        >>> from agentcore.testing import ScriptedLLM
        >>> numeric = CheckConfidence(lambda request, answer: answer.text.isdecimal())
        >>> llm = Cascade(
        ...     ScriptedLLM("a lot"), ScriptedLLM("42"), confidence=numeric, threshold=0.5
        ... )
        >>> asyncio.run(llm.complete(LLMRequest(messages=(UserMessage(content="6 * 7?"),)))).text
        '42'
    """

    def __init__(
        self, small: LLM | str, large: LLM | str, *, confidence: Confidence, threshold: float
    ) -> None:
        if not threshold >= 0:  # NaN is refused too
            raise ConfigurationError(f"Cascade(threshold={threshold}): give a number of at least 0")
        self._members = Members(small, large)
        self._confidence = confidence
        self._threshold = threshold

    @property
    def name(self) -> str:
        """`cascade(...)` of the models' names."""
        return f"cascade({self._members.names})"

    @property
    def abilities(self) -> Abilities:
        """What both models can do."""
        return self._members.abilities

    async def probe(self) -> Abilities:
        """Ask both models, once."""
        return await self._members.probe()

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request outside of a run."""
        return await self.compose(request, DirectCalls(), on_delta=on_delta)

    async def compose(
        self, request: LLMRequest, calls: ModelCalls, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request."""
        small, large = self._members.llms
        draft = await self._confidence.draft(small, request, calls)
        _check(draft)
        if draft.confidence >= self._threshold:
            await deliver(draft.completion, on_delta)
            return draft.completion
        completion = await calls.complete(large, request, on_delta=on_delta)
        usage = draft.completion.usage + completion.usage
        return completion.model_copy(update={"usage": usage})

    async def aclose(self) -> None:
        """Close the models that were loaded by their names."""
        await self._members.aclose()


def _check(draft: Draft) -> None:
    if not 0 <= draft.confidence <= 1:
        raise ConfigurationError(
            f"a confidence was {draft.confidence}: it has to be at least 0 and at most 1"
        )
