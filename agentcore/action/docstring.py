"""Reads a docstring in Google style: what a tool does, and what its parameters mean."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

__all__ = ["Docstring", "parse_docstring"]

_ARGUMENTS = frozenset({"args", "arguments", "parameters", "params", "keyword args"})
_OTHERS = frozenset(
    {"returns", "return", "yields", "raises", "example", "examples", "references", "attributes"}
)
_HEADER = re.compile(r"(\w+(?: \w+)?):\s*")
_ENTRY = re.compile(r"\*{0,2}(\w+)\s*(?:\(.*?\))?\s*:(?:\s+(.*)|$)")


@dataclass(frozen=True, slots=True)
class Docstring:
    """What a docstring says to someone who wants to call the function."""

    description: str
    """Summary and body, without the sections."""
    parameters: dict[str, str]
    """The entries under `Args:`."""


def parse_docstring(text: str) -> Docstring:
    """Split a docstring; a section ends at the next text that is not indented."""
    body: list[str] = []
    arguments: list[str] = []
    section = ""
    for line in inspect.cleandoc(text).splitlines():
        header = _HEADER.fullmatch(line)
        if header is not None and header[1].lower() in _ARGUMENTS | _OTHERS:
            section = header[1].lower()
            continue
        if line and not line[0].isspace():
            section = ""
        if not section:
            body.append(line)
        elif section in _ARGUMENTS:
            arguments.append(line)
    description = re.sub(r"\n{3,}", "\n\n", "\n".join(body)).strip()
    return Docstring(description, _entries(inspect.cleandoc("\n".join(["", *arguments]))))


def _entries(section: str) -> dict[str, str]:
    entries: dict[str, list[str]] = {}
    current: list[str] = []
    for line in section.splitlines():
        entry = None if line[:1].isspace() else _ENTRY.fullmatch(line)
        if entry is not None:
            current = entries.setdefault(entry[1], [])
            line = entry[2] or ""  # noqa: PLW2901  # the rest of the line is its first
        current.append(line.strip())
    return {name: " ".join(filter(None, lines)) for name, lines in entries.items()}
