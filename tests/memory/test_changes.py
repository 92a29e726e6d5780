"""Who follows the changes of a memory knows what is in it, at every moment."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore.memory import Changes, ExactIndex, NewRecord, Revision, VectorMemory

from .conftest import Words


class Follower:
    """Keeps the texts of a memory by number, from its changes alone."""

    def __init__(self, memory: VectorMemory) -> None:
        self.memory = memory
        self.texts: dict[int, str] = {}
        self.revision: Revision | None = None
        self.handed: list[int] = []
        """How many records came at a time."""

    async def follow(self) -> list[str]:
        while (changes := await self.memory.changes(self.revision)).until != self.revision:
            self.take(changes)
        return sorted(self.texts.values())

    def take(self, changes: Changes) -> None:
        if changes.is_anew:
            self.texts.clear()
        for number in changes.removed:
            self.texts.pop(number, None)
        self.texts |= {number: record.text for number, record in changes.records}
        self.handed.append(len(changes.records))
        self.revision = changes.until


def opened(path: Path) -> VectorMemory:
    return VectorMemory(path, embedder=Words(), index=ExactIndex)


async def stored(memory: VectorMemory) -> list[str]:
    return sorted([record.text async for record in memory.records()])


steps = st.lists(
    st.tuples(st.sampled_from("adutfo"), st.integers(0, 5)), max_size=25
)  # add, delete, update, of another user, follow, forget the other


@settings(max_examples=25, deadline=None)
@given(steps)
def test_changes_add_up_to_what_is_stored(wanted: list[tuple[str, int]]) -> None:
    async def main(path: Path) -> None:
        async with opened(path) as memory, opened(path) as writer:
            follower, other = Follower(memory), writer.within(user="ann")
            for what, number in wanted:
                name = str(number)
                match what:
                    case "a":
                        await writer.add(f"text {number}", record_id=name)
                    case "d":
                        await writer.delete([name])
                    case "u" if await writer.get(name) is not None:
                        await writer.update(name, text=f"{what}{name}")
                    case "t":
                        await other.add(f"of ann {number}", record_id=name)
                    case "f":
                        assert await follower.follow() == await stored(memory)
                    case _:
                        await writer.forget(user="ann")
            assert await follower.follow() == await stored(memory)

    with TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder, "memory.db")))


async def test_only_what_has_changed_is_read_a_thousand_at_a_time(path: Path) -> None:
    async with opened(path) as memory:
        await memory.add_many(NewRecord(f"dune {number}") for number in range(2500))
        follower = Follower(memory)

        assert len(await follower.follow()) == 2500
        await memory.add("emma")
        assert len(await follower.follow()) == 2501

    assert follower.handed == [1000, 1000, 500, 1]


async def test_who_comes_too_late_for_the_removals_is_told_to_begin_anew(path: Path) -> None:
    async with opened(path) as memory:
        names = [await memory.add(text) for text in ("dune", "emma", "kim")]
        follower = Follower(memory)
        await follower.follow()
        await memory.delete(names[:2])
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("DELETE FROM removals WHERE position = 1")

        assert await follower.follow() == ["kim"]
