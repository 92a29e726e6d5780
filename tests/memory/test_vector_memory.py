from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agentcore.errors import ConfigurationError, MemoryStoreError
from agentcore.interfaces import Memory
from agentcore.memory import Between, Equals, FaissIndex, NewRecord, VectorMemory

from .conftest import Clock, Words

DAY_S = 86_400.0


def opened(path: Path, *, clock: Clock | None = None, ttl_s: float | None = None) -> VectorMemory:
    return VectorMemory(path, embedder=Words(), ttl_s=ttl_s, clock=clock or Clock())


async def found(memory: VectorMemory, query: str, top_k: int = 5) -> list[str]:
    return [hit.text for hit in await memory.search(query, top_k=top_k)]


def test_it_is_a_memory(path: Path) -> None:
    memory: Memory = opened(path)

    assert "memory.db" in repr(memory)


async def test_the_nearest_come_first_with_source_metadata_and_id(path: Path) -> None:
    async with opened(path) as memory:
        name = await memory.add("dune shelf", source="catalogue", metadata={"year": 1965})
        await memory.add("lunch at noon")

        first, second = await memory.search("which shelf has dune")

    assert (first.id, first.text, first.source) == (name, "dune shelf", "catalogue")
    assert (first.metadata, first.why) == ({"year": 1965}, f"cosine {first.score:.3f}")
    assert first.score > second.score


async def test_what_was_added_is_there_when_the_file_is_opened_again(path: Path) -> None:
    async with opened(path) as memory:
        name = await memory.add("dune shelf", source="s", metadata={"a": [1, {"b": None}]})
        kept = await memory.get(name)
    async with opened(path) as memory:
        assert await memory.get(name) == kept
        assert await found(memory, "dune") == ["dune shelf"]


async def test_the_same_content_is_kept_once_and_another_is_not(path: Path) -> None:
    async with opened(path) as memory:
        one = await memory.add("dune", source="a", metadata={"b": 1, "c": 2})
        again = await memory.add("dune", source="a", metadata={"c": 2, "b": 1})
        other = await memory.add("dune", source="b", metadata={"c": 2, "b": 1})

        assert (one == again, one == other) == (True, False)
        assert await memory.count() == 2


async def test_an_id_of_your_own_replaces_its_record(path: Path) -> None:
    async with opened(path) as memory:
        await memory.add("dune", record_id="book")
        await memory.add("emma", record_id="book")

        assert [record.text async for record in memory.records()] == ["emma"]
        assert await found(memory, "dune") == ["emma"]


async def test_a_content_that_was_changed_since_may_be_added_again(path: Path) -> None:
    async with opened(path) as memory:
        name = await memory.add("dune")
        await memory.update(name, text="emma")
        again = await memory.add("dune")

        assert name != again
        assert sorted([record.text async for record in memory.records()]) == ["dune", "emma"]


async def test_an_update_changes_what_is_given_and_nothing_else(path: Path, clock: Clock) -> None:
    async with opened(path, clock=clock) as memory:
        name = await memory.add("dune", source="a", metadata={"n": 1}, ttl_s=DAY_S)
        before = await memory.get(name)
        clock.now_s += 10
        await memory.update(name, text="emma woodhouse")
        changed = await memory.get(name)
        await memory.update(name, source="b", metadata={}, ttl_s=5)
        last = await memory.get(name)

        assert before is not None
        assert changed is not None
        assert last is not None
        assert (changed.text, changed.source, changed.metadata) == ("emma woodhouse", "a", {"n": 1})
        assert (changed.created_at, changed.expires_at) == (before.created_at, before.expires_at)
        assert (last.text, last.source, last.metadata) == ("emma woodhouse", "b", {})
        assert last.expires_at is not None
        assert last.expires_at.timestamp() == clock.now_s + 5
        assert await found(memory, "woodhouse") == ["emma woodhouse"]


async def test_updating_what_is_not_there_says_so(path: Path) -> None:
    async with opened(path) as memory:
        await memory.within(user="ann").add("mine", record_id="x")

        with pytest.raises(MemoryStoreError, match="no record 'x'"):
            await memory.update("x", text="yours")


async def test_deleted_records_are_found_no_more(path: Path) -> None:
    async with opened(path) as memory:
        names = [await memory.add(text, source=text[0]) for text in ("aa", "ab", "ba")]

        assert await memory.delete([names[0], "never there"]) == 1
        assert await memory.delete_source("b") == 1

        assert (await found(memory, "aa"), await memory.count()) == (["ab"], 1)
        assert await memory.get(names[0]) is None


