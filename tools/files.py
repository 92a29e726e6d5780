"""Files of one folder.

Safety: a path is opened part by part from the folder, and no symbolic link is followed, so that
neither `..`, nor a link, nor one that is put in between check and use leads out of it. Only regular
files of text are read; their size, and what the model is shown, is bounded. `Files` cannot write.
"""

from __future__ import annotations

import os
import stat
import threading
from fnmatch import fnmatchcase
from pathlib import Path

from ..action import ToolSet, tool
from ..errors import ConfigurationError, ToolError
from .rooted import Rooted

__all__ = ["EditableFiles", "Files"]

_MOST_ENTRIES = 500
_MOST_HITS = 100
_MOST_WALKED = 20_000
_MOST_SEARCHED_BYTES = 100_000_000
_HIT_CHARS = 200


class Files(ToolSet):
    r"""Tools that list, read and search the text files of one folder: `tools=[Files("notes")]`.

    Args:
        folder: All that the tools can reach; paths are relative to it.
        max_file_bytes: A larger file is not read, nor searched.
        max_chars: The most characters that the model is shown of a file at once.

    Raises:
        ConfigurationError: there is no such folder, or a bound is not above 0.

    Example:
        >>> import tempfile
        >>> folder = tempfile.mkdtemp()
        >>> _ = Path(folder, "plan.txt").write_text("Buy bread.\nBake it.\n")
        >>> Files(folder).read_file("plan.txt", first_line=2)
        'Bake it.\n'
        >>> Files(folder).read_file("../secret")
        Traceback (most recent call last):
        agentcore.errors.ToolError: '../secret' has '..' in it; write a path below the folder
    """

    def __init__(
        self, folder: str | Path, *, max_file_bytes: int = 10_000_000, max_chars: int = 20_000
    ) -> None:
        if max_file_bytes < 1 or max_chars < 1:
            raise ConfigurationError(
                f"max_file_bytes is {max_file_bytes} and max_chars {max_chars}: both must be over 0"
            )
        self._rooted = Rooted(folder)
        self._max_file_bytes, self._max_chars = max_file_bytes, max_chars

    @tool
    def read_file(self, path: str, first_line: int = 1, last_line: int | None = None) -> str:
        """Read a text file, or some of its lines.

        Args:
            path: relative to the folder, such as `notes/plan.txt`.
            first_line: counted from 1.
            last_line: the last one to read; null: to the end.

        Raises:
            ToolError: there is no such text file, or no such line; or it is too large.
        """
        lines = self._text(path).splitlines(keepends=True)
        last = len(lines) if last_line is None else min(last_line, len(lines))
        if not lines and first_line == 1:
            return "(the file is empty)"
        if not 1 <= first_line <= last:
            raise ToolError(
                f"{path!r} has {len(lines)} lines; first_line is {first_line}, and last_line "
                f"{last_line}: ask for lines that are there"
            )
        return self._shown(lines, first_line, last)

    @tool
    def list_files(self, folder: str = ".") -> str:
        """List what is in a folder: its files with their sizes, and its folders.

        Args:
            folder: relative, such as `notes`.

        Raises:
            ToolError: there is no such folder.
        """
        lines = [_describe(name, status) for name, status in self._rooted.entries(folder)]
        if len(lines) > _MOST_ENTRIES:
            lines[_MOST_ENTRIES:] = [f"... and {len(lines) - _MOST_ENTRIES} more"]
        return "\n".join(lines) or "(the folder is empty)"

    @tool
    def search_files(self, text: str, folder: str = ".", pattern: str = "*") -> str:
        """Find the lines of text files that contain a text, without regard to case.

        Args:
            text: as it stands in the line; no wildcards.
            folder: where to search, with all folders below it.
            pattern: which file names, such as `*.md`.

        Raises:
            ToolError: there is no such folder, or the text is empty.
        """
        if not text.strip():
            raise ToolError("the text to search for is empty")
        wanted = text.casefold()
        hits: list[str] = []
        searched_bytes = 0
        for walked, (path, status) in enumerate(self._rooted.walk(folder), 1):
            is_meant = fnmatchcase(path.rpartition("/")[2], pattern)
            searched_bytes += min(status.st_size, self._max_file_bytes) if is_meant else 0
            if walked > _MOST_WALKED or searched_bytes > _MOST_SEARCHED_BYTES:
                hits.append("... there is more than can be searched at once; name a folder")
                break
            hits += self._hits(path, wanted) if is_meant else []
            if len(hits) > _MOST_HITS:
                hits[_MOST_HITS:] = ["... and more; search for a longer text, or in one folder"]
                break
        return "\n".join(hits) or f"{text!r} is in none of the files"

    def _hits(self, path: str, wanted: str) -> list[str]:
        try:
            text = self._text(path)
        except ToolError:  # binary, too large, or gone: there is no line to show
            return []
        if wanted not in text.casefold():
            return []
        return [
            f"{path}:{number}: {line.strip()[:_HIT_CHARS]}"
            for number, line in enumerate(text.splitlines(), 1)
            if wanted in line.casefold()
        ]

    def _text(self, path: str) -> str:
        content = self._rooted.read(path, max_bytes=self._max_file_bytes)
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            raise ToolError(f"{path!r} is no text in UTF-8, and cannot be read") from error
        if "\0" in text:
            raise ToolError(f"{path!r} is a binary file, and cannot be read")
        return text

    def _shown(self, lines: list[str], first: int, last: int) -> str:
        """Return whole lines as long as they fit, and say where to read on."""
        room = self._max_chars
        for number in range(first, last + 1):
            room -= len(lines[number - 1])
            if room < 0 and number == first:
                cut = lines[first - 1][: self._max_chars]
                return f"{cut}\n(the rest of line {first} is too long to be shown)"
            if room < 0:
                shown = "".join(lines[first - 1 : number - 1])
                return f"{shown}(that is to line {number - 1} of {len(lines)}; read on at {number})"
        return "".join(lines[first - 1 : last])


