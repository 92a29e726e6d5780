"""`Run` as it is: every effect of a planner goes through here."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from .answering import settle_answer
from .branches import branch_node, run_graph, run_race
from .calls import act
from .completions import Abilities, Completion, LLMRequest, Sampling, ToolSpec
from .effects import Place, perform
from .errors import ConfigurationError
from .events import (
    Asked,
    Drawn,
    Embedded,
    MemoryHit,
    Offered,
    Perceived,
    Recalled,
    Remembered,
    Timed,
)
from .interfaces import LLM, DeltaSink, Memory
from .messages import Message, ToolCall
from .perception import perceive, stand_in
from .percepts import Observation, Percept
from .planning import Branch, Node, Runnable
from .results import Answer, Pending, Result
from .scope import Scope
from .thinking import Asking, ModelCall, complete, think
from .values import JsonObject, JsonValue, digest_of
from .vectors import Embedder, Matrix, embed_texts, to_matrix, to_text

__all__ = ["LiveRun"]

T = TypeVar("T")


class LiveRun:
    """The one implementation of the `Run` protocol, which has the contracts of its methods."""

    def __init__(self, place: Place) -> None:
        self.place = place
        """For the composition root; planners have no use for it."""

    @property
    def id(self) -> str:
        """The run's id."""
        return self.place.scope.state.id

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools of the agent."""
        return self.place.frame.specs

    @property
    def abilities(self) -> Abilities:
        """What the agent's model can do."""
        return self.place.frame.abilities

    @property
    def output_schema(self) -> JsonObject | None:
        """JSON Schema of the typed output."""
        return self.place.frame.parts.output.schema

    async def perceive(self, value: object, *, source: str) -> tuple[Percept, ...]:
        """Turn any input into percepts."""
        key, digest = self._key("perceive"), digest_of(source, stand_in(value))

        async def action() -> Perceived:
            percepts = await perceive(value, source=source, sensors=self.place.frame.parts.sensors)
            return Perceived(key=key, request_digest=digest, percepts=percepts)

        return (await perform(self.place, key, Perceived, digest, action)).percepts

    async def think(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[ToolSpec] = (),
        output_schema: JsonObject | None = None,
        sampling: Sampling | None = None,
        timeout_s: float | None = None,
        answer_field: str | None = None,
    ) -> Completion:
        """Ask the model."""
        if not all(hasattr(message, "digest") for message in messages):
            raise ConfigurationError(
                f"think was given {messages!r:.200}: give messages, such as "
                "[UserMessage(content=...)]"
            )
        request = LLMRequest(
            messages=tuple(messages),
            tools=tuple(tools),
            output_schema=output_schema,
            sampling=self.place.frame.parts.sampling.merged(sampling),
        )
        how = Asking(timeout_s, answer_field)
        return await think(self.place, request, how, open_calls=LiveRun)

    async def complete(
        self,
        llm: LLM,
        request: LLMRequest,
        *,
        on_delta: DeltaSink | None = None,
        timeout_s: float | None = None,
    ) -> Completion:
        """Ask a model that is not, or is only a part of, the agent's own."""
        call = ModelCall(llm, request, on_delta=on_delta, timeout_s=timeout_s)
        return await complete(self.place, call, open_calls=LiveRun)

    async def act(self, calls: Sequence[ToolCall]) -> tuple[Observation, ...]:
        """Execute calls side by side."""
        return await act(self.place, calls, LiveRun)

    async def ask(self, question: str) -> str:
        """Ask a person."""
        key, digest = self._key("ask"), digest_of(question)

        async def action() -> Asked:
            decision = await self.place.scope.state.decision(Pending(key, "question", question))
            return Asked(key=key, request_digest=digest, question=question, reply=decision.text)

        return (await perform(self.place, key, Asked, digest, action)).reply

    async def recall(self, query: str, *, top_k: int = 5) -> tuple[MemoryHit, ...]:
        """Search the agent's memory."""
        key, digest = self._key("recall"), digest_of(query, str(top_k))

        async def action() -> Recalled:
            hits = await self._memory().search(query, top_k=top_k, run=self._inside(key))
            return Recalled(key=key, request_digest=digest, query=query, hits=tuple(hits))

        return (await perform(self.place, key, Recalled, digest, action)).hits

    async def remember(
        self, text: str, *, source: str = "", metadata: Mapping[str, JsonValue] | None = None
    ) -> None:
        """Store a text in the agent's memory."""
        extra = json.dumps(dict(metadata or {}), sort_keys=True)
        key, digest = self._key("remember"), digest_of(text, source, extra)

        async def action() -> Remembered:
            if self.place.scope.state.is_read_only:
                raise ConfigurationError(
                    f"{self.place.frame.parts.agent} stores something in its memory before the "
                    "first model call, and a run that is only explained stores nothing"
                )
            memory, inside = self._memory(), self._inside(key)
            await memory.add(text, source=source, metadata=metadata, run=inside)
            return Remembered(key=key, request_digest=digest, text=text)

        await perform(self.place, key, Remembered, digest, action)

    async def embed(self, embedder: Embedder, texts: Sequence[str]) -> Matrix:
        """Turn texts into vectors."""
        key, digest = self._key("embed"), digest_of(embedder.name, *texts)

        async def action() -> Embedded:
            data = to_text(await embed_texts(embedder, texts))
            return Embedded(key=key, request_digest=digest, dim=embedder.dim, data=data)

        embedded = await perform(self.place, key, Embedded, digest, action)
        return to_matrix(embedded.data, dim=embedded.dim)

    async def child(self, agent: Runnable[T], task: object) -> Result[T]:
        """Run another agent."""
        return await agent.run_in(task, self._inside(self._key("child")))

    async def now(self) -> datetime:
        """Read the clock."""
        key = self._key("now")

        async def action() -> Timed:
            return Timed(key=key, epoch_s=time.time())

        timed = await perform(self.place, key, Timed, "", action)
        return datetime.fromtimestamp(timed.epoch_s, UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        key = self._key("sleep")

        async def action() -> Timed:
            await asyncio.sleep(seconds)
            return Timed(key=key, epoch_s=time.time())

        await perform(self.place, key, Timed, "", action)

    async def random(self) -> float:
        """Draw a random number."""
        key = self._key("random")

        async def action() -> Drawn:
            return Drawn(key=key, number=random.random())  # noqa: S311  not for secrets

        return (await perform(self.place, key, Drawn, "", action)).number

    async def offer(self, text: str, *, score: float = 0.0) -> None:
        """Offer an answer."""
        key, digest = self._key("offer"), digest_of(text, repr(score))

        async def action() -> Offered:
            return Offered(key=key, request_digest=digest, text=text, score=score)

        offered = await perform(self.place, key, Offered, digest, action)
        self.place.frame.offers.append((offered.score, offered.text))

    async def answer(self, messages: Sequence[Message]) -> Answer:
        """End with a validated answer."""
        return await settle_answer(self.place.frame, self.scope("answer"), messages)

    def scope(self, name: str) -> LiveRun:
        """Open a scope of the same task."""
        return LiveRun(Place(self.place.scope.named(name), self.place.frame))

    async def all(self, *branches: Branch[T]) -> tuple[T, ...]:
        """Run branches side by side."""
        nodes = {str(index): branch_node(branch) for index, branch in enumerate(branches)}
        results = await run_graph(self.place.scope, "all", nodes, self._open)
        return tuple(results.values())

    async def race(self, *branches: Branch[T]) -> T:
        """Run branches until one returns."""
        return await run_race(self.place.scope, branches, self._open)

    async def dag(self, nodes: Mapping[str, Node[T]]) -> dict[str, T]:
        """Run the steps of a graph."""
        return await run_graph(self.place.scope, "dag", nodes, self._open)

    def _inside(self, key: str) -> LiveRun:
        """The run for what happens within an effect, whose key begins theirs."""
        return self._open(self.place.scope.inner(key))

    def _open(self, scope: Scope) -> LiveRun:
        return LiveRun(Place(scope, self.place.frame))

    def _key(self, kind: str) -> str:
        return self.place.scope.key(kind)

    def _memory(self) -> Memory:
        memory = self.place.frame.parts.memory
        if memory is None:
            raise ConfigurationError(
                f"{self.place.frame.parts.agent} has no memory to recall from or remember in: set "
                "memory= on the class or in the constructor"
            )
        return memory
