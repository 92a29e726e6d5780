"""Programs of this machine.

Safety: off unless allowed. Only programs on an allow-list are started, found at construction and
called by their whole path; they get arguments, never a command line, so that no shell reads them.
They run in one folder, with few variables of the environment (no keys), without input, in a process
group that is killed as a whole at the end, when time is up, or when the run is cancelled; their
output is bounded. A program on the list can do all that it can do: allow none that starts others
(`sh`, `env`, `find -exec`, `git`), and run agents that may write in a container.
"""

from __future__ import annotations

import asyncio
import math
import os
import shutil
import signal
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

from ..action import ToolSet, tool
from ..errors import ConfigurationError, ToolError, ToolTimeoutError

__all__ = ["Shell"]

_MOST_ARGUMENTS = 200
_MOST_ARGUMENT_CHARS = 10_000
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")


class Shell(ToolSet):
    r"""A tool that runs allowed programs in one folder: `tools=[Shell("work", allowed=["wc"])]`.

    Each call is a `write`, for a program may do anything; `with_approval(Shell(...))` asks a person
    each time.

    Args:
        folder: Where the programs run. It does not hold them in: they can open other files.
        allowed: Names of programs on the PATH, or whole paths. None are allowed unless named here.
        timeout_s: The seconds that a program may take.
        max_chars: The most characters of output that the model is shown; the middle is left out.
        environment: Further variables.

    Raises:
        ConfigurationError: there is no such folder or program, or a bound is not above 0.

    Example:
        >>> import asyncio
        >>> shell = Shell(".", allowed=["echo"])
        >>> asyncio.run(shell.run_program("echo", ["$HOME; ls"]))
        '$HOME; ls\n(exit code 0)'
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        allowed: Collection[str],
        timeout_s: float = 30.0,
        max_chars: int = 20_000,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        if max_chars < 1 or not 0 < timeout_s < math.inf:
            raise ConfigurationError(
                f"max_chars is {max_chars}, timeout_s {timeout_s}: both must be over 0"
            )
        if isinstance(allowed, str):
            raise ConfigurationError(f"allowed={allowed!r} is a text; give a list: [{allowed!r}]")
        self._folder = Path(folder).resolve()
        if not self._folder.is_dir():
            raise ConfigurationError(f"{str(folder)!r} is no folder; make it first")
        self._programs = {name: _found(name) for name in allowed}
        self._timeout_s, self._max_chars = timeout_s, max_chars
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        self._environment = {**kept, **(environment or {})}

    @tool(effect="write")
    async def run_program(self, program: str, arguments: list[str]) -> str:
        """Run a program, and return what it writes and its exit code.

        Args:
            program: the name of an allowed one, alone.
            arguments: one text each, as the program gets them; no quotes, pipes or wildcards.

        Raises:
            ToolError: the program is not allowed, or cannot be started.
            ToolTimeoutError: it took too long, and was stopped.
        """
        path = self._programs.get(program)
        if path is None:
            known = ", ".join(sorted(self._programs)) or "none"
            raise ToolError(f"the program {program!r} is not allowed; allowed are: {known}")
        _check_arguments(arguments)
        output = _Output(self._max_chars)
        async with self._running(path, arguments) as (process, written):
            try:
                async with asyncio.timeout(self._timeout_s):
                    await output.read(written)
                    code = await process.wait()
            except TimeoutError as error:
                raise ToolTimeoutError(
                    f"{program} took longer than {self._timeout_s:g} s and was stopped; it had "
                    f"written: {output.text()}"
                ) from error
        return f"{output.text()}(exit code {code})"

    @asynccontextmanager
    async def _running(
        self, path: str, arguments: list[str]
    ) -> AsyncGenerator[tuple[asyncio.subprocess.Process, asyncio.StreamReader]]:
        """Start a program, and end it with its group.

        The pipe is ours, for asyncio's own stays open as long as a program that left the group
        holds it.
        """
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as pipe:
            try:
                process = await self._start(path, arguments, writing)
            finally:
                os.close(writing)
            try:
                written = asyncio.StreamReader()
                transport, _ = await asyncio.get_running_loop().connect_read_pipe(
                    lambda: asyncio.StreamReaderProtocol(written), pipe
                )
                with closing(transport):
                    yield process, written
            finally:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                await asyncio.shield(process.wait())

    async def _start(
        self, path: str, arguments: list[str], output: int
    ) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                path,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                cwd=self._folder,
                env=self._environment,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise ToolError(f"{Path(path).name} cannot be started: {error}") from error


class _Output:
    """Beginning and end of what a program writes; it holds no more, however much comes."""

    def __init__(self, max_chars: int) -> None:
        self._half = -(-max_chars // 2)
        self._start, self._end, self._left_out = b"", b"", 0

    async def read(self, written: asyncio.StreamReader) -> None:
        while chunk := await written.read(65_536):
            room = self._half - len(self._start)
            self._start += chunk[:room]
            self._end += chunk[room:] if room < len(chunk) else b""
            self._left_out += max(0, len(self._end) - self._half)
            self._end = self._end[-self._half :]

    def text(self) -> str:
        between = b"\n(%d bytes are left out)\n" % self._left_out if self._left_out else b""
        shown = (self._start + between + self._end).decode(errors="replace")
        return shown if not shown or shown.endswith("\n") else f"{shown}\n"


def _found(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise ConfigurationError(f"there is no program {name!r} on the PATH; it cannot be allowed")
    return str(Path(path).absolute())


def _check_arguments(arguments: list[str]) -> None:
    if len(arguments) > _MOST_ARGUMENTS or sum(map(len, arguments)) > _MOST_ARGUMENT_CHARS:
        raise ToolError(
            f"{len(arguments)} arguments of {sum(map(len, arguments))} characters are too many; "
            f"{_MOST_ARGUMENTS} of {_MOST_ARGUMENT_CHARS} together are the most"
        )
