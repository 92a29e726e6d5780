"""Every error that agentcore raises, sorted by whose mistake it is.

AgentCoreError
├── ConfigurationError            the developer's mistake: raised at once, never retried
│   └── MissingExtraError         also ImportError; the message holds the pip command
├── LLMError                      .backend, .retryable
│   ├── LLMUnavailableError       refused, disconnected, 5xx                 retryable
│   ├── LLMTimeoutError           also TimeoutError                          retryable
│   ├── RateLimitError            .retry_after_s                             retryable
│   ├── AuthenticationError       a missing or wrong key                     not
│   ├── ModelNotFoundError        .known: the models the server has          not
│   ├── ContextLengthError        .tokens, .limit                            not
│   └── OutputParseError          .text keeps the raw output                 re-asked with reason
├── ToolError                     raised inside a tool: the model reads the message
│   ├── ToolNotFoundError
│   ├── ToolArgumentError
│   └── ToolTimeoutError          also TimeoutError
├── MemoryStoreError              (the builtin owns the name MemoryError)
│   └── CorruptStoreError         .path
└── RunError                      ends a run
    ├── LimitError                .limit: what ran out
    │   ├── StepLimitError        model calls or tool calls
    │   ├── TokenLimitError
    │   └── TimeLimitError        also TimeoutError
    ├── ToolCrashError            a bug in a tool; the cause is chained
    ├── DivergenceError           a replayed run asked for something else than it did before
    └── PlanningError             the planner could not make a plan

An error that ends a run carries `.trajectory` and `.messages`, whatever its class. The developer's
mistake raises at once. The world's failure is retried where it is retryable, else raised. The
model's mistake becomes an observation that it can read, within the budget.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .events import Event
    from .messages import Message
    from .usage import Finish

__all__ = [
    "AgentCoreError",
    "AuthenticationError",
    "ConfigurationError",
    "ContextLengthError",
    "CorruptStoreError",
    "DivergenceError",
    "LLMError",
    "LLMTimeoutError",
    "LLMUnavailableError",
    "LimitError",
    "MemoryStoreError",
    "MissingExtraError",
    "ModelNotFoundError",
    "OutputParseError",
    "PlanningError",
    "RateLimitError",
    "RunError",
    "StepLimitError",
    "TimeLimitError",
    "TokenLimitError",
    "ToolArgumentError",
    "ToolCrashError",
    "ToolError",
    "ToolNotFoundError",
    "ToolTimeoutError",
]


def _rebuild(
    kind: type[AgentCoreError], args: tuple[object, ...], state: dict[str, object]
) -> AgentCoreError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class AgentCoreError(Exception):
    """The root of all errors raised by agentcore; every one of them pickles."""

    trajectory: tuple[Event, ...] = ()
    """Where the error ended a run: the events of the run up to it."""
    messages: tuple[Message, ...] = ()
    """Where the error ended a run: the conversation up to it; every call in it has a result."""

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args, self.__dict__.copy())


class ConfigurationError(AgentCoreError):
    """The developer's mistake: a wrong option, name, annotation or use."""


class MissingExtraError(ConfigurationError, ImportError):
    """A package that an optional part needs is not installed; the message says how to get it."""

    def __init__(self, feature: str, install: str) -> None:
        super().__init__(f"{feature} needs a package that is not installed: {install}")
        self.install = install
        """The exact command that installs it."""


class LLMError(AgentCoreError):
    """The model, or the way to it, failed."""

    retryable = False
    """Whether the same request may succeed when it is sent again."""

    def __init__(self, message: str, *, backend: str = "") -> None:
        super().__init__(message)
        self.backend = backend
        """The name of the LLM that failed, such as `openai:gpt-5-mini`."""


class LLMUnavailableError(LLMError):
    """The server refused, disconnected, or answered with a 5xx."""

    retryable = True


class LLMTimeoutError(LLMError, TimeoutError):
    """The model did not answer in time."""

    retryable = True


class RateLimitError(LLMError):
    """The server asks to come back later."""

    retryable = True

    def __init__(
        self, message: str, *, backend: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, backend=backend)
        self.retry_after_s = retry_after_s
        """Seconds to wait, where the server said so."""


class AuthenticationError(LLMError):
    """The key is missing, wrong, or not allowed to use this model."""


class ModelNotFoundError(LLMError):
    """The server does not have this model."""

    def __init__(self, message: str, *, backend: str = "", known: Sequence[str] = ()) -> None:
        super().__init__(message, backend=backend)
        self.known = tuple(known)
        """The models that the server has, where it said so."""


class ContextLengthError(LLMError):
    """The request is longer than the model's window."""

    def __init__(
        self,
        message: str,
        *,
        backend: str = "",
        tokens: int | None = None,
        limit: int | None = None,
    ) -> None:
        super().__init__(message, backend=backend)
        self.tokens = tokens
        """The tokens of the request, where known."""
        self.limit = limit
        """The tokens that fit, where known."""


class OutputParseError(LLMError):
    """The model's output does not have the shape that was asked for."""

    def __init__(self, message: str, *, text: str, backend: str = "") -> None:
        super().__init__(message, backend=backend)
        self.text = text
        """The output as the model wrote it."""


class ToolError(AgentCoreError):
    """Raise it inside a tool to tell the model something: the model reads the message.

    Any other exception in a tool is a bug, and ends the run with `ToolCrashError`.
    """


class ToolNotFoundError(ToolError):
    """The model called a tool that does not exist."""


class ToolArgumentError(ToolError):
    """The model's arguments are not JSON or do not fit the tool's signature."""


class ToolTimeoutError(ToolError, TimeoutError):
    """The tool did not finish within its `timeout_s`."""


class MemoryStoreError(AgentCoreError):
    """A memory or a journal cannot be read or written."""


class CorruptStoreError(MemoryStoreError):
    """A stored file holds what cannot be understood."""

    def __init__(self, message: str, *, path: str) -> None:
        super().__init__(message)
        self.path = path
        """The file."""


class RunError(AgentCoreError):
    """Ends a run; not the mistake of the model, nor of the way to it."""


class LimitError(RunError):
    """A bound of the run's budget was reached and no answer had been offered."""

    limit: Finish = "steps"
    """What ran out: `steps`, `tool_calls`, `tokens` or `seconds`."""
    scope: str | None = None
    """Scope of the run whose bound it is, such as `child-1/`; empty at the root."""


class StepLimitError(LimitError):
    """The run used all its model calls, or all its tool calls."""

    def __init__(self, message: str, *, limit: Finish = "steps") -> None:
        super().__init__(message)
        self.limit = limit


class TokenLimitError(LimitError):
    """The run used all its tokens."""

    limit: Finish = "tokens"


class TimeLimitError(LimitError, TimeoutError):
    """The run used all its seconds."""

    limit: Finish = "seconds"


class ToolCrashError(RunError):
    """A tool raised something other than `ToolError`: a bug in the tool, chained as the cause."""


class DivergenceError(RunError):
    """A replayed run made a request that differs from the recorded one under the same key."""


class PlanningError(RunError):
    """The planner could not make a plan."""
