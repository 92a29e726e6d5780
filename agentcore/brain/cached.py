"""Answers that are kept on disk, and found again for the same request, or for one much like it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..completions import Abilities, Completion, LLMRequest
from ..errors import ConfigurationError
from ..interfaces import LLM, DeltaSink, ModelCalls
from ..messages import UserMessage
from ..usage import Usage
from ..values import digest_of
from ..vectors import Embedder
from .cache_store import CacheStore
from .deltas import deliver
from .direct import DirectCalls
from .members import Members

if TYPE_CHECKING:
    from .cache_store import Vector

__all__ = ["Cached"]


class Cached:
    """Returns a stored answer to the same request to the same model; else asks, and stores.

    Without `embedder` a request is the same where everything of it is: messages, tools, schema,
    sampling, and the model's name. With it an answer is also returned where only the last user
    message differs, by a cosine similarity of at least `min_similarity` to one of the 2,000 newest;
    choose it on questions of your own, for "in 2023" and "in 2024" are near. Requests with tools or
    images are only ever found exactly.

    Not stored: errors, answers without anything in them, answers cut off at `max_tokens` or by a
    filter. Not looked up either: requests that ask for chance, by a temperature above 0 without a
    seed. Calls of tools are stored: they are what the model decided, and nothing was done yet.

    A stored answer has `is_cached`, and a usage of zero; it is streamed in one piece. A run charges
    it one step and no tokens, so that a loop is bounded whether the cache is warm or cold. Else it
    costs one model call, and with an embedder one call of that.

    The file is SQLite in WAL mode, shared by any number of processes; put it on a local disk.

    Args:
        path: The file; made where there is none.
        ttl_s: Seconds after which an answer is asked for again; None: never.
        max_entries: Beyond it the answers leave that were stored first.

    Raises:
        CorruptStoreError: when first asked: the file is damaged or none of ours. It is not touched.

    Example:
        >>> import asyncio
        >>> from agentcore import LLMRequest, UserMessage
        >>> from agentcore.testing import ScriptedLLM
        >>> llm = Cached(ScriptedLLM("Paris"), ":memory:")
        >>> asked = LLMRequest(messages=(UserMessage(content="Capital of France?"),))
        >>> [asyncio.run(llm.complete(asked)).is_cached for _ in range(2)]
        [False, True]
    """

    def __init__(
        self,
        llm: LLM | str,
        path: str | Path,
        *,
        ttl_s: float | None = None,
        max_entries: int = 100_000,
        embedder: Embedder | None = None,
        min_similarity: float = 0.95,
    ) -> None:
        if (ttl_s is not None and ttl_s <= 0) or max_entries < 1 or not 0 < min_similarity <= 1:
            raise ConfigurationError(
                f"Cached(ttl_s={ttl_s}, max_entries={max_entries}, min_similarity={min_similarity})"
                ": give seconds above 0, at least one entry, and a similarity above 0 and up to 1"
            )
        self._members = Members(llm)
        self._store = CacheStore(path, max_entries=max_entries)
        self._ttl_s = ttl_s
        self._embedder = embedder
        self._min_similarity = min_similarity

    @property
    def name(self) -> str:
        """`cached(...)` of the model's name."""
        return f"cached({self._members.names})"

    @property
    def abilities(self) -> Abilities:
        """Those of the model."""
        return self._members.abilities

    async def probe(self, *, calls: ModelCalls | None = None) -> Abilities:
        """Ask the model, once."""
        return await self._members.probe(calls=calls)

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request outside of a run."""
        return await self.compose(request, DirectCalls(), on_delta=on_delta)

    async def compose(
        self, request: LLMRequest, calls: ModelCalls, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request."""
        llm = self._members.llms[0]
        if _asks_for_chance(request):
            return await calls.complete(llm, request, on_delta=on_delta)
        key, context = digest_of(llm.name, request.digest), self._context_of(llm, request)
        now_s = 0.0 if self._ttl_s is None else (await calls.now()).timestamp()
        since_s = now_s - (self._ttl_s or 0.0)
        found, vector = self._store.get(key, since_s=since_s), None
        if found is None and context is not None and self._embedder is not None:
            text = str(request.messages[-1].content)
            vector = (await calls.embed(self._embedder, [text]))[0]
            found = self._near(context, vector, since_s)
        if found is not None:
            found = found.model_copy(update={"usage": Usage(), "is_cached": True})
            await deliver(found, on_delta)
            return found
        completion = await calls.complete(llm, request, on_delta=on_delta)
        if _is_whole(completion):
            self._store.put(key, completion, created_s=now_s, context=context, vector=vector)
        return completion

    async def aclose(self) -> None:
        """Close the file, and the model if it was loaded by its name."""
        self._store.close()
        await self._members.aclose()

    def _near(self, context: str, vector: Vector, since_s: float) -> Completion | None:
        return self._store.near(
            context, vector, min_similarity=self._min_similarity, since_s=since_s
        )

    def _context_of(self, llm: LLM, request: LLMRequest) -> str | None:
        """Stands for all but the last message; None where only the same request will do."""
        last = request.messages[-1] if request.messages else None
        if self._embedder is None or request.tools or not isinstance(last, UserMessage):
            return None
        if not isinstance(last.content, str):
            return None
        before = replace(request, messages=request.messages[:-1])
        embedder = f"{self._embedder.name} {self._embedder.dim}"
        return digest_of(llm.name, before.digest, embedder)


def _asks_for_chance(request: LLMRequest) -> bool:
    sampling = request.sampling
    return bool(sampling.temperature) and sampling.seed is None


def _is_whole(completion: Completion) -> bool:
    has_content = bool(completion.text.strip() or completion.message.tool_calls)
    return has_content and completion.finish_reason in {"stop", "tool_calls"}
