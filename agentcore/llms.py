"""What a model is, and how one that is made of others asks them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias, TypeVar, runtime_checkable

from .completions import Abilities, Completion, LLMRequest, TextDelta
from .vectors import Embedder, Matrix

__all__ = ["LLM", "Composite", "DeltaSink", "ModelCalls", "Probing"]

T = TypeVar("T")

DeltaSink: TypeAlias = Callable[[TextDelta], Awaitable[None]]
"""Takes streamed text; it waits when its reader is slow, and so slows the model down."""


class LLM(Protocol):
    """A language model.

    One object serves any number of concurrent calls. Cancelling a call stops the work behind it,
    and the next call works. Errors are of the `LLMError` tree only; a setting in `request.sampling`
    that the backend does not support raises `ConfigurationError`.

    Example:
        >>> from agentcore.testing import FunctionLLM
        >>> llm = FunctionLLM(lambda request: request.messages[-1].content.upper())
    """

    @property
    def name(self) -> str:
        """Backend and model, such as `openai:gpt-5-mini`."""
        ...

    @property
    def abilities(self) -> Abilities:
        """What the model can do, as far as is known."""
        ...

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request.

        With `on_delta` the answer is streamed to it as well; the completion is the same in both
        cases.
        """
        ...

    async def aclose(self) -> None:
        """Give back connections and memory. May be called more than once."""
        ...


@runtime_checkable
class Probing(Protocol):
    """An LLM that has to ask its server what the model can do."""

    async def probe(self) -> Abilities:
        """Find out, once; from then on `abilities` says it too.

        Raises:
            LLMError: the server cannot be asked.
        """
        ...


class ModelCalls(Protocol):
    """What a composite, a memory or a planner asks models with; every `Run` is one.

    In a run each call reserves budget, is recorded under a key of its own (`think-1/llm-1`), and is
    looked up there by a replay. It belongs to one task: calls side by side go through `all`.
    """

    async def complete(
        self,
        llm: LLM,
        request: LLMRequest,
        *,
        on_delta: DeltaSink | None = None,
        timeout_s: float | None = None,
    ) -> Completion:
        """Ask a model; one step of the budget.

        Args:
            on_delta: is handed the text while the model writes it; a recorded answer is not
                streamed again.
            timeout_s: raises `LLMTimeoutError` after so many seconds, recorded for a replay.
        """
        ...

    async def embed(self, embedder: Embedder, texts: Sequence[str]) -> Matrix:
        """Turn texts into vectors, (n, d). Charged no tokens.

        Raises:
            ConfigurationError: the embedder gave another shape than it promises.
        """
        ...

    async def all(self, *branches: Callable[[ModelCalls], Awaitable[T]]) -> tuple[T, ...]:
        """Run branches side by side; their results in order. The first failure cancels the rest.

        Each branch asks through the calls that it is handed, and through no other.
        """
        ...

    async def now(self) -> datetime:
        """The time, UTC."""
        ...

    async def random(self) -> float:
        """A random number, at least 0 and under 1."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; a replay does not wait again."""
        ...


class Composite(LLM, Protocol):
    """An LLM made of others: in a run it is asked by `compose`, and not by `complete`.

    It reaches its parts only through `calls`: so the budget holds for each of them, each leaves its
    own event, and a run that is resumed does not ask again what had been answered. It must ask the
    same things again when it is run again. What it costs is the sum of its calls; one that asks
    nobody, such as a cache that has the answer, is charged one step and no tokens.

    A text that was streamed cannot be taken back: stream only the attempt whose answer is returned.

    Example:
        >>> from agentcore.brain import DirectCalls
        >>> class Twice:
        ...     def __init__(self, llm):
        ...         self.llm, self.name, self.abilities = llm, f"twice({llm.name})", llm.abilities
        ...     async def complete(self, request, *, on_delta=None):
        ...         return await self.compose(request, DirectCalls(), on_delta=on_delta)
        ...     async def compose(self, request, calls, *, on_delta=None):
        ...         await calls.complete(self.llm, request)
        ...         return await calls.complete(self.llm, request, on_delta=on_delta)
        ...     async def aclose(self): ...
    """

    async def compose(
        self, request: LLMRequest, calls: ModelCalls, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request with the help of other models."""
        ...
