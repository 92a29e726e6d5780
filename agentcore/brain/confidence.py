"""How sure a model is of its answer: by its tokens, by its samples, or by a check."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from ..completions import Completion, LLMRequest
from ..errors import ConfigurationError
from ..interfaces import LLM, ModelCalls
from ..sameness import plain
from .ballots import Normalise, share
from .polling import poll, resampled, total_usage

__all__ = ["AgreementConfidence", "CheckConfidence", "Confidence", "Draft", "LogprobConfidence"]


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer, and how sure it is."""

    completion: Completion
    confidence: float
    """0 to 1; higher is surer. It need not be a probability: thresholds are calibrated."""


class Confidence(Protocol):
    """Asks a model so that it can say how sure the answer is.

    Example:
        >>> class Short:
        ...     async def draft(self, llm, request, calls):
        ...         completion = await calls.complete(llm, request)
        ...         return Draft(completion, 1 / (1 + len(completion.text)))
    """

    async def draft(self, llm: LLM, request: LLMRequest, calls: ModelCalls) -> Draft:
        """Return the model's answer and its confidence; `calls` is the only way to a model."""
        ...


class LogprobConfidence:
    """The probability of the answer's tokens: their geometric mean, or the least probable one.

    Costs one model call. The model has to return log-probabilities; an answer without text, such
    as a tool call, has none, and confidence 0.
    """

    def __init__(self, over: Literal["mean", "lowest"] = "mean") -> None:
        if over not in ("mean", "lowest"):
            raise ConfigurationError(f"LogprobConfidence(over={over!r}): give 'mean' or 'lowest'")
        self._over = over

    async def draft(self, llm: LLM, request: LLMRequest, calls: ModelCalls) -> Draft:
        """Ask once."""
        wanted = request.sampling.logprobs or 0
        sampling = request.sampling.model_copy(update={"logprobs": wanted})
        completion = await calls.complete(llm, replace(request, sampling=sampling))
        tokens = [min(0.0, token.logprob) for token in completion.logprobs or ()]
        if not tokens:
            return Draft(completion, 0.0)
        found = min(tokens) if self._over == "lowest" else sum(tokens) / len(tokens)
        return Draft(completion, math.exp(found))


class AgreementConfidence:
    """The share of samples that say the same; the answer is the majority's.

    Costs `samples` model calls, side by side. They must be able to differ: set a `temperature`.
    """

    def __init__(
        self,
        samples: int = 3,
        *,
        temperature: float | None = None,
        normalise: Normalise = plain,
    ) -> None:
        if samples < 2:  # noqa: PLR2004 - one sample always agrees with itself
            raise ConfigurationError(f"AgreementConfidence(samples={samples}): give at least 2")
        self._samples = samples
        self._temperature = temperature
        self._normalise = normalise

    async def draft(self, llm: LLM, request: LLMRequest, calls: ModelCalls) -> Draft:
        """Ask all samples."""
        asked = [
            (llm, resampled(request, index, temperature=self._temperature))
            for index in range(self._samples)
        ]
        answers = await poll(calls, asked, min_answers=len(asked))
        winner, agreed = share(answers, self._normalise)
        usage = total_usage(answers)
        return Draft(answers[winner].model_copy(update={"usage": usage}), agreed)


class CheckConfidence:
    """What a function says of the answer: whether it is valid, or how good it is.

    Costs one model call.

    Args:
        check: A pure function of request and answer: it returns 0 to 1, or a bool.
    """

    def __init__(self, check: Callable[[LLMRequest, Completion], float]) -> None:
        self._check = check

    async def draft(self, llm: LLM, request: LLMRequest, calls: ModelCalls) -> Draft:
        """Ask once, and check."""
        completion = await calls.complete(llm, request)
        return Draft(completion, float(self._check(request, completion)))
