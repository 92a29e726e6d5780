"""A record on its way into the file: checked, and written as the file holds it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from ..errors import ConfigurationError, MemoryStoreError
from ..values import JsonValue, digest_of
from .records import NewRecord

__all__ = ["Entry", "check_ttl", "dump_metadata", "entry_of"]

_LONGEST_S = 1e11
"""3,000 years: what expires after the year 9999 could not be read again."""
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True, slots=True)
class Entry:
    """A new record as it goes into the table."""

    id: str | None
    text: str
    source: str
    metadata: str
    vector: bytes
    expires_at: float | None

    def name(self, attempt: int) -> str:
        """Return the id, or what stands for the content."""
        return self.id or digest_of(self.text, self.source, self.metadata, str(attempt))


def entry_of(record: NewRecord, *, now_s: float, ttl_s: float | None) -> Entry:
    """Check a record; it has no vector yet.

    Raises:
        MemoryStoreError: its text is no string, or its metadata no JSON object.
    """
    for name, text in (("text", record.text), ("source", record.source), ("id", record.id or "")):
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance] untyped code calls this
            raise MemoryStoreError(f"the {name} of a record is a string, not {text!r:.80}")
    check_ttl(record.ttl_s)
    lives_s = record.ttl_s if record.ttl_s is not None else ttl_s
    return Entry(
        id=record.id,
        text=record.text,
        source=record.source,
        metadata=dump_metadata(record.metadata),
        vector=b"",
        expires_at=None if lives_s is None else now_s + lives_s,
    )


def dump_metadata(metadata: Mapping[str, JsonValue]) -> str:
    """Write metadata as JSON; raises MemoryStoreError where that would change it."""
    named = f"the keys {list(metadata)!r:.200}"
    try:
        text = json.dumps(dict(metadata), ensure_ascii=False, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise MemoryStoreError(f"the metadata of {named} is no JSON: {error}") from error
    if not _has_text_keys(metadata):
        raise MemoryStoreError(f"the metadata of {named} has a key that is no string")
    if _NUL.search(text):
        raise MemoryStoreError(f"a NUL character in the metadata {metadata!r:.200}: remove it")
    return text


def _has_text_keys(value: object) -> bool:
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return all(isinstance(key, str) and _has_text_keys(item) for key, item in items)
    if isinstance(value, list | tuple):
        return all(map(_has_text_keys, cast("Sequence[object]", value)))
    return True


def check_ttl(ttl_s: float | None) -> None:
    """Refuse a record that would never have lived."""
    if ttl_s is not None and not 0 < ttl_s <= _LONGEST_S:
        raise ConfigurationError(
            f"ttl_s is {ttl_s}: it must be over 0 and at most {_LONGEST_S:.0e}, or None for ever"
        )
