"""Kill -9 two processes that write to one store, at random moments, and see what is left.

Each writer tells through a pipe what it is about to do, and what was acknowledged. After the kill
the store is opened: what was acknowledged must be there, what was deleted must not, and searches
must agree with the vectors in the file, compared one by one.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from agentcore.memory import FaissIndex, VectorMemory
from agentcore.values import digest_of
from agentcore.vectors import Vectors
from benchmarks.rows import Row

__all__ = ["kill_row"]

WRITERS = 2
LONGEST_S = 0.5
ROUNDS_PER_STORE = 10
SEARCHES = 3
DELETES, UPDATES = 0.15, 0.15
"""Shares of the steps."""
EXACT_UP_TO = 200
"""So few that the kills meet the training too."""


class Digests:
    """An embedder of 16 numbers that are drawn from the digest of a text."""

    name, dim = "digests", 16

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text."""
        seeds = [int(digest_of(text)[:8], 16) for text in texts]
        drawn = np.stack([np.random.default_rng(seed).standard_normal(16) for seed in seeds])
        return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


@dataclass(slots=True)
class Ledger:
    """What the writers were told, over all rounds of one store."""

    texts: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    """By id; None: deleted."""
    unknown: set[str] = field(default_factory=set[str])
    """Ids whose last step was not acknowledged: either state is right."""
    acknowledged: int = 0

    def read(self, log: bytes) -> None:
        """Take up a writer's log; a last line that was cut off was never acknowledged."""
        for line in log.splitlines(keepends=True):
            if line.endswith(b"\n"):
                word, name, text = json.loads(line)
                if word == "intends":
                    self.unknown.add(name)
                else:
                    self.unknown.discard(name)
                    self.texts[name] = text
                    self.acknowledged += 1


def open_memory(path: Path) -> VectorMemory:
    """Open the store with an index that is trained early."""
    return VectorMemory(
        path, embedder=Digests(), index=lambda dim: FaissIndex(dim, exact_up_to=EXACT_UP_TO)
    )


async def write(path: Path, writer: str, say: Callable[..., None]) -> None:
    """Add, change and delete records until killed."""
    choose = random.Random(writer)  # noqa: S311  no secret
    names: list[str] = []
    async with open_memory(path) as memory:
        for step in range(1_000_000):
            text = f"{writer} says {step}"
            dice = choose.random()
            if names and dice < DELETES:
                name = names.pop(choose.randrange(len(names)))
                say("intends", name, None)
                await memory.delete([name])
                say("did", name, None)
            elif names and dice < DELETES + UPDATES:
                name = choose.choice(names)
                say("intends", name, text)
                await memory.update(name, text=text)
                say("did", name, text)
            else:
                name = f"{writer}-{step}"
                say("intends", name, text)
                await memory.add(text, record_id=name)
                say("did", name, text)
                names.append(name)


def start_writer(path: Path, writer: str) -> tuple[int, int]:
    """Fork a writer; return its process id, and the pipe that it tells things through."""
    reading, writing = os.pipe()
    process_id = os.fork()
    if process_id:
        os.close(writing)
        return process_id, reading
    try:
        os.close(reading)
        asyncio.run(
            write(path, writer, lambda *said: _say(writing, said)),
        )
    finally:
        os._exit(1)


def _say(pipe: int, said: Sequence[object]) -> None:
    os.write(pipe, json.dumps(said).encode() + b"\n")


def run_round(path: Path, ledger: Ledger, number: int) -> None:
    """Let the writers write for a random time, kill them, and read what they said."""
    writers = [start_writer(path, f"{number}-{writer}") for writer in range(WRITERS)]
    time.sleep(random.uniform(0, LONGEST_S))  # noqa: S311  no secret
    for process_id, _ in writers:
        os.kill(process_id, signal.SIGKILL)
        os.waitpid(process_id, 0)
    for _, pipe in writers:
        with os.fdopen(pipe, "rb") as file:
            ledger.read(file.read())


async def check(path: Path, ledger: Ledger) -> tuple[int, int]:
    """Return how much that was acknowledged is lost, and how many searches are wrong."""
    async with open_memory(path) as memory:
        stored = {record.id: record.text async for record in memory.records()}
        known = {name: text for name, text in ledger.texts.items() if name not in ledger.unknown}
        lost = sum(stored.get(name) != text for name, text in known.items())
        lost += len(stored.keys() - ledger.texts.keys() - ledger.unknown)
        return lost, await wrong_searches(path, memory, stored)


async def wrong_searches(path: Path, memory: VectorMemory, stored: dict[str, str]) -> int:
    """Compare searches for everything with the vectors of the file, read without the memory.

    For everything, as the nearest few are found in a trained index with a recall of 0.99 only.
    """
    with sqlite3.connect(path) as connection:
        query = "SELECT id, vector FROM records JOIN vectors USING (number)"
        rows = connection.execute(query).fetchall()
    connection.close()
    if {name for name, _ in rows} != stored.keys():
        return 1
    vectors = np.array([np.frombuffer(vector, "<f4") for _, vector in rows]).reshape(-1, 16)
    wrong = 0
    for number in range(SEARCHES):
        query_vector = np.asarray(await Digests().embed([f"question {number}"]))[0]
        nearest = np.sort(vectors @ query_vector)[::-1]
        hits = await memory.search(f"question {number}", top_k=len(stored) + 1)
        scores = [hit.score for hit in hits]
        is_right = {hit.id for hit in hits} == stored.keys() and len(hits) == len(nearest)
        wrong += not is_right or not np.allclose(scores, nearest, atol=1e-5)
    return wrong


def kill_row(points: int) -> Row:
    """Kill both writers at so many points, and check after each."""
    lost = wrong = acknowledged = 0
    seconds: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        ledger, path = Ledger(), Path(folder)
        for number in range(points):
            if number % ROUNDS_PER_STORE == 0:
                acknowledged += ledger.acknowledged
                ledger, path = Ledger(), Path(folder, f"{number}.db")
            run_round(path, ledger, number)
            start = time.perf_counter()
            # A process of its own: the parent of forks starts no thread.
            lost_now, wrong_now = in_child(check, path, ledger)
            seconds.append(time.perf_counter() - start)
            lost, wrong = lost + lost_now, wrong + wrong_now
        acknowledged += ledger.acknowledged
    return Row(
        what=f"kill -9 at {points} points while {WRITERS} processes write",
        measured=f"{lost} acknowledged steps lost, {wrong} searches differ from an exact one",
        asked="0 and 0",
        comparison=f"{acknowledged:,} steps acknowledged; open and check: {max(seconds):.2f} s",
    )


def in_child(
    checking: Callable[[Path, Ledger], Coroutine[Any, Any, tuple[int, int]]],
    path: Path,
    ledger: Ledger,
) -> tuple[int, int]:
    """Run the check in a fork, which may start threads; a check that fails counts as one loss."""
    reading, writing = os.pipe()
    process_id = os.fork()
    if not process_id:
        try:
            os.write(writing, json.dumps(asyncio.run(checking(path, ledger))).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        answer = file.read()
    os.waitpid(process_id, 0)
    lost, wrong = json.loads(answer) if answer else (1, 0)
    return lost, wrong
