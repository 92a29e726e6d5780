"""Bad input, and files that are not what they should be: named, and left as they are."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agentcore.errors import ConfigurationError, CorruptStoreError, MemoryStoreError
from agentcore.memory import NewRecord, VectorMemory
from agentcore.values import JsonValue

from .conftest import Words


def content_of(path: Path) -> bytes:
    return path.read_bytes()


def overwrite(path: Path, *, start: int) -> None:
    with path.open("ab") as file:
        size = file.tell()
    os.truncate(path, min(start, size))
    with path.open("ab") as file:
        file.write(b"\xff" * (size - start))


async def filled(path: Path, count: int = 3) -> None:
    async with VectorMemory(path, embedder=Words()) as memory:
        await memory.add_many(NewRecord(f"dune {n}") for n in range(count))


@pytest.mark.parametrize(
    ("embedder", "named"),
    [(Words(name="letters"), "'letters' of 32"), (Words(dim=8), "'words' of 8")],
)
async def test_another_embedder_than_the_files_is_named(
    path: Path, embedder: Words, named: str
) -> None:
    await filled(path)
    before = content_of(path)

    with pytest.raises(ConfigurationError, match=f"'words' of 32 dimensions, and not with {named}"):
        VectorMemory(path, embedder=embedder)

    assert content_of(path) == before


def sqlite_of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mine (a)")
        connection.commit()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a letter to my mother", "no SQLite file"),
        (b"SQLite format 3\0", "no SQLite file"),
        (b"SQLite format 3\0" + b"x" * 5000, "another program"),
        (b"\0" * 5000, "no SQLite file"),
        (None, "another program"),
    ],
)
def test_a_file_of_another_kind_is_left_as_it_is(
    path: Path, content: bytes | None, message: str
) -> None:
    if content is None:
        sqlite_of_another_program(path)
    else:
        path.write_bytes(content)
    before = content_of(path)

    with pytest.raises(CorruptStoreError, match=message) as raised:
        VectorMemory(path, embedder=Words())

    assert raised.value.path == str(path)
    assert content_of(path) == before
    assert list(path.parent.iterdir()) == [path]


async def test_a_file_that_was_cut_off_is_corrupt_and_left_as_it_is(path: Path) -> None:
    await filled(path, 500)
    os.truncate(path, 4096 * 12)
    before = content_of(path)

    with pytest.raises(CorruptStoreError, match="damaged"):
        async with VectorMemory(path, embedder=Words()) as memory:
            await memory.search("dune")

    assert content_of(path) == before


async def test_a_file_with_foreign_pages_is_corrupt_and_left_as_it_is(path: Path) -> None:
    await filled(path, 500)
    overwrite(path, start=4096)
    before = content_of(path)

    with pytest.raises(CorruptStoreError):
        async with VectorMemory(path, embedder=Words()) as memory:
            await memory.search("dune")

    assert content_of(path) == before


async def test_a_vector_of_another_size_is_corrupt(path: Path) -> None:
    await filled(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE vectors SET vector = x'00' WHERE number = 2")
        connection.commit()

    async with VectorMemory(path, embedder=Words()) as memory:
        with pytest.raises(CorruptStoreError, match="32 numbers"):
            await memory.search("dune")


async def test_what_the_index_learnt_is_left_out_where_it_is_damaged(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await filled(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO learnt (name, value) VALUES ('index', x'504b0304')")
        connection.commit()

    async with VectorMemory(path, embedder=Words()) as memory:
        assert len(await memory.search("dune")) == 3

    assert "is not used" in caplog.text


async def test_an_empty_file_becomes_a_store(path: Path) -> None:
    overwrite(path, start=0)

    await filled(path)


@pytest.mark.parametrize("place", ["folder", "missing/memory.db", "file/memory.db", "a\0b"])
def test_a_path_that_cannot_be_a_file_says_so(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()

    with pytest.raises(MemoryStoreError, match="store"):
        VectorMemory(tmp_path / place, embedder=Words())


async def test_a_text_of_ten_million_letters_is_stored_whole(path: Path) -> None:
    text = "dune " * 2_000_000
    async with VectorMemory(path, embedder=Words()) as memory:
        await memory.add(text)

        (hit,) = await memory.search("dune")

    assert hit.text == text


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (NewRecord(b"bytes"), "the text of a record is a string"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] untyped code
        (NewRecord("half \ud800"), "cannot be stored"),
        (NewRecord("a", metadata={"a": float("nan")}), "is no JSON"),
        (NewRecord("a", metadata={"a": {1, 2}}), "is no JSON"),  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType] idem
        (NewRecord("a", metadata={1: 2}), "a key that is no string"),  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType] idem
        (NewRecord("a", metadata={"a": [{1: 2}]}), "a key that is no string"),  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType] idem
        (NewRecord("a", metadata={"a": "b\0"}), "NUL"),
        (NewRecord("a", source="\ud800"), "cannot be stored"),
    ],
)
async def test_a_record_that_cannot_be_stored_is_refused_with_its_batch(
    path: Path, record: NewRecord, message: str
) -> None:
    async with VectorMemory(path, embedder=Words()) as memory:
        await memory.add("dune")

        with pytest.raises(MemoryStoreError, match=message):
            await memory.add_many([NewRecord("emma"), record])

        assert [hit.text for hit in await memory.search("dune")] == ["dune"]
        assert await memory.add("emma")


async def test_metadata_nested_without_end_is_refused(path: Path) -> None:
    metadata: dict[str, JsonValue] = {}
    for _ in range(5000):
        metadata = {"a": metadata}
    async with VectorMemory(path, embedder=Words()) as memory:
        with pytest.raises(MemoryStoreError, match="no JSON"):
            await memory.add("dune", metadata=metadata)


@pytest.mark.parametrize("ttl_s", [0, -1, float("nan"), float("inf"), 1e17])
async def test_a_record_that_never_lives_is_the_developers_mistake(
    path: Path, ttl_s: float
) -> None:
    async with VectorMemory(path, embedder=Words()) as memory:
        with pytest.raises(ConfigurationError, match="ttl_s"):
            await memory.add("dune", ttl_s=ttl_s)
        with pytest.raises(ConfigurationError, match="top_k is 0"):
            await memory.search("dune", top_k=0)


async def test_one_id_is_not_taken_for_the_ids_of_its_letters(path: Path) -> None:
    async with VectorMemory(path, embedder=Words()) as memory:
        for name in ("a", "b", "ab"):
            await memory.add("dune", record_id=name)

        with pytest.raises(ConfigurationError, match="give a list of ids"):
            await memory.delete("ab")

        assert await memory.count() == 3


async def test_a_closed_memory_says_so_and_closes_twice(path: Path) -> None:
    memory = VectorMemory(path, embedder=Words())
    await memory.aclose()
    await memory.aclose()

    with pytest.raises(ConfigurationError, match="was closed"):
        await memory.search("dune")


def writer_of(memory: VectorMemory) -> Any:
    return memory._access.store.opened().writer  # pyright: ignore[reportPrivateUsage] bounds SQLite from inside


async def test_a_full_disk_loses_nothing_and_the_store_goes_on_when_there_is_room(
    path: Path,
) -> None:
    async with VectorMemory(path, embedder=Words()) as memory:
        await memory.add("dune")
        writer_of(memory).execute("PRAGMA max_page_count = 40")
        with pytest.raises(MemoryStoreError, match=r"full.*make room"):
            await memory.add_many(NewRecord(f"emma {n}") for n in range(900))

        assert [hit.text for hit in await memory.search("emma")] == ["dune"]
        writer_of(memory).execute("PRAGMA max_page_count = 100000")
        await memory.add("emma")
        assert await memory.count() == 2


FILL_UP = """
import asyncio, resource, signal, sys
from tests.memory.conftest import Words
from agentcore.errors import MemoryStoreError
from agentcore.memory import VectorMemory

async def main():
    added = 0
    async with VectorMemory(sys.argv[1], embedder=Words()) as memory:
        await memory.search("warm up")
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
        try:
            while True:
                await memory.add(f"dune {added}", metadata={"filler": "x" * 2000})
                added += 1
        except MemoryStoreError as error:
            print(type(error).__name__, error)
        found = await memory.search("dune", top_k=10_000)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        await memory.add("after")
        print(added, len(found), await memory.count())

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
asyncio.run(main())
"""


@pytest.mark.slow
def test_a_bound_of_the_file_size_loses_nothing(path: Path) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", FILL_UP, str(path)],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )

    error, counts = done.stdout.splitlines()
    added, searched, counted = map(int, counts.split())
    assert error.startswith("MemoryStoreError the store")
    assert added > 10
    assert (searched, counted) == (added, added + 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_that_cannot_be_written_says_so(path: Path) -> None:
    path.parent.chmod(0o500)
    try:
        with pytest.raises(MemoryStoreError, match="writable"):
            VectorMemory(path, embedder=Words())
    finally:
        path.parent.chmod(0o700)
