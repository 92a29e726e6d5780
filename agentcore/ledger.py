"""The ledger of a run: budget is reserved before a call is made, and settled after it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from .completions import LLMRequest
from .errors import StepLimitError, TokenLimitError
from .usage import Budget, Usage

__all__ = ["Lease", "Ledger", "estimate_tokens"]

BYTES_PER_TOKEN = 3
"""A cautious guess: English has about four bytes a token, other languages fewer."""


def estimate_tokens(request: LLMRequest) -> int:
    """Guess the input tokens of a request from its size; rather too high than too low."""
    size = sum(len(message.encoded) for message in request.messages)
    size += sum(len(tool.encoded) for tool in request.tools)
    return size // BYTES_PER_TOKEN + 1


@dataclass(slots=True)
class Lease:
    """A part of the budget that is held for one model call."""

    ledger: Ledger
    tokens: int
    output_tokens: int | None
    """The most tokens that the call may write; None: no bound."""

    def settle(self, usage: Usage) -> None:
        """Give the reservation back and charge what was really used."""
        for ledger in self.ledger.chain():
            ledger.reserved_steps -= 1
            ledger.reserved_tokens -= self.tokens
        self.ledger.charge(usage)
        self.ledger.wake()


class Ledger:
    """What one run, and its children with it, has used and holds in reserve.

    A reservation is checked against this ledger and all its parents, and taken, in one step without
    a wait in between: parallel calls cannot overspend. One that would fit if the calls in flight
    used nothing waits for them to settle; one that cannot fit any more raises.

    Args:
        used: What an earlier process had used; the parents know of it already.
    """

    def __init__(
        self, budget: Budget, parent: Ledger | None = None, used: Usage | None = None
    ) -> None:
        self.budget = budget
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

    def take_tool_call(self) -> None:
        """Charge one tool call, or raise `StepLimitError`."""
        for ledger in self.chain():
            limit = ledger.budget.max_tool_calls
            if limit is not None and ledger.used.tool_calls >= limit:
                raise StepLimitError(
                    f"the budget of max_tool_calls={limit} is used up", limit="tool_calls"
                )
        self.charge(Usage(tool_calls=1))

    async def reserve(self, request: LLMRequest) -> Lease:
        """Reserve one step and the tokens of a request; waits for calls in flight where that helps.

        Raises:
            StepLimitError, TokenLimitError: it does not fit, whatever the calls in flight will use.
        """
        estimate = estimate_tokens(request) if self._counts_tokens() else 0
        while True:
            lease = self._try_reserve(request, estimate)
            if lease is not None:
                return lease
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
        output = request.sampling.max_tokens
        for ledger in self.chain():
            limit = ledger.budget.max_steps
            if limit is not None and ledger.used.steps >= limit:
                raise StepLimitError(f"the budget of max_steps={limit} model calls is used up")
            if limit is not None and ledger.used.steps + ledger.reserved_steps >= limit:
                return None
            max_tokens = ledger.budget.max_tokens
            if max_tokens is None:
                continue
            output = ledger.budget.output_tokens if output is None else output
            left = max_tokens - ledger.used.tokens
            if left <= estimate:
                raise TokenLimitError(
                    f"the budget of max_tokens={max_tokens} has {left} tokens left; the next "
                    f"request needs about {estimate} for its input alone"
                )
            output = min(output, left - estimate)
            if estimate + output > left - ledger.reserved_tokens:
                return None
        tokens = estimate + (output or 0)
        for ledger in self.chain():
            ledger.reserved_steps += 1
            ledger.reserved_tokens += tokens
        return Lease(ledger=self, tokens=tokens, output_tokens=output)

    def _counts_tokens(self) -> bool:
        return any(ledger.budget.max_tokens is not None for ledger in self.chain())

    def _root(self) -> Ledger:
        *_, root = self.chain()
        return root
