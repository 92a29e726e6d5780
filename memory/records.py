"""What a vector memory keeps: a text with where it came from, for whom, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..values import JsonValue

__all__ = ["Namespace", "NewRecord", "Record"]


@dataclass(frozen=True, slots=True)
class Namespace:
    """Whose records they are. A search sees the records of exactly its own namespace.

    Nothing is inherited: `Namespace(user="ann")` and `Namespace(user="ann", session="1")` hold
    different records, and so does the namespace without any part.
    """

    user: str = ""
    agent: str = ""
    session: str = ""


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record to be added."""

    text: str
    source: str = ""
    """Where it came from, such as a file, an address, or the id of a run."""
    metadata: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """What filters can ask for."""
    id: str | None = None
    """Unique within the namespace; a record of the same id is replaced. None: a digest of text,
    source and metadata, so that what is added again is not kept twice."""
    ttl_s: float | None = None
    """Seconds that it lives; None: as the memory says."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it is stored."""

    id: str
    text: str
    source: str
    metadata: dict[str, JsonValue]
    created_at: datetime
    """UTC."""
    expires_at: datetime | None
    """UTC; None: it lives until it is deleted."""
