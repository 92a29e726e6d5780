"""Chunks: pieces of percepts, each with where it stands in its source."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ...errors import ConfigurationError
from ...events import MemoryHit
from ...interfaces import Splitter
from ...messages import TextPart
from ...percepts import Percept, Span
from ...values import JsonObject, JsonValue, digest_of
from ..records import NewRecord

__all__ = ["Chunk", "chunks_of", "shown"]

_RESERVED = ("page", "start", "end", "trust", "context_chars")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a source."""

    text: str
    source: str
    span: Span
    """Its characters in the source."""
    page: int | None
    trust: str
    context: str = ""
    """What stood before it, for searches to read along; it is no part of a hit."""

    def to_record(self, metadata: Mapping[str, JsonValue]) -> NewRecord:
        """Return the record to be stored; the same piece of the same source has the same id.

        Raises:
            ConfigurationError: the metadata has a name that the chunk itself needs.
        """
        taken = sorted(metadata.keys() & set(_RESERVED))
        if taken:
            raise ConfigurationError(f"metadata names what a chunk has itself: {', '.join(taken)}")
        own: JsonObject = {
            "page": self.page,
            "start": self.span.start,
            "end": self.span.end,
            "trust": self.trust,
            "context_chars": len(self.context),
        }
        place = f"{self.page}:{self.span.start}:{self.span.end}"
        return NewRecord(
            id=digest_of(self.source, place, self.context, self.text),
            text=self.context + self.text,
            source=self.source,
            metadata={**metadata, **own},
        )


def chunks_of(
    percepts: Iterable[Percept], splitter: Splitter, *, context_chunks: int
) -> Iterator[Chunk]:
    """Cut the percepts that are texts; others are passed over."""
    before: deque[str] = deque(maxlen=context_chunks)
    source = None
    for percept in percepts:
        if not isinstance(percept.content, TextPart):
            continue
        if percept.source != source:
            before.clear()
            source = percept.source
        first = percept.span.start if percept.span is not None else 0
        for span in splitter.split(percept.text):
            text = percept.text[span.start : span.end]
            yield Chunk(
                text=text,
                source=percept.source,
                span=Span(start=first + span.start, end=first + span.end),
                page=percept.page,
                trust=percept.trust,
                context="".join(f"{piece}\n" for piece in before),
            )
            before.append(text)


def shown(hit: MemoryHit) -> MemoryHit:
    """Return a hit without the context that was only searched."""
    count = hit.metadata.get("context_chars")
    if not isinstance(count, int):
        return hit
    kept = {name: value for name, value in hit.metadata.items() if name != "context_chars"}
    return hit.model_copy(update={"text": hit.text[count:], "metadata": kept})
