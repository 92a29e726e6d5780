"""What a newcomer gets wrong is told in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentcore import ConfigurationError
from agentcore.memory import AllOf, Equals, HashingEmbedder, KnowledgeBase, VectorMemory


@pytest.mark.parametrize("where", [{"kind": "car"}, AllOf([Equals("a", 1), "b"])])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
async def test_what_is_no_filter_is_named(tmp_path: Path, where: Any) -> None:
    async with VectorMemory(tmp_path / "v.db", embedder=HashingEmbedder()) as memory:
        await memory.add("a")

        with pytest.raises(ConfigurationError, match="is no filter: give one, such as Equals"):
            await memory.search("a", where=where)


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ("The cat is called Miso.", r"a text itself is stored by add\(text"),
        ([Path("a.txt"), Path("b.txt")], "several paths one after the other"),
    ],
)
async def test_what_cannot_be_ingested_says_what_can(
    tmp_path: Path, documents: Any, message: str
) -> None:
    async with KnowledgeBase(tmp_path / "kb.db", embedder=HashingEmbedder()) as kb:
        with pytest.raises(ConfigurationError, match=message):
            await kb.ingest(documents)


async def test_a_memory_without_an_embedder_takes_the_default(tmp_path: Path) -> None:
    async with VectorMemory(tmp_path / "v.db") as memory:
        await memory.add("bees make honey")

        assert [hit.text for hit in await memory.search("honey", top_k=1)] == ["bees make honey"]
