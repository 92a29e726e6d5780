"""From what a server says went wrong to the error that tells the user; for every HTTP backend."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import urlsplit, urlunsplit

from ..errors import (
    AgentCoreError,
    AuthenticationError,
    ConfigurationError,
    ContextLengthError,
    LLMError,
    LLMTimeoutError,
    LLMUnavailableError,
    ModelNotFoundError,
    RateLimitError,
)

__all__ = ["Failure", "Origin", "model_not_found", "to_error"]

_SHOWN = 200
_SHORTEST_KEY = 8
_MOST_MODELS = 20

_TOO_LONG = re.compile(
    r"maximum context length|context_length_exceeded|exceed_context_size|context length exceeded|"
    r"exceeds? the ((available|model's|maximum) )?context|(longer|greater) than the context length",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"maximum context length (?:is|of) (\d+)|context size \((\d+) tokens|\"n_ctx\": ?(\d+)",
    re.IGNORECASE,
)
_TOKENS = re.compile(
    r"resulted in (\d+) tokens|requested (\d+) (?:input )?tokens|request \((\d+) tokens|"
    r"requested about (\d+) tokens|\"n_prompt_tokens\": ?(\d+)",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"\bmodel\b.{0,120}?\b(does not exist|not found)|not a valid model|no such model|"
    r"model_not_found",
    re.IGNORECASE,
)
_UNSUPPORTED = frozenset({"unsupported_parameter", "unsupported_value"})
_PASSING = frozenset({409, 425})
"""4xx that mean: not now."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Which backend failed, and how its user can help it."""

    backend: str
    """Its name, such as `openai:gpt-5-mini`."""
    address: str
    """Where its server is."""
    key: str = ""
    """Never shown: it is cut out of every message."""
    key_hint: str = ""
    """How to give it a key."""
    start: str = ""
    """How to start its server."""

    def masked(self, text: str) -> str:
        """The text without the key, and without a user name and password in the address."""
        user, at, _ = urlsplit(self.address).netloc.rpartition("@")
        text = text.replace(f"{user}{at}", "") if user else text
        return text.replace(self.key, "***") if len(self.key) >= _SHORTEST_KEY else text

    def shows_key(self, text: str) -> bool:
        """Whether the text gives the key, or a password in the address, away."""
        return self.masked(text) != text

    @property
    def place(self) -> str:
        """The address without a user name and password in it."""
        parts = urlsplit(self.address)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    def refused(self) -> LLMUnavailableError:
        """The error where nobody listens."""
        hint = f" {self.start[:1].upper()}{self.start[1:]}." if self.start else ""
        return LLMUnavailableError(
            f"{self.backend}: nothing answers at {self.place}: is the server started?{hint}",
            backend=self.backend,
        )

    def timed_out(self) -> LLMTimeoutError:
        """The error where the answer takes too long."""
        return LLMTimeoutError(
            f"{self.backend}: {self.place} did not answer in time: raise timeout_s or ask for less",
            backend=self.backend,
        )

    def unavailable(self, what: str) -> LLMUnavailableError:
        """The error where the connection or the answer broke."""
        return LLMUnavailableError(
            self.masked(f"{self.backend}: {what}, from {self.place}"), backend=self.backend
        )

    def not_an_answer(self, text: str) -> LLMUnavailableError:
        """The error where something answers that is no model."""
        shown = text[:_SHOWN].strip()
        return self.unavailable(f"this is not an answer of a model: {shown!r}")


@dataclass(frozen=True, slots=True)
class Failure:
    """What a server said."""

    message: str
    status: int | None = None
    """The HTTP status; None where the failure was inside a successful answer."""
    code: str = ""
    """A word such as `context_length_exceeded`, where the server has one."""
    retry_after_s: float | None = None
    tokens: int | None = None
    limit: int | None = None


def to_error(failure: Failure, origin: Origin) -> AgentCoreError:  # noqa: PLR0911 - one per kind
    """Return the error that this failure is."""
    if failure.code in _UNSUPPORTED:
        return ConfigurationError(_describe(failure, origin))
    if _TOO_LONG.search(f"{failure.code} {failure.message}"):
        return _too_long(failure, origin)
    status = failure.status
    if status in {401, 403} or failure.code == "invalid_api_key":
        hint = f"; {origin.key_hint}" if origin.key_hint else ""
        return AuthenticationError(f"{_describe(failure, origin)}{hint}", backend=origin.backend)
    if status == 404 or (_is_fault_of_request(status) and _names_no_model(failure)):  # noqa: PLR2004
        return ModelNotFoundError(_describe(failure, origin), backend=origin.backend)
    if status == 429:  # noqa: PLR2004
        return _limited(failure, origin)
    if status == 408:  # noqa: PLR2004
        return LLMTimeoutError(_describe(failure, origin), backend=origin.backend)
    if _is_fault_of_request(status):
        return LLMError(_describe(failure, origin), backend=origin.backend)
    return LLMUnavailableError(_describe(failure, origin), backend=origin.backend)


def model_not_found(
    error: ModelNotFoundError, model: str, known: Sequence[str], *, hint: str
) -> ModelNotFoundError:
    """Return the error with what the server has instead."""
    near = get_close_matches(model, known, n=3, cutoff=0.5)
    sentences = [f"{str(error).rstrip('.')}."]
    if near:
        sentences.append(f"Did you mean {' or '.join(map(repr, near))}?")
    if known:
        more = f" and {len(known) - _MOST_MODELS} more" if len(known) > _MOST_MODELS else ""
        sentences.append(f"The server has {', '.join(known[:_MOST_MODELS])}{more}.")
    sentences.append(hint)
    return ModelNotFoundError(" ".join(sentences).strip(), backend=error.backend, known=known)


def _describe(failure: Failure, origin: Origin) -> str:
    status = f" (HTTP {failure.status})" if failure.status else ""
    said = failure.message.strip() or failure.code or "no reason given"
    return origin.masked(f"{origin.backend}{status}: {said}")


def _is_fault_of_request(status: int | None) -> bool:
    return status is not None and 400 <= status < 500 and status not in _PASSING  # noqa: PLR2004


def _names_no_model(failure: Failure) -> bool:
    return bool(_NO_MODEL.search(f"{failure.code} {failure.message}"))


def _too_long(failure: Failure, origin: Origin) -> ContextLengthError:
    return ContextLengthError(
        _describe(failure, origin),
        backend=origin.backend,
        tokens=failure.tokens or _number(_TOKENS, failure.message),
        limit=failure.limit or _number(_LIMIT, failure.message),
    )


def _number(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.search(text)
    return int(next(group for group in match.groups() if group)) if match else None


def _limited(failure: Failure, origin: Origin) -> RateLimitError:
    error = RateLimitError(
        _describe(failure, origin), backend=origin.backend, retry_after_s=failure.retry_after_s
    )
    if failure.code == "insufficient_quota":
        error.retryable = False  # no waiting helps against an empty account
    return error
