"""The file of a cache: damaged, somebody else's, full, or shared by threads and processes."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agentcore import CorruptStoreError, LLMRequest, MemoryStoreError, UserMessage
from agentcore.brain import Cached
from agentcore.testing import FunctionLLM, ScriptedLLM


def asked(text: str = "Capital of France?") -> LLMRequest:
    return LLMRequest(messages=(UserMessage(content=text),))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


@pytest.mark.parametrize(
    "content", [b"not a database" * 100, b"SQLite format 3\x00" + b"\xff" * 500]
)
def test_a_damaged_file_is_named_and_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(CorruptStoreError, match="move it away") as caught:
        asyncio.run(Cached(ScriptedLLM(), path).complete(asked()))

    assert caught.value.path == str(path)
    assert path.read_bytes() == content
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_a_damaged_page_or_entry_is_named(path: Path) -> None:
    llm = Cached(ScriptedLLM("Paris"), path)
    asyncio.run(llm.complete(asked()))
    asyncio.run(llm.aclose())
    with sqlite3.connect(path) as other:
        other.execute("UPDATE entries SET completion = '{}'")
    other.close()

    with pytest.raises(CorruptStoreError, match="an entry is no completion"):
        asyncio.run(llm.complete(asked()))

    asyncio.run(llm.aclose())
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    damaged = path.read_bytes()
    with pytest.raises(CorruptStoreError, match="malformed"):
        asyncio.run(llm.complete(asked()))
    asyncio.run(llm.aclose())
    assert path.read_bytes() == damaged


def test_a_database_of_somebody_else_is_not_written_to(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    before = path.read_bytes()

    with pytest.raises(CorruptStoreError, match="no cache of this version"):
        asyncio.run(Cached(ScriptedLLM(), path).complete(asked()))

    assert path.read_bytes() == before


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MemoryStoreError, match="unable to open"):
        asyncio.run(Cached(ScriptedLLM(), tmp_path / "missing" / "cache.db").complete(asked()))


def test_an_answer_is_not_lost_where_it_cannot_be_stored(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    llm = Cached(ScriptedLLM("Paris", "Rome"), path)
    asyncio.run(llm.complete(asked()))
    full = sqlite3.connect(path, isolation_level=None)
    full.execute("CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT nonsense(); END")
    full.close()

    assert asyncio.run(llm.complete(asked("Italy?"))).text == "Rome"

    assert "was not cached" in caplog.text


def repeat(request: LLMRequest) -> str:
    return str(request.messages[-1].content)


def test_loops_in_several_threads_share_a_cache(path: Path) -> None:
    llm = Cached(FunctionLLM(repeat), path)
    answers: list[str] = []

    async def work() -> None:
        answers.extend([(await llm.complete(asked(str(number)))).text for number in range(30)])

    threads = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(llm.aclose())

    assert sorted(answers) == sorted([str(number) for number in range(30)] * 4)


PROGRAM = """
import asyncio, sys
from agentcore import LLMRequest, UserMessage
from agentcore.brain import Cached
from agentcore.testing import FunctionLLM

async def main():
    llm = Cached(FunctionLLM(lambda request: request.messages[-1].content * 2), sys.argv[1])
    for number in range(200):
        request = LLMRequest(messages=(UserMessage(content=str(number)),))
        assert (await llm.complete(request)).text == str(number) * 2
    await llm.aclose()

asyncio.run(main())
"""


@pytest.mark.slow
def test_processes_share_a_cache(path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(path)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]

    for process in running:
        _, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")

    llm = Cached(FunctionLLM(lambda _: "asked"), path)
    assert asyncio.run(llm.complete(asked("199"))).text == "199199"


FORKING = """
import asyncio, os, sys
from agentcore import LLMRequest, UserMessage
from agentcore.brain import Cached
from agentcore.testing import FunctionLLM

llm = Cached(FunctionLLM(lambda _: "Paris"), sys.argv[1])

def ask(text):
    return asyncio.run(llm.complete(LLMRequest((UserMessage(content=text),))))

ask("one")
inherited = llm._store._connection
child = os.fork()
if child == 0:
    is_kept = ask("one").is_cached
    asyncio.run(llm.aclose())
    inherited.execute("SELECT 1")  # not closed: that would be for the parent to do
    os._exit(0 if is_kept and llm._store._left_behind == [inherited] else 1)
status = os.waitpid(child, 0)[1]
print(status, ask("one").is_cached, llm._store._connection is inherited)
"""


def test_a_forked_child_opens_the_file_anew(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKING, str(path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout.split(), done.stderr) == (["0", "True", "True"], "")
