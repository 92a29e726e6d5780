"""A folder that paths cannot leave: each part of a path is opened from the one before it.

No part is followed where it is a symbolic link, so that there is no moment between a check and its
use in which somebody could put one in. Hard links are files of the folder like any other.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ..errors import ConfigurationError, ToolError

__all__ = ["Entry", "Rooted"]

_MOST_PARTS = 64
_TO_ENTER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_SAFELY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not make us wait

Entry = tuple[str, os.stat_result]
"""Name and status of what is in a folder; a link is not followed."""


class Rooted:
    """Opens what is below a folder.

    Args:
        folder: It must exist; links in its own path are followed once, here.

    Raises:
        ConfigurationError: it is no folder, or the system cannot open files relative to one.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).resolve()
        if not self.folder.is_dir():
            raise ConfigurationError(f"{str(folder)!r} is no folder; make it first")
        if os.open not in os.supports_dir_fd:
            raise ConfigurationError(
                "this system cannot open a file relative to a folder, without which a path could "
                "leave it; use Linux or macOS"
            )

    def read(self, path: str, *, max_bytes: int) -> bytes:
        """Return what is in a regular file.

        Raises:
            ToolError: it is none, cannot be read, or has more bytes.
        """
        *folders, name = _file_parts(path)
        with _told(path), self._enter(folders) as parent:
            _check_regular(path, parent, name)
            with _opened(name, os.O_RDONLY | _SAFELY, parent) as file:
                if not stat.S_ISREG(os.fstat(file).st_mode):
                    raise ToolError(f"{path!r} is no regular file")
                with os.fdopen(os.dup(file), "rb") as stream:
                    content = stream.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise ToolError(f"{path!r} has more than {max_bytes} bytes, and is not read")
        return content

    def entries(self, path: str) -> list[Entry]:
        """Return what is in a folder, by name.

        Raises:
            ToolError: it is no folder below the root.
        """
        found: list[Entry] = []
        with _told(path), self._enter(_parts(path)) as folder, os.scandir(folder) as items:
            for item in items:
                with suppress(FileNotFoundError):  # it was removed meanwhile
                    found.append((item.name, item.stat(follow_symlinks=False)))
        return sorted(found, key=lambda entry: entry[0])

    def walk(self, path: str) -> Iterator[tuple[str, os.stat_result]]:
        """Yield the path of each regular file below a folder; links are not followed.

        Raises:
            ToolError: the folder itself cannot be read; one below it is left out.
        """
        start = "/".join(_parts(path))
        waiting = [(start, self.entries(path))]
        while waiting:
            folder, entries = waiting.pop()
            below: list[str] = []
            for name, status in entries:
                inner = f"{folder}/{name}" if folder else name
                if stat.S_ISREG(status.st_mode):
                    yield inner, status
                elif stat.S_ISDIR(status.st_mode):
                    below.append(inner)
            for inner in reversed(below):
                with suppress(ToolError):
                    waiting.append((inner, self.entries(inner)))

    def holds(self, path: str) -> bool:
        """Whether there is something of this path, of any kind."""
        try:
            *folders, name = _file_parts(path)
            with self._enter(folders) as parent:
                os.stat(name, dir_fd=parent, follow_symlinks=False)
        except (OSError, ValueError):
            return False
        return True

    def write(self, path: str, content: bytes) -> None:
        """Put content in place of what a file holds, all or nothing; make folders on the way.

        Raises:
            ToolError: it cannot be written, or is no regular file; what was there is unchanged.
        """
        *folders, name = _file_parts(path)
        with _told(path), self._enter(folders, is_made=True) as parent:
            mode = _check_regular(path, parent, name, may_be_missing=True)
            temporary = f".{secrets.token_hex(8)}.part"
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFELY
                with _opened(temporary, flags, parent) as file:
                    if mode is not None:
                        os.fchmod(file, stat.S_IMODE(mode))
                    _write_all(file, content)
                    os.fsync(file)
                # A link that was put there meanwhile is replaced, and not followed.
                os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=parent)

    @contextmanager
    def _enter(self, parts: list[str], *, is_made: bool = False) -> Generator[int]:
        """Open a folder below the root, part by part."""
        with ExitStack() as stack:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
            folder = stack.enter_context(_opened(str(self.folder), flags, None))
            for part in parts:
                if is_made:
                    with suppress(FileExistsError):
                        os.mkdir(part, dir_fd=folder)
                folder = stack.enter_context(_opened(part, _TO_ENTER, folder))
            yield folder


def _parts(path: str) -> list[str]:
    """Return the names along a path, or refuse it."""
    if path.startswith("/"):
        raise ToolError(f"{path!r} is absolute; write it relative to the folder, as in 'a/b.txt'")
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise ToolError(f"{path!r} has '..' in it; write a path below the folder")
    if len(parts) > _MOST_PARTS:
        raise ToolError(f"the path has {len(parts)} parts, and {_MOST_PARTS} are the most")
    return parts


def _file_parts(path: str) -> list[str]:
    parts = _parts(path)
    if not parts or path.endswith(("/", "/.")):
        raise ToolError(f"{path!r} names no file; write its path, as in 'a/b.txt'")
    return parts


@contextmanager
def _told(path: str) -> Generator[None]:
    """Tell the model what the system says of a path, without saying where the folder is."""
    try:
        yield
    except FileNotFoundError as error:
        raise ToolError(f"there is no {path!r}; list the folder to see what there is") from error
    except OSError as error:
        raise ToolError(
            f"{path!r} cannot be opened: {error.strerror}; links are not followed"
        ) from error
    except ValueError as error:  # a zero byte, or what no file system can encode
        raise ToolError(f"{path!r} cannot be the path of a file") from error


def _check_regular(
    path: str, parent: int, name: str, *, may_be_missing: bool = False
) -> int | None:
    """Return the mode of a regular file, or None where there is none; opening others may act."""
    try:
        mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
    except FileNotFoundError:
        if may_be_missing:
            return None
        raise
    if stat.S_ISDIR(mode):
        raise ToolError(f"{path!r} is a folder; list it, or name a file")
    if not stat.S_ISREG(mode):
        raise ToolError(f"{path!r} is a link or a device, which is not opened")
    return mode


@contextmanager
def _opened(name: str, flags: int, folder: int | None) -> Generator[int]:
    file = os.open(name, flags, 0o666, dir_fd=folder)
    try:
        yield file
    finally:
        os.close(file)


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]
