"""`python -m benchmarks.zoo`: a task for misbehaving endpoints, without and with a passport."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from tests.zoo.animals import ANIMALS
from tests.zoo.keeper import Visit, read_long, visit

__all__ = ["main"]


def main() -> None:
    """Print the table."""
    asyncio.run(_run())


async def _run() -> None:
    print("| endpoint | what it does | without | with passport | long prompt | probes |")
    print("|---|---|---|---|---|---|")
    solved = [0, 0]
    for animal in ANIMALS:
        with tempfile.TemporaryDirectory() as folder:
            bare = await visit(animal, folder=None)
            probed = await visit(animal, folder=Path(folder))
            before = await read_long(animal, folder=None)
            after = await read_long(animal, folder=Path(folder))
        solved = [solved[0] + bare.is_solved, solved[1] + probed.is_solved]
        print(
            f"| {animal.name} ({animal.wire}) | {animal.habit} | {_said(bare)} | {_said(probed)} "
            f"| {before} -> {after} | {probed.probes} |"
        )
    print(f"\nsolved of {len(ANIMALS)}: {solved[0]} without, {solved[1]} with passport")


def _said(visited: Visit) -> str:
    if visited.is_solved:
        return "solved"
    if visited.is_right:
        return "right, with needless calls"
    return visited.error or "wrong answer"


if __name__ == "__main__":
    main()
