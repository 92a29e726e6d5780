"""The ledger of a run: budget is reserved before a call is made, and settled after it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from .completions import Completion, LLMRequest, estimate_input
from .errors import LimitError, StepLimitError, TimeLimitError, TokenLimitError
from .messages import estimate_tokens
from .usage import Budget, Usage

__all__ = ["Lease", "Ledger"]


@dataclass(frozen=True, slots=True)
class Lease:
    """A part of the budget that is held for one model call."""

    ledger: Ledger
    input_tokens: int
    """The estimate; 0 where nobody counts tokens."""
    output_tokens: int | None
    """The most tokens that the call may write; None: no bound."""
    cut_by: str | None = None
    """Scope of the run whose last tokens these are, where they are fewer than was wanted."""

    def usage_of(self, completion: Completion | None) -> Usage:
        """Return what a call is charged: what was reported, but a step at least.

        Where tokens are counted and none were reported the estimate is charged; a call that failed
        or was cancelled is charged its input.
        """
        if completion is None:
            return Usage(steps=1, input_tokens=self.input_tokens)
        usage = completion.usage
        if self.input_tokens and not usage.tokens:
            written = estimate_tokens(completion.message)
            usage = Usage(input_tokens=self.input_tokens, output_tokens=written)
        return usage if usage.steps else usage.model_copy(update={"steps": 1})

    def settle(self, usage: Usage) -> None:
        """Give the reservation back and charge what was really used."""
        for ledger in self.ledger.chain():
            ledger.reserved_steps -= 1
            ledger.reserved_tokens -= self.input_tokens + (self.output_tokens or 0)
        self.ledger.charge(usage)
        self.ledger.wake()


class Ledger:
    """What one run, and its children with it, has used and holds in reserve.

    A reservation is checked against this ledger and all its parents, and taken, in one step without
    a wait in between: parallel calls cannot overspend. One that would fit if the calls in flight
    used nothing waits for them to settle; one that cannot fit any more raises.

    Args:
        path: Scope of the run, for the errors of its bounds.
        begun_s: The run's time at which it began.
        used: What an earlier process had used; the parents know of it already.
    """

    def __init__(
        self,
        budget: Budget,
        parent: Ledger | None = None,
        *,
        path: str = "",
        begun_s: float = 0.0,
        used: Usage | None = None,
    ) -> None:
        self.budget = budget
        self.path = path
        self.begun_s = begun_s
        self.used = used or Usage()
        self.reserved_steps = 0
        self.reserved_tokens = 0
        self._parent = parent
        self._waiters: list[asyncio.Future[None]] = []

    def chain(self) -> Iterator[Ledger]:
        """Yield this ledger, then its parents."""
        ledger: Ledger | None = self
        while ledger is not None:
            yield ledger
            ledger = ledger._parent

    def charge(self, usage: Usage) -> None:
        """Charge what was done, without checking."""
        for ledger in self.chain():
            ledger.used += usage

    def take_tool_call(self) -> Usage:
        """Charge one tool call and return the charge, or raise `StepLimitError`."""
        for ledger in self.chain():
            limit = ledger.budget.max_tool_calls
            if limit is not None and ledger.used.tool_calls >= limit:
                message = f"the budget of max_tool_calls={limit} is used up"
                raise ledger._reached(StepLimitError(message, limit="tool_calls"))
        usage = Usage(tool_calls=1)
        self.charge(usage)
        return usage

    def check_time(self, now_s: float) -> None:
        """Raise `TimeLimitError` where the run, or a parent, has used its seconds."""
        for ledger in self.chain():
            if ledger.seconds_left(now_s) == 0:
                limit_s = ledger.budget.max_seconds
                raise ledger._reached(
                    TimeLimitError(f"the budget of max_seconds={limit_s} is used up")
                )

    def seconds_left(self, now_s: float) -> float | None:
        """Return what is left of this run's own seconds; None: no bound."""
        if self.budget.max_seconds is None:
            return None
        return max(0.0, self.begun_s + self.budget.max_seconds - now_s)

    async def reserve(self, request: LLMRequest) -> Lease:
        """Reserve one step and the tokens of a request; waits for calls in flight where that helps.

        Raises:
            StepLimitError, TokenLimitError: it does not fit, whatever the calls in flight will use.
        """
        estimate = estimate_input(request) if self._counts_tokens() else 0
        while True:
            lease = self._try_reserve(request, estimate)
            if lease is not None:
                return lease
            await self._wait()

    async def take_step(self) -> Usage:
        """Charge one step without tokens and return the charge; waits like `reserve`.

        Raises:
            StepLimitError: none is left.
        """
        while not all(ledger._has_step() for ledger in self.chain()):
            await self._wait()
        usage = Usage(steps=1)
        self.charge(usage)
        return usage

    def check_steps(self) -> None:
        """Raise `StepLimitError` where the run, or a parent, has used its steps."""
        for ledger in self.chain():
            ledger._has_step()

    async def _wait(self) -> None:
        """Wait until a reservation was settled."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._root()._waiters.append(waiter)
        await waiter

    def wake(self) -> None:
        """Let the waiting reservations try again."""
        root = self._root()
        waiters, root._waiters = root._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _try_reserve(self, request: LLMRequest, estimate: int) -> Lease | None:
        """Take the reservation, or return None where waiting may help."""
        output, cut_by = request.sampling.max_tokens, None
        for ledger in self.chain():
            if not ledger._has_step():
                return None
            max_tokens = ledger.budget.max_tokens
            if max_tokens is None:
                continue
            output = ledger.budget.output_tokens if output is None else output
            left = ledger._tokens_left(estimate) - estimate
            if output > left:
                output, cut_by = left, ledger.path
            if output > left - ledger.reserved_tokens:
                return None
        for ledger in self.chain():
            ledger.reserved_steps += 1
            ledger.reserved_tokens += estimate + (output or 0)
        return Lease(self, estimate, output, cut_by)

    def _has_step(self) -> bool:
        """Whether a step is free now. Raises where none will ever be."""
        limit = self.budget.max_steps
        if limit is None:
            return True
        if self.used.steps >= limit:
            message = f"the budget of max_steps={limit} model calls is used up"
            raise self._reached(StepLimitError(message))
        return self.used.steps + self.reserved_steps < limit

    def _tokens_left(self, needed: int) -> int:
        """Return the tokens not used yet. Raises where they are no more than what is needed."""
        left = (self.budget.max_tokens or 0) - self.used.tokens
        if left <= needed:
            message = (
                f"the budget of max_tokens={self.budget.max_tokens} has {left} tokens left; the "
                f"next request needs about {needed} for its input alone"
            )
            raise self._reached(TokenLimitError(message))
        return left

    def _reached(self, error: LimitError) -> LimitError:
        error.scope = self.path
        return error

    def _counts_tokens(self) -> bool:
        return any(ledger.budget.max_tokens is not None for ledger in self.chain())

    def _root(self) -> Ledger:
        *_, root = self.chain()
        return root
