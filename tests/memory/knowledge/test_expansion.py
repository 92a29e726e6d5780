"""What the model is asked to add to a query, what is done with it, and who pays for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from agentcore import (
    Agent,
    Answer,
    AssistantMessage,
    Budget,
    ConfigurationError,
    MemoryHit,
    MemoryJournal,
    Run,
    StepLimitError,
    Task,
)
from agentcore.memory import (
    HashingEmbedder,
    HyDE,
    KnowledgeBase,
    ModelReranker,
    MultiQuery,
    QueryExpansion,
    RAGFusion,
    Retrieval,
)
from agentcore.testing import ScriptedLLM
from agentcore.vectors import Matrix


class Recording(HashingEmbedder):
    """Remembers which texts it was given."""

    def __init__(self) -> None:
        super().__init__(dim=64)
        self.given: list[tuple[str, ...]] = []

    async def embed(self, texts: Sequence[str]) -> Matrix:
        self.given.append(tuple(texts))
        return await super().embed(texts)


class Recalling:
    """A planner that recalls once."""

    def __init__(self) -> None:
        self.hits: tuple[MemoryHit, ...] = ()

    async def solve(self, task: Task, run: Run, /) -> Answer:
        self.hits = await run.recall("sweet insects", top_k=2)
        return await run.answer([*task.messages, AssistantMessage(content="done")])


def texts(*items: str) -> str:
    return json.dumps({"texts": items})


async def filled(folder: Path, retrieval: Retrieval, embedder: Recording) -> KnowledgeBase:
    base = KnowledgeBase(folder / "kb.db", embedder=embedder, retrieval=retrieval)
    await base.add("Bees make honey.", source="bees")
    await base.add("Cows give milk.", source="cows")
    await base.add("Rocks are hard.", source="rocks")
    embedder.given.clear()
    return base


@pytest.mark.parametrize(
    ("expansion", "wording"),
    [
        (MultiQuery(count=2), "2 search queries that ask for the same"),
        (RAGFusion(count=2), "2 search queries that together find"),
        (HyDE(count=2), "2 short passages"),
    ],
)
async def test_the_model_is_asked_once_and_what_it_writes_is_searched(
    expansion: QueryExpansion, wording: str, tmp_path: Path
) -> None:
    llm, embedder, planner = ScriptedLLM(texts("bees", "honey")), Recording(), Recalling()
    base = await filled(tmp_path, Retrieval(expansion=expansion), embedder)

    await Agent(llm=llm, memory=base, planner=planner).run("go")

    assert len(llm.requests) == 1
    system, user = llm.requests[0].messages
    assert wording in system.content
    assert user.content == "sweet insects"
    assert llm.requests[0].output_schema is not None
    assert embedder.given == [("sweet insects", "bees", "honey")]
    assert planner.hits[0].source == "bees"


async def test_the_passages_of_hyde_are_not_searched_by_their_words(tmp_path: Path) -> None:
    llm, planner = ScriptedLLM(texts("milk milk milk")), Recalling()
    base = await filled(tmp_path, Retrieval(expansion=HyDE()), Recording())

    await Agent(llm=llm, memory=base, planner=planner).run("go")

    assert all("keywords 0.00" in hit.why for hit in planner.hits)
    assert planner.hits[0].source == "cows"


async def test_a_model_that_writes_lines_is_understood(tmp_path: Path) -> None:
    llm, embedder = ScriptedLLM("1. bees\n- honey\n\n2) sweet insects\nmore"), Recording()
    base = await filled(tmp_path, Retrieval(expansion=MultiQuery(count=2)), embedder)

    await Agent(llm=llm, memory=base, planner=Recalling()).run("go")

    assert embedder.given == [("sweet insects", "bees", "honey")]


@pytest.mark.parametrize("reply", ['{"texts": []}', '{"other": 1}', "[1, 2]", "  "])
async def test_where_the_model_writes_nothing_the_query_alone_is_searched(
    reply: str, tmp_path: Path
) -> None:
    embedder = Recording()
    base = await filled(tmp_path, Retrieval(expansion=MultiQuery()), embedder)

    await Agent(llm=ScriptedLLM(reply), memory=base, planner=Recalling()).run("go")

    assert embedder.given == [("sweet insects",)]


async def test_without_a_run_an_expansion_is_refused_with_what_to_do(tmp_path: Path) -> None:
    base = await filled(tmp_path, Retrieval(expansion=HyDE()), Recording())

    with pytest.raises(ConfigurationError, match=r"HyDE asks the model of a run.*run\.recall"):
        await base.search("sweet insects")


async def test_the_call_is_charged_to_the_budget_of_the_run(tmp_path: Path) -> None:
    retrieval = Retrieval(expansion=MultiQuery(), reranker=ModelReranker())
    base = await filled(tmp_path, retrieval, Recording())
    llm = ScriptedLLM(texts("bees"))

    with pytest.raises(StepLimitError):
        await Agent(llm=llm, memory=base, planner=Recalling(), budget=Budget(max_steps=1)).run("go")

    assert len(llm.requests) == 1


async def test_every_prefix_of_the_journal_resumes_to_the_same_hits(tmp_path: Path) -> None:
    retrieval = Retrieval(expansion=RAGFusion(count=1), reranker=ModelReranker())
    embedder, planner, full = Recording(), Recalling(), MemoryJournal()
    base = await filled(tmp_path, retrieval, embedder)
    replies = [texts("bees"), '{"order": [2, 1]}']
    await Agent(llm=ScriptedLLM(*replies), memory=base, planner=planner).run("go", journal=full)
    expected = planner.hits
    keys = [event.key for event in full.events()]
    assert {"recall-1/think-1", "recall-1/embed-1", "recall-1/think-2", "recall-1"} <= set(keys)

    for length in range(len(keys) + 1):
        recorded = set(keys[:length])
        embedder.given.clear()
        script = [
            reply
            for reply, key in zip(replies, ("recall-1/think-1", "recall-1/think-2"), strict=True)
            if not recorded & {key, "recall-1"}
        ]
        llm = ScriptedLLM(*script)
        again = Recalling()
        journal = MemoryJournal(full.events()[:length])

        await Agent(llm=llm, memory=base, planner=again).run("go", journal=journal)

        assert again.hits == expected
        assert len(llm.requests) == len(script)
        assert len(embedder.given) == (0 if recorded & {"recall-1/embed-1", "recall-1"} else 1)


async def test_the_reranker_sees_the_texts_and_its_order_holds(tmp_path: Path) -> None:
    llm, planner = ScriptedLLM('{"order": [3, 3, 99]}'), Recalling()
    base = await filled(tmp_path, Retrieval(reranker=ModelReranker(max_chars=8)), Recording())
    async with KnowledgeBase(tmp_path / "kb.db", embedder=HashingEmbedder(dim=64)) as same:
        plain = [hit.source for hit in await same.search("sweet insects")]

    await Agent(llm=llm, memory=base, planner=planner).run("go")

    assert "Question: sweet insects\n\n[1] " in llm.requests[0].messages[-1].content
    assert [hit.source for hit in planner.hits] == [plain[2], plain[0]]


async def test_a_reranker_without_a_run_is_refused(tmp_path: Path) -> None:
    base = await filled(tmp_path, Retrieval(reranker=ModelReranker()), Recording())

    with pytest.raises(ConfigurationError, match="ModelReranker asks the model of a run"):
        await base.search("sweet insects")


@pytest.mark.parametrize("kind", [MultiQuery, RAGFusion, HyDE])
def test_a_count_of_none_is_refused(kind: type[MultiQuery | RAGFusion | HyDE]) -> None:
    with pytest.raises(ConfigurationError, match="count is 0"):
        kind(count=0)
