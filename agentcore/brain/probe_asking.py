"""How a probe asks: one small request, whose refusal is a finding and not an error."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from ..completions import Completion, LLMRequest, Sampling, TextDelta
from ..errors import (
    AuthenticationError,
    ConfigurationError,
    ContextLengthError,
    LLMError,
    LLMTimeoutError,
    LLMUnavailableError,
    ModelNotFoundError,
    RateLimitError,
)
from ..interfaces import LLM
from ..messages import UserMessage
from .passport import Finding

__all__ = ["MOST_TOKENS", "Probe", "ask", "no", "question", "unknown", "yes"]

Probe: TypeAlias = Callable[[LLM], Awaitable[Finding]]
"""Finds one thing out. Raises only where the model cannot be asked at all."""

MOST_TOKENS = 512
"""What a model may write to one probe; a model that thinks needs some hundreds."""

_NOT_A_FINDING = (
    AuthenticationError,
    ContextLengthError,  # of a probe of the window, which knows what to make of it
    LLMTimeoutError,
    ModelNotFoundError,
    RateLimitError,
)
_SHOWN = 160


def yes(why: str) -> Finding:
    """A finding."""
    return Finding(outcome="yes", why=why)


def no(why: str) -> Finding:
    """A finding."""
    return Finding(outcome="no", why=why)


def unknown(why: str) -> Finding:
    """A finding."""
    return Finding(outcome="unknown", why=why)


def question(text: str) -> LLMRequest:
    """One user message, with a bound on the answer."""
    return LLMRequest((UserMessage(content=text),), sampling=Sampling(max_tokens=MOST_TOKENS))


async def ask(llm: LLM, request: LLMRequest, *, is_streamed: bool = False) -> Completion | Finding:
    """Return the completion, or what it means that there is none.

    A server that fails at this request is asked something plain: if it answers that, it was the
    request's fault.

    Raises:
        LLMError: the server is gone, or refuses whatever it is asked.
    """
    try:
        return await llm.complete(request, on_delta=_ignore if is_streamed else None)
    except _NOT_A_FINDING:
        raise
    except LLMUnavailableError as error:
        await llm.complete(question("Say hello."))
        return no(f"the server failed at it: {_shown(error)}")
    except (LLMError, ConfigurationError) as error:
        return no(f"refused: {_shown(error)}")


def _shown(error: Exception) -> str:
    return str(error)[:_SHOWN]


async def _ignore(delta: TextDelta) -> None:
    """Take streamed text: only the whole completion is looked at."""
