from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
from pathlib import Path

import pytest

from agentcore import Agent, ConfigurationError, ToolError, ToolTimeoutError
from agentcore.testing import ScriptedLLM, call
from agentcore.tools import Shell

pytestmark = pytest.mark.slow
PYTHON = sys.executable


async def test_what_a_program_writes_reaches_the_model(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    llm = ScriptedLLM(call("run_program", program="wc", arguments=["-l", "a.txt"]), "Two.")

    await Agent(llm=llm, tools=[Shell(tmp_path, allowed=["wc"])]).run("How many lines?")

    assert llm.requests[1].messages[-1].content == "2 a.txt\n(exit code 0)"


@pytest.mark.parametrize(
    "program", ["ls", "", "/bin/wc", "./wc", "wc -l", "wc;ls", "WC", "../wc", "\0"]
)
async def test_only_what_is_allowed_is_run(tmp_path: Path, program: str) -> None:
    with pytest.raises(ToolError, match="is not allowed; allowed are: wc"):
        await Shell(tmp_path, allowed=["wc"]).run_program(program, [])


async def test_nothing_is_allowed_by_default(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="allowed are: none"):
        await Shell(tmp_path, allowed=[]).run_program("ls", [])


@pytest.mark.parametrize(
    "argument", ["; touch made", "$(touch made)", "| touch made", "*", "~", "&"]
)
async def test_no_shell_reads_the_arguments(tmp_path: Path, argument: str) -> None:
    shown = await Shell(tmp_path, allowed=["echo"]).run_program("echo", [argument, ">", "made"])

    assert shown == f"{argument} > made\n(exit code 0)"
    assert os.listdir(tmp_path) == []  # noqa: PTH208


async def test_a_program_that_is_put_into_the_folder_later_does_not_take_its_name(
    tmp_path: Path,
) -> None:
    shell = Shell(tmp_path, allowed=["echo"], environment={"PATH": str(tmp_path)})
    (tmp_path / "echo").write_text("#!/bin/sh\ntouch made\n")
    (tmp_path / "echo").chmod(0o755)

    assert await shell.run_program("echo", ["a"]) == "a\n(exit code 0)"
    assert not (tmp_path / "made").exists()


async def test_keys_of_the_environment_are_not_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "hidden")
    shell = Shell(tmp_path, allowed=["env"], environment={"GIVEN": "1"})

    shown = await shell.run_program("env", [])

    assert "hidden" not in shown
    assert "GIVEN=1" in shown


async def test_a_program_that_takes_too_long_is_killed_with_its_children(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    shell = Shell(tmp_path, allowed=[PYTHON], timeout_s=1)

    with pytest.raises(ToolTimeoutError, match="longer than 1 s and was stopped") as caught:
        await shell.run_program(PYTHON, ["-c", code])

    child = int(str(caught.value).rpartition("written: ")[2])
    assert is_gone(child)


async def test_a_cancelled_run_leaves_no_program_behind(tmp_path: Path) -> None:
    code = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(600)"
    os.mkfifo(tmp_path / "pid")
    shell = Shell(tmp_path, allowed=[PYTHON])
    task = asyncio.create_task(shell.run_program(PYTHON, ["-c", code]))
    pid = await asyncio.to_thread((tmp_path / "pid").read_text)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert is_gone(int(pid))


async def test_a_program_that_leaves_its_group_does_not_hold_the_run(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "wait = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
        "print(subprocess.Popen(wait, start_new_session=True).pid, flush=True)\n"
    )

    with pytest.raises(ToolTimeoutError) as caught:
        await Shell(tmp_path, allowed=[PYTHON], timeout_s=1).run_program(PYTHON, ["-c", code])

    os.kill(int(str(caught.value).rpartition("written: ")[2]), signal.SIGKILL)


def is_gone(pid: int) -> bool:
    """Wait until a process has ended."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], 20)[0])
    finally:
        os.close(process)


async def test_a_flood_of_output_is_cut(tmp_path: Path) -> None:
    code = "import sys; sys.stdout.write('a' + 'x' * 50_000_000 + 'z')"

    shown = await Shell(tmp_path, allowed=[PYTHON], max_chars=100).run_program(PYTHON, ["-c", code])

    assert len(shown) < 200
    assert shown.startswith("axxx")
    assert shown.endswith("xxz\n(exit code 0)")
    assert "bytes are left out" in shown


@pytest.mark.parametrize("length", [0, 1, 9, 10, 11, 12])
async def test_output_that_fits_is_whole(tmp_path: Path, length: int) -> None:
    text = "0123456789ab"[:length]

    shown = await Shell(tmp_path, allowed=["printf"], max_chars=10).run_program(
        "printf", ["%s", text]
    )

    assert (text in shown) == (length <= 10)
    assert shown.endswith("(exit code 0)")


async def test_a_program_has_no_input_and_its_exit_code_is_told(tmp_path: Path) -> None:
    shell = Shell(tmp_path, allowed=["cat", "ls"])

    assert await shell.run_program("cat", []) == "(exit code 0)"
    assert "(exit code 2)" in await shell.run_program("ls", ["missing"])


@pytest.mark.parametrize("arguments", [["x"] * 201, ["x" * 10_001], ["a\0b"]])
async def test_arguments_that_cannot_be_handed_over_are_told_to_the_model(
    tmp_path: Path, arguments: list[str]
) -> None:
    with pytest.raises(ToolError, match=r"too many|cannot be started"):
        await Shell(tmp_path, allowed=["echo"]).run_program("echo", arguments)


def test_each_call_is_a_write() -> None:
    from agentcore.tools import with_approval

    (made,) = with_approval(Shell(os.curdir, allowed=["echo"]))

    assert (made.effect, made.idempotent, made.needs_approval) == ("write", False, True)


def test_what_cannot_be_allowed_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no program 'no-such-program'"):
        Shell(tmp_path, allowed=["no-such-program"])
    with pytest.raises(ConfigurationError, match="is a text; give a list"):
        Shell(tmp_path, allowed="ls")
    with pytest.raises(ConfigurationError, match="is no folder"):
        Shell(tmp_path / "missing", allowed=[])
    with pytest.raises(ConfigurationError, match="timeout_s 0"):
        Shell(tmp_path, allowed=[], timeout_s=0)
