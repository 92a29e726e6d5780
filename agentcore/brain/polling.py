"""Many answers to one question, asked side by side."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from ..completions import Completion, LLMRequest
from ..errors import LLMError
from ..interfaces import LLM, ModelCalls
from ..usage import Usage

__all__ = ["poll", "resampled", "total_usage"]

_Reply: TypeAlias = Completion | LLMError


def resampled(request: LLMRequest, index: int, *, temperature: float | None) -> LLMRequest:
    """The request of one sample: a seed that is set would give the same text each time."""
    changes: dict[str, object] = {}
    if temperature is not None:
        changes["temperature"] = temperature
    if request.sampling.seed is not None and index:
        changes["seed"] = request.sampling.seed + index
    if not changes:
        return request
    return replace(request, sampling=request.sampling.model_copy(update=changes))


async def poll(
    calls: ModelCalls, asked: Sequence[tuple[LLM, LLMRequest]], *, min_answers: int
) -> list[Completion]:
    """Ask side by side, and return the answers in order.

    Raises:
        LLMError: fewer than `min_answers` came; the error of the first that failed.
    """
    spared = len(asked) - min_answers

    def branch(llm: LLM, request: LLMRequest) -> Callable[[ModelCalls], Awaitable[_Reply]]:
        async def ask(own: ModelCalls) -> _Reply:
            try:
                return await own.complete(llm, request)
            except LLMError as error:
                if not spared:
                    raise  # cancels the others at once
                return error

        return ask

    replies = await calls.all(*(branch(llm, request) for llm, request in asked))
    answers = [reply for reply in replies if isinstance(reply, Completion)]
    if len(answers) < min_answers:
        raise next(reply for reply in replies if isinstance(reply, LLMError))
    return answers


def total_usage(answers: Sequence[Completion]) -> Usage:
    """What all answers took together."""
    return sum((answer.usage for answer in answers), Usage())