class EditableFiles(Files):
    """`Files` that can also be written.

    A file is written anew beside the old one, and takes its place in one step: a failure leaves the
    old one. To let a person approve each change, `tools=with_approval(EditableFiles("notes"))`.
    One object serves concurrent runs: their changes of a file follow each other.

    Example:
        >>> import tempfile
        >>> files = EditableFiles(tempfile.mkdtemp())
        >>> files.write_file("plan.txt", "Buy bread.")
        'wrote 10 characters to plan.txt'
        >>> files.replace_in_file("plan.txt", "bread", "milk")
        'replaced it in plan.txt'
        >>> files.read_file("plan.txt")
        'Buy milk.'
    """

    def __init__(
        self, folder: str | Path, *, max_file_bytes: int = 10_000_000, max_chars: int = 20_000
    ) -> None:
        super().__init__(folder, max_file_bytes=max_file_bytes, max_chars=max_chars)
        self._changing = threading.Lock()

    @tool(effect="write", idempotent=True)
    def write_file(self, path: str, text: str) -> str:
        """Write a text file; one that is there already is replaced as a whole.

        Args:
            path: relative to the folder; folders on the way are made.
            text: all that the file shall hold.

        Raises:
            ToolError: it cannot be written; what was there is unchanged.
        """
        with self._changing:
            self._write(path, text)
        return f"wrote {len(text)} characters to {path}"

    @tool(effect="write")
    def append_file(self, path: str, text: str) -> str:
        """Add text at the end of a text file, which is made where there is none.

        Args:
            path: relative to the folder; folders on the way are made.
            text: is added as it is; begin a line with it where the file ends with a line break.

        Raises:
            ToolError: it cannot be written, is no text file, or would become too large.
        """
        with self._changing:
            before = self._text(path) if self._rooted.holds(path) else ""
            self._write(path, before + text)
        return f"added {len(text)} characters to {path}"

    @tool(effect="write")
    def replace_in_file(self, path: str, old: str, new: str) -> str:
        """Replace a piece of a text file, which must be in it exactly once.

        Args:
            path: relative to the folder.
            old: exactly as it stands in the file, with spaces and line breaks.
            new: what takes its place.

        Raises:
            ToolError: the piece is not in the file, or more than once; nothing is changed.
        """
        with self._changing:
            text = self._text(path)
            count = text.count(old) if old else 0
            if count != 1:
                raise ToolError(
                    f"the text to replace is {count} times in {path!r}, and must be there once; "
                    "copy it exactly, with enough of what stands around it"
                )
            self._write(path, text.replace(old, new))
        return f"replaced it in {path}"

    def _write(self, path: str, text: str) -> None:
        try:
            content = text.encode()
        except UnicodeEncodeError as error:
            raise ToolError("the text has half a character in it, and cannot be written") from error
        if len(content) > self._max_file_bytes:
            raise ToolError(
                f"{path!r} would have {len(content)} bytes, and {self._max_file_bytes} are the most"
            )
        self._rooted.write(path, content)


def _describe(name: str, status: os.stat_result) -> str:
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        return f"{name}/"
    if stat.S_ISREG(mode):
        return f"{name} ({status.st_size} bytes)"
    return f"{name} (a link or a device, not opened)"