async def test_an_expired_record_is_nowhere_and_is_deleted_by_the_next_add(
    path: Path, clock: Clock
) -> None:
    async with opened(path, clock=clock, ttl_s=DAY_S) as memory:
        name = await memory.add("dune")
        kept = await memory.add("emma", ttl_s=2 * DAY_S)
        revision = (await memory.changes()).until
        clock.now_s += DAY_S

        assert await found(memory, "dune") == ["emma"]
        assert await memory.get(name) is None
        assert (await memory.count(), (await memory.changes()).until) == (1, revision)
        with pytest.raises(MemoryStoreError, match="no record"):
            await memory.update(name, text="back")
        with pytest.raises(MemoryStoreError, match="no record"):
            await memory.vectors([kept, name])
        await memory.add("ulysses")
        assert await memory.purge() == 0
        clock.now_s += DAY_S
        assert await memory.purge() == 2


async def test_adding_the_same_again_lets_it_live_longer(path: Path, clock: Clock) -> None:
    async with opened(path, clock=clock, ttl_s=DAY_S) as memory:
        name = await memory.add("dune")
        clock.now_s += DAY_S / 2
        await memory.add("dune")
        clock.now_s += DAY_S / 2

        assert await memory.get(name) is not None


async def test_a_filter_fills_top_k_from_far_away(path: Path) -> None:
    async with opened(path) as memory:
        far = [NewRecord(f"far {n}", metadata={"kind": "b", "n": n}) for n in range(10)]
        near = [NewRecord(f"dune {n}", metadata={"kind": "a"}) for n in range(1990)]
        await memory.add_many([*near, *far])

        hits = await memory.search("dune", top_k=7, where=Equals("kind", "b") & Between("n", 2))

    assert len(hits) == 7
    assert all(hit.metadata["kind"] == "b" for hit in hits)


async def test_records_are_listed_oldest_first_and_by_source(path: Path) -> None:
    async with opened(path) as memory:
        names = await memory.add_many(
            NewRecord(f"text {n}", source=str(n % 2), metadata={"n": n}) for n in range(2500)
        )

        listed = [record.id async for record in memory.records()]
        odd = [r.metadata["n"] async for r in memory.records(source="1", where=Between("n", 2495))]

    assert listed == names
    assert odd == [2495, 2497, 2499]


async def test_stored_vectors_are_returned_in_order_and_of_unit_length(path: Path) -> None:
    async with opened(path) as memory:
        names = await memory.add_many([NewRecord("dune"), NewRecord("emma"), NewRecord("")])

        matrix = await memory.vectors(names[::-1])
        hits = await memory.search_vector(matrix[1] * 7, top_k=1)

    assert [round(float(length), 5) for length in np.linalg.norm(matrix, axis=1)] == [0, 1, 1]
    assert [hit.text for hit in hits] == ["emma"]
    assert hits[0].score == pytest.approx(1)


@pytest.mark.parametrize("vector", [[1.0], [[0.0] * 32], [float("nan")] * 32])
async def test_a_vector_of_another_shape_is_the_developers_mistake(
    path: Path, vector: object
) -> None:
    async with opened(path) as memory:
        with pytest.raises(ConfigurationError, match=r"\(32,\) finite numbers are due"):
            await memory.search_vector(np.array(vector, dtype=np.float32))


async def test_an_empty_store_finds_nothing(path: Path) -> None:
    async with opened(path) as memory:
        assert await memory.search("dune") == []
        assert await memory.search("dune", where=Equals("a", 1)) == []
        assert (await memory.count(), await memory.add_many([])) == (0, [])
        assert [record async for record in memory.records()] == []


async def test_deletes_and_expiry_hold_within_the_lists_and_under_filters(
    path: Path, clock: Clock
) -> None:
    indexes: list[FaissIndex] = []

    def make(dim: int) -> FaissIndex:
        indexes.append(FaissIndex(dim, exact_up_to=200))
        return indexes[-1]

    memory = VectorMemory(path, embedder=Words(), index=make, clock=clock)
    async with memory:
        names = await memory.add_many(
            NewRecord(f"dune {n} {n % 40}", metadata={"n": n}, ttl_s=50 if n % 3 == 1 else None)
            for n in range(1200)
        )
    async with VectorMemory(path, embedder=Words(), index=make, clock=clock) as memory:
        clock.now_s += 60
        await memory.delete(names[::3])
        alive = {f"dune {n} {n % 40}" for n in range(1200) if n % 3 == 2}

        hits = await found(memory, "dune 7", top_k=1000)
        some = await memory.search("dune 7", top_k=50, where=Between("n", 1000))

    assert indexes[-1].dump()
    assert set(hits) == alive
    assert len(hits) == 400
    assert len(some) == 50
    assert {hit.text for hit in some} <= alive
