"""Documents in, chunks out: with their place, in agreement with the file, whoever writes to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import pytest_asyncio

from agentcore import (
    Agent,
    Answer,
    AssistantMessage,
    ConfigurationError,
    ImagePart,
    Memory,
    Percept,
    Run,
    Task,
    TextPart,
)
from agentcore.memory import (
    HashingEmbedder,
    KnowledgeBase,
    Retrieval,
    ScoreFusion,
    SentenceSplitter,
    WholeSplitter,
)
from agentcore.percepts import Span
from agentcore.testing import ScriptedLLM

FACTS = {
    "bees.txt": "Bees make honey from nectar.",
    "cows.txt": "Cows give milk twice a day.",
    "owls.txt": "Owls hunt mice at night.",
}


def opened(folder: Path) -> KnowledgeBase:
    return KnowledgeBase(folder / "kb.db", embedder=HashingEmbedder(dim=64))


def percept(text: str, source: str = "notes", start: int | None = None) -> Percept:
    span = None if start is None else Span(start=start, end=start + len(text))
    return Percept(content=TextPart(text=text), source=source, span=span, page=3)


@pytest_asyncio.fixture
async def base(tmp_path: Path) -> AsyncIterator[KnowledgeBase]:
    async with opened(tmp_path) as made:
        for source, text in FACTS.items():
            await made.add(text, source=source)
        yield made


async def sources(base: KnowledgeBase, query: str, top_k: int = 1) -> list[str]:
    return [hit.source for hit in await base.search(query, top_k=top_k)]


async def test_it_is_a_memory(base: KnowledgeBase) -> None:
    memory: Memory = base

    assert (await memory.search("What do bees make?", top_k=1))[0].text == FACTS["bees.txt"]


async def test_a_hit_says_where_it_stands_and_how_it_was_found(base: KnowledgeBase) -> None:
    (hit,) = await base.search("who hunts mice", top_k=1)

    assert hit.source == "owls.txt"
    assert hit.metadata == {"start": 0, "end": 24, "page": None, "trust": "untrusted"}
    assert hit.why.startswith("keywords 2.")


async def test_top_k_is_full_while_there_are_chunks(base: KnowledgeBase) -> None:
    assert sorted(await sources(base, "honey", top_k=9)) == sorted(FACTS)
    assert await base.search("honey", top_k=0) == []
    assert await base.search("  ", top_k=3) == []


async def test_an_empty_base_finds_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as base:
        assert await base.search("anything") == []


async def test_chunks_keep_source_page_and_characters_of_the_percept(tmp_path: Path) -> None:
    text = "First one here.  Second one here."
    async with KnowledgeBase(
        tmp_path / "kb.db", embedder=HashingEmbedder(), splitter=SentenceSplitter(max_chars=18)
    ) as base:
        done = await base.ingest([percept(text, "report.pdf", start=100)], metadata={"year": 2026})
        (hit,) = await base.search("second", top_k=1)

    assert (done.sources, done.chunks, done.removed, done.skipped) == (("report.pdf",), 2, 0, 0)
    assert hit.text == "Second one here."
    assert hit.metadata["page"] == 3
    assert hit.metadata["year"] == 2026
    assert (hit.metadata["start"], hit.metadata["end"]) == (117, 133)


async def test_a_source_ingested_again_takes_the_place_of_its_earlier_version(
    tmp_path: Path,
) -> None:
    path = tmp_path / "zoo.md"
    async with opened(tmp_path) as base:
        path.write_text("Zebras have stripes.", encoding="utf-8")
        await base.ingest(path)
        await base.search("zebras")
        path.write_text("Pandas eat bamboo.", encoding="utf-8")
        done = await base.ingest(str(path))
        again = await base.ingest(path)

        assert (done.chunks, done.removed) == (1, 1)
        assert (again.chunks, again.removed) == (1, 0)
        assert await base.count() == 1
        assert [hit.text for hit in await base.search("zebras stripes")] == ["Pandas eat bamboo."]


async def test_deletes_hold_for_words_and_for_meaning(base: KnowledgeBase) -> None:
    assert await sources(base, "honey nectar") == ["bees.txt"]

    assert await base.delete_source("bees.txt") == 1

    assert "bees.txt" not in await sources(base, "honey nectar", top_k=9)
    found = await base.candidates("honey nectar")
    assert set(found.keyword.values()) == {0.0}


async def test_a_base_opened_again_finds_the_same(base: KnowledgeBase, tmp_path: Path) -> None:
    before = await base.search("milk from cows", top_k=3)

    async with opened(tmp_path) as again:
        assert await again.search("milk from cows", top_k=3) == before


async def test_a_search_sees_what_another_writer_committed(
    base: KnowledgeBase, tmp_path: Path
) -> None:
    await base.search("warm up")
    async with opened(tmp_path) as other:
        await other.add("Foxes dig dens.", source="foxes.txt")
        await other.delete_source("cows.txt")

    assert await sources(base, "foxes dens") == ["foxes.txt"]
    assert "cows.txt" not in await sources(base, "milk", top_k=9)


async def test_a_changed_record_of_the_store_is_found_by_its_new_words(base: KnowledgeBase) -> None:
    (hit,) = await base.search("milk", top_k=1)

    await base.store.update(hit.id, text="Goats climb trees.")

    assert (await base.candidates("goats")).keyword[hit.id] > 0
    assert (await base.candidates("milk")).keyword[hit.id] == 0


async def test_context_is_searched_and_not_shown(tmp_path: Path) -> None:
    turns = [percept("Ann: I got a puppy.", "chat"), percept("Bob: What is its name?", "chat")]
    elsewhere = percept("Eve: Rex.", "other chat")
    async with KnowledgeBase(
        tmp_path / "kb.db",
        embedder=HashingEmbedder(),
        splitter=WholeSplitter(),
        context_chunks=1,
        retrieval=Retrieval(fusion=ScoreFusion((1, 0))),
    ) as base:
        await base.ingest([*turns, elsewhere])

        hits = await base.search("puppy", top_k=3)

    assert [hit.text for hit in hits if hit.score > 0][1:] == ["Bob: What is its name?"]
    assert all("context_chars" not in hit.metadata for hit in hits)
    assert hits[-1].text == "Eve: Rex."


async def test_percepts_that_are_no_text_are_counted_and_passed_over(tmp_path: Path) -> None:
    picture = Percept(content=ImagePart(data=b"hi", media_type="image/png"), source="pic")
    async with opened(tmp_path) as base:
        done = await base.ingest([picture, percept("A text.")])

    assert (done.chunks, done.skipped) == (1, 1)


async def test_metadata_cannot_take_the_names_of_a_chunk(tmp_path: Path) -> None:
    async with opened(tmp_path) as base:
        with pytest.raises(ConfigurationError, match="what a chunk has itself: page"):
            await base.add("text", metadata={"page": 1})


@pytest.mark.parametrize(
    ("content", "message"), [(b"\xff\xfe\x00", "no UTF-8 text"), (None, "cannot be read")]
)
async def test_a_file_that_is_no_text_is_refused(
    content: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "file.bin"
    if content is not None:
        path.write_bytes(content)
    async with opened(tmp_path) as base:
        with pytest.raises(ConfigurationError, match=message):
            await base.ingest(path)


async def test_diversity_takes_one_of_two_that_say_the_same(tmp_path: Path) -> None:
    async with KnowledgeBase(
        tmp_path / "kb.db", embedder=HashingEmbedder(), retrieval=Retrieval(diversity=0.8)
    ) as base:
        for name in ("a", "b"):
            await base.add("Bees make honey from flowers.", source=name)
        await base.add("Honey cake recipe with eggs.", source="c")

        assert "c" in await sources(base, "bees honey flowers", top_k=2)


def test_an_agent_recalls_from_it(tmp_path: Path) -> None:
    class Recalling:
        async def solve(self, task: Task, run: Run, /) -> Answer:
            await run.remember("Bees make honey.", source="ann")
            (hit,) = await run.recall("honey", top_k=1)
            return await run.answer([*task.messages, AssistantMessage(content=hit.text)])

    agent = Agent(llm=ScriptedLLM(), memory=opened(tmp_path), planner=Recalling())

    assert agent.run_sync("?").output == "Bees make honey."


def test_searches_of_several_event_loops_at_once_agree(tmp_path: Path) -> None:
    base = opened(tmp_path)
    asyncio.run(base.add("Bees make honey.", source="bees"))

    async def search(number: int) -> list[str]:
        await base.add(f"Cow number {number} gives milk.", source=f"cow-{number}")
        found = [await base.search("honey", top_k=1) for _ in range(3)]
        return [hit.source for hits in found for hit in hits]

    def search_alone(number: int) -> list[str]:
        return asyncio.run(search(number))

    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(search_alone, range(3)))

    assert results == [["bees"] * 3] * 3


async def test_two_files_of_one_name_are_two_sources(tmp_path: Path) -> None:
    async with opened(tmp_path) as base:
        for folder in ("bees", "cows"):
            (tmp_path / folder).mkdir()
            path = tmp_path / folder / "README.md"
            path.write_text(f"What is known of {folder}.")
            assert (await base.ingest(path)).removed == 0

        assert await base.count() == 2


async def test_percepts_without_a_source_replace_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as base:
        await base.add("Bees make honey.")

        done = await base.ingest([percept("Cows give milk.", source="")])

        assert (done.removed, await base.count()) == (0, 2)


async def test_versions_that_are_ingested_at_the_same_time_do_not_delete_each_other(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as base:
        await base.ingest([percept("An old version.")])
        for number in range(5):
            texts = [f"Version {number}, by {name}." for name in ("ann", "bob", "eve")]

            await asyncio.gather(*(base.ingest([percept(text)]) for text in texts))

            kept = {record.text async for record in base.store.records(source="notes")}
            assert kept & set(texts)
            assert "An old version." not in kept
