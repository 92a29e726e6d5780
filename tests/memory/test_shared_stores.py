"""One file, and several tasks, objects and loops that use it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from agentcore.errors import MemoryStoreError
from agentcore.memory import Equals, ExactIndex, FaissIndex, NewRecord, VectorMemory
from agentcore.memory.vector_index import Found, Ids
from agentcore.vectors import Matrix

from .conftest import Words


async def test_another_object_sees_what_is_committed_at_its_next_search(path: Path) -> None:
    async with (
        VectorMemory(path, embedder=Words()) as one,
        VectorMemory(path, embedder=Words()) as other,
    ):
        assert await other.search("dune") == []
        name = await one.add("dune")
        assert [hit.text for hit in await other.search("dune")] == ["dune"]
        await one.update(name, text="emma")
        assert [hit.text for hit in await other.search("dune")] == ["emma"]
        await one.delete([name])
        assert await other.search("dune") == []


class InterruptedIndex(ExactIndex):
    """Lets something happen between what it found and the reading of the records."""

    between: Callable[[], object] | None = None

    def search(self, query: Matrix, top_k: int, *, allowed: Ids | None = None) -> Found:
        found = super().search(query, top_k, allowed=allowed)
        between, self.between = self.between, None
        if between is not None:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(between).result()
        return found


@pytest.mark.parametrize("where", [None, Equals("kind", "novel")])
async def test_a_record_that_is_changed_in_the_middle_of_a_search_is_found(
    path: Path, where: Equals | None
) -> None:
    made: list[InterruptedIndex] = []

    def make(dim: int) -> InterruptedIndex:
        made.append(InterruptedIndex(dim))
        return made[-1]

    async with VectorMemory(path, embedder=Words(), index=make) as memory:
        name = await memory.add("dune", metadata={"kind": "novel"})
        await memory.search("dune")
        made[0].between = lambda: asyncio.run(memory.update(name, source="shelf"))

        hits = await memory.search("dune", where=where)

    assert [(hit.id, hit.source) for hit in hits] == [(name, "shelf")]


async def test_a_second_writer_waits_as_long_as_it_was_told(path: Path) -> None:
    async with VectorMemory(path, embedder=Words(), busy_timeout_s=0.05) as memory:
        await memory.add("dune")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(MemoryStoreError, match="raise busy_timeout_s"):
                await memory.add("emma")
            assert [hit.text for hit in await memory.search("dune")] == ["dune"]
            other.execute("ROLLBACK")

        assert await memory.add("emma")


async def test_a_second_writer_gets_its_turn(path: Path) -> None:
    async with VectorMemory(path, embedder=Words(), busy_timeout_s=30) as memory:
        await memory.add("dune")
        with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            adding = asyncio.create_task(memory.add("emma"))
            hits = await memory.search("dune")
            assert not adding.done()
            other.execute("COMMIT")
            await adding

        assert len(hits) == 1
        assert await memory.count() == 2


async def test_many_tasks_add_and_search_one_object(path: Path) -> None:
    async with VectorMemory(path, embedder=Words()) as memory:
        await asyncio.gather(
            *(memory.add(f"dune {number}") for number in range(30)),
            *(memory.search("dune") for _ in range(30)),
        )

        assert len(await memory.search("dune", top_k=100)) == 30


async def test_several_event_loops_share_one_object(path: Path) -> None:
    memory = VectorMemory(path, embedder=Words())

    async def work(number: int) -> int:
        await memory.add(f"dune {number}")
        return len(await memory.search("dune", top_k=50))

    with ThreadPoolExecutor(4) as pool:
        loops = [pool.submit(asyncio.run, work(n)) for n in range(8)]
        assert all(loop.result() >= 1 for loop in loops)

    assert await memory.count() == 8
    await memory.aclose()


async def test_a_cancelled_add_is_stored_whole_or_not_at_all(path: Path) -> None:
    async with VectorMemory(path, embedder=Words()) as memory:
        await memory.add("dune")
        adding = asyncio.create_task(memory.add_many(NewRecord(f"emma {n}") for n in range(50)))
        for _ in range(3):
            await asyncio.sleep(0)
        adding.cancel()
        await asyncio.gather(adding, return_exceptions=True)
        await memory.add("last")  # waits for the thread that still writes

        assert await memory.count() in (2, 52)
        assert len(await memory.search("emma", top_k=100)) == await memory.count()


class Gated(FaissIndex):
    """Its training waits until it may go on."""

    def __init__(self, dim: int) -> None:
        super().__init__(dim, exact_up_to=100)
        self.gate, self.is_training = Event(), Event()

    def train(self) -> None:
        self.is_training.set()
        assert self.gate.wait(60)
        super().train()


async def test_training_blocks_neither_searches_nor_adds(path: Path) -> None:
    indexes: list[Gated] = []

    def make(dim: int) -> Gated:
        indexes.append(Gated(dim))
        return indexes[-1]

    async with VectorMemory(path, embedder=Words(), index=make) as memory:
        await memory.add_many(NewRecord(f"dune {n}") for n in range(150))
        assert await asyncio.to_thread(indexes[0].is_training.wait, 60)

        await memory.add("emma woodhouse")
        (hit,) = await memory.search("emma woodhouse", top_k=1)
        indexes[0].gate.set()

    assert hit.text == "emma woodhouse"
    assert indexes[0].dump()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT length(value) > 0 FROM learnt").fetchall() == [(1,)]


class Counting(ExactIndex):
    """Counts what it was handed."""

    handed = 0

    def add(self, ids: Ids, vectors: Matrix) -> None:
        type(self).handed += len(ids)
        super().add(ids, vectors)

    def search(self, query: Matrix, top_k: int, *, allowed: Ids | None = None) -> Found:
        return super().search(query, top_k, allowed=allowed)


async def test_an_index_of_your_own_is_filled_from_the_file(path: Path) -> None:
    async with VectorMemory(path, embedder=Words(), index=Counting) as memory:
        await memory.add_many(NewRecord(f"dune {n}", metadata={"n": n}) for n in range(5))
    async with VectorMemory(path, embedder=Words(), index=Counting) as memory:
        hits = await memory.search("dune", where=Equals("n", 3))

    assert [hit.metadata for hit in hits] == [{"n": 3}]
    assert Counting.handed == 10


async def test_an_index_that_missed_removals_is_filled_anew(path: Path) -> None:
    async with VectorMemory(path, embedder=Words()) as memory:
        names = await memory.add_many(NewRecord(f"dune {n}") for n in range(20))
        await memory.search("dune")
        with closing(sqlite3.connect(path)) as other:
            other.execute("DELETE FROM records WHERE id <> ?", (names[7],))
            other.execute("DELETE FROM removals WHERE position < 15")
            other.commit()

        assert [hit.id for hit in await memory.search("dune")] == [names[7]]
        assert len(memory._access.store.opened().keeper.index) == 1  # pyright: ignore[reportPrivateUsage] nothing else shows it
