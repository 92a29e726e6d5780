"""One file, and processes that fork, make it at once, or are killed."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest


def run(program: str, *arguments: str) -> Sequence[str]:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


FORKING = """
import asyncio, os, sys
from tests.memory.conftest import Words
from agentcore.memory import FaissIndex, NewRecord, VectorMemory

memory = VectorMemory(sys.argv[1], embedder=Words(), index=lambda d: FaissIndex(d, exact_up_to=100))

async def fill():
    await memory.add_many(NewRecord(f"dune {n}") for n in range(400))

async def work(name):
    await memory.add(f"emma {name}")
    return len(await memory.search("dune", top_k=1000))

asyncio.run(fill())
memory._access.store.opened().keeper.wait_for_training()
child = os.fork()
found = asyncio.run(work("child" if child == 0 else "parent"))
if child == 0:
    os._exit(0 if found >= 401 else 1)
status = os.waitpid(child, 0)[1]
print(status, found >= 401, asyncio.run(memory.count()))
"""


@pytest.mark.slow
def test_a_forked_child_opens_the_file_anew(path: Path) -> None:
    assert run(FORKING, str(path)) == ["0", "True", "402"]


FORKING_WITH_A_LOCK_HELD = """
import asyncio, os, sys
from agentcore import UserMessage
from agentcore.memory import Conversation

memory = Conversation(path=sys.argv[1])
asyncio.run(memory.extend("s", [UserMessage(content="dune")]))
(opened,) = memory._store._by_process.values()
with opened.lock:  # as another thread would hold it
    child = os.fork()
    if child == 0:
        os._exit(len(asyncio.run(memory.history("s"))))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.slow
def test_a_forked_child_does_not_wait_for_the_threads_of_its_parent(path: Path) -> None:
    assert run(FORKING_WITH_A_LOCK_HELD, str(path)) == ["1"]


MAKING = """
import asyncio, sys
from tests.memory.conftest import Words
from agentcore.memory import VectorMemory

async def main():
    async with VectorMemory(sys.argv[1], embedder=Words()) as memory:
        await memory.add(sys.argv[2])

asyncio.run(main())
"""


@pytest.mark.slow
def test_processes_that_make_the_file_at_once_share_it(path: Path) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", MAKING, str(path), str(number)], cwd=Path(__file__).parents[2]
        )
        for number in range(3)
    ]
    assert [process.wait() for process in started] == [0, 0, 0]

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM vectors").fetchone() == (3,)


@pytest.mark.slow
def test_a_kill_at_any_moment_loses_nothing_that_was_acknowledged() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", "--kill", "10"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "| 0 acknowledged steps lost, 0 searches differ" in done.stdout, done.stderr
    acknowledged = re.search(r"([\d,]+) steps acknowledged", done.stdout)
    assert acknowledged is not None
    assert int(acknowledged[1].replace(",", "")) > 20
