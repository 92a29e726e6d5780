"""A memory reaches models, embedders and the clock through the run, which counts and records it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from agentcore import (
    Agent,
    Answer,
    AssistantMessage,
    Budget,
    ConfigurationError,
    MemoryHit,
    MemoryJournal,
    Message,
    Run,
    StepLimitError,
    Task,
    UserMessage,
)
from agentcore.testing import ScriptedLLM
from agentcore.values import JsonValue
from agentcore.vectors import Vectors


class Halves:
    """An embedder that counts how often it is asked."""

    name, dim = "halves", 2

    def __init__(self, vectors: Vectors | None = None) -> None:
        self.calls = 0
        self.vectors = vectors

    async def embed(self, texts: Sequence[str]) -> Vectors:
        self.calls += 1
        return [[0.1, len(text) / 3] for text in texts] if self.vectors is None else self.vectors


class Rewriting:
    """A memory that asks the model for a better query, and the embedder for its vector."""

    def __init__(self, embedder: Halves) -> None:
        self.embedder = embedder

    async def add(
        self,
        text: str,
        *,
        source: str = "",
        metadata: Mapping[str, JsonValue] | None = None,
        run: Run | None = None,
    ) -> None:
        assert run is not None
        await run.now()

    async def search(
        self, query: str, *, top_k: int = 5, run: Run | None = None
    ) -> list[MemoryHit]:
        assert run is not None
        better = (await run.think([UserMessage(content=f"rewrite {query}")])).text
        matrix = await run.embed(self.embedder, [better, query])
        assert matrix.dtype == np.float32
        return [MemoryHit(text=f"{better} {matrix.shape} {matrix[0, 1]:.6f}", score=1.0)]

    async def history(self, session: str, *, run: Run | None = None) -> tuple[Message, ...]:
        assert run is not None
        summary = (await run.think([UserMessage(content=f"sum up {session}")])).text
        return (UserMessage(content=summary), AssistantMessage(content="Noted."))

    async def extend(
        self, session: str, messages: Sequence[Message], *, run: Run | None = None
    ) -> None:
        assert run is not None
        await run.now()


class Recalling:
    """A planner that answers with what it recalls."""

    async def solve(self, task: Task, run: Run, /) -> Answer:
        hits = await run.recall("dune")
        await run.remember(hits[0].text)
        return await run.answer([*task.messages, AssistantMessage(content=hits[0].text)])


def test_what_a_memory_thinks_is_charged_and_recorded_under_its_own_key() -> None:
    embedder = Halves()
    llm = ScriptedLLM("a summary", "dune novel")
    agent = Agent(llm=llm, memory=Rewriting(embedder), planner=Recalling())

    result = agent.run_sync("?", session="ann")

    assert result.output == "dune novel (2, 2) 3.333333"
    assert result.usage.steps == 2
    keys = [event.key for event in result.trajectory]
    assert keys == [
        *("start/think-1", "start", "recall-1/think-1", "recall-1/embed-1", "recall-1"),
        *("remember-1/now-1", "remember-1", "session/now-1", "session", "end"),
    ]
    assert llm.requests[1].messages[-1] == UserMessage(content="rewrite dune")


def test_every_prefix_of_the_journal_resumes_without_asking_for_what_is_recorded() -> None:
    full = MemoryJournal()
    llm = ScriptedLLM("a summary", "dune novel")
    agent = Agent(llm=llm, memory=Rewriting(Halves()), planner=Recalling())
    output = agent.run_sync("?", session="ann", journal=full).output

    for length in range(len(full.events()) + 1):
        recorded = full.events()[:length]
        keys = {event.key for event in recorded}
        journal = MemoryJournal(recorded)
        script = [
            *(() if keys & {"start", "start/think-1"} else ("a summary",)),
            *(() if keys & {"recall-1", "recall-1/think-1"} else ("dune novel",)),
        ]
        embedder, llm = Halves(), ScriptedLLM(*script)
        agent = Agent(llm=llm, memory=Rewriting(embedder), planner=Recalling())

        result = agent.run_sync("?", session="ann", journal=journal)

        assert result.output == output
        assert result.usage.steps == 2
        assert len(llm.requests) == len(script)
        assert embedder.calls == (0 if keys & {"recall-1", "recall-1/embed-1"} else 1)


def test_a_memory_cannot_think_beyond_the_budget_of_the_run() -> None:
    llm = ScriptedLLM("a summary", "never asked")
    agent = Agent(
        llm=llm,
        memory=Rewriting(Halves()),
        planner=Recalling(),
        budget=Budget(max_steps=1),
    )

    with pytest.raises(StepLimitError, match="max_steps=1"):
        agent.run_sync("?", session="ann")

    assert len(llm.requests) == 1


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ([[1.0, 2.0]], r"shape \(1, 2\) where \(2, 2\) was due"),
        ([[1.0], [2.0]], r"shape \(2, 1\)"),
        ([[1.0, 2.0], [3.0]], "no matrix of numbers"),
        ([[1.0, float("nan")], [3.0, 4.0]], "a NaN or an infinite number"),
    ],
)
def test_an_embedder_that_breaks_its_promise_is_named(vectors: Vectors, message: str) -> None:
    llm = ScriptedLLM("dune novel")
    agent = Agent(llm=llm, memory=Rewriting(Halves(vectors)), planner=Recalling())

    with pytest.raises(ConfigurationError, match=f"halves.embed returned .*{message}"):
        agent.run_sync("?")
