"""How checks are written and run: methods named `test_...`, each in an event loop of its own.

Nothing here needs pytest. Under pytest a subclass named `Test...` is collected like any other
class, without plugins; without it, `failing_checks` runs the same methods.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from ..completions import Completion, LLMRequest, TextDelta
from ..interfaces import LLM
from .exchange import Exchange

__all__ = ["Suite", "check", "checks_of", "expect", "expect_equal", "failing_checks", "streamed"]

P = ParamSpec("P")
S = TypeVar("S", bound="Suite")


class Suite:
    """What all families of checks share."""

    patience_s = 10.0
    """Seconds that a check may take; only a backend that hangs needs them."""

    def make(self, exchange: Exchange, /) -> LLM:
        """Return a new LLM that sends to the exchange, and is answered with its turns.

        It is called outside of event loops and inside of them.
        """
        raise NotImplementedError(f"{type(self).__name__} has to say how its LLM is made")

    @asynccontextmanager
    async def playing(
        self, *turns: object, cues: Sequence[str] = ()
    ) -> AsyncGenerator[tuple[LLM, Exchange]]:
        """An LLM with the turns that it will be answered with; it is closed at the end."""
        exchange = Exchange(turns, cues=cues)
        llm = self.make(exchange)
        try:
            yield llm, exchange
        finally:
            await llm.aclose()


def check(
    method: Callable[Concatenate[S, P], Awaitable[None]],
) -> Callable[Concatenate[S, P], None]:
    """Run an async method in a loop of its own, so that any test runner can call it."""

    @wraps(method)
    def run(self: S, /, *args: P.args, **kwargs: P.kwargs) -> None:
        async def bounded() -> None:
            bound = asyncio.timeout(self.patience_s)
            try:
                async with bound:
                    await method(self, *args, **kwargs)
            except TimeoutError as error:
                if not bound.expired():
                    raise
                raise AssertionError(f"nothing happened for {self.patience_s} s") from error

        asyncio.run(bounded())

    return run


def checks_of(suite: Suite | type[Suite]) -> list[str]:
    """The names of a suite's checks, sorted."""
    return sorted(name for name in dir(suite) if name.startswith("test_"))


def failing_checks(suite: Suite, checks: Iterable[str] = ()) -> dict[str, BaseException]:
    """Run a suite without a test runner, and return what fails: each check's name and error.

    Args:
        checks: Names of the checks to run; by default all of them.

    Example:
        >>> from agentcore.testing import FunctionLLM, LLMConformance
        >>> class Echo(LLMConformance):
        ...     def make(self, exchange):
        ...         return FunctionLLM(exchange.reply)
        >>> failing_checks(Echo())
        {}
    """
    failures: dict[str, BaseException] = {}
    for name in tuple(checks) or checks_of(suite):
        try:
            getattr(suite, name)()
        except Exception as error:  # noqa: BLE001 - it is returned
            failures[name] = error
    return failures


def expect(condition: object, complaint: str) -> None:
    """Fail with a complaint that tells the author of a backend what is wrong."""
    if not condition:
        raise AssertionError(complaint)


def expect_equal(got: object, wanted: object, what: str) -> None:
    """Fail where the two differ, and show both."""
    expect(got == wanted, f"{what}: got {got!r}, wanted {wanted!r}")


async def streamed(llm: LLM, request: LLMRequest) -> tuple[Completion, list[TextDelta]]:
    """Ask with a sink, and return the completion and what was streamed."""
    deltas: list[TextDelta] = []

    async def sink(delta: TextDelta) -> None:
        deltas.append(delta)

    return await llm.complete(request, on_delta=sink), deltas
