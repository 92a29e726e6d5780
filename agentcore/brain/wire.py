"""Careful reading of JSON from a server: none of it is trusted to have its proper type."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TypeAlias

from ..completions import TokenLogprob
from ..messages import ToolCall
from ..values import JsonObject, JsonValue

__all__ = [
    "Body",
    "TextPieces",
    "arguments_of",
    "arguments_to_object",
    "count_of",
    "items_of",
    "logprobs_of",
    "object_of",
    "parse_reply",
    "text_of",
    "whole_characters",
    "with_ids",
]

Body: TypeAlias = dict[str, object]
"""A request's body, or a part of it, ready to be written as JSON."""

_LOWEST_LOGPROB = -9999.0


def parse_reply(content: bytes | str) -> JsonValue | None:
    """Read JSON; None where it is none, or nested beyond reason."""
    try:
        value: JsonValue = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return value


def object_of(value: JsonValue) -> JsonObject:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def items_of(value: JsonValue) -> list[JsonValue]:
    """The array, or an empty one."""
    return value if isinstance(value, list) else []


def text_of(value: JsonValue) -> str:
    """The text, or the text parts of an array of parts joined, or nothing."""
    if isinstance(value, str):
        return whole_characters(value)
    return "".join(text_of(object_of(part).get("text")) for part in items_of(value))


def count_of(value: JsonValue) -> int:
    """The number of tokens, or 0."""
    return value if isinstance(value, int) and value > 0 else 0


def arguments_of(value: JsonValue) -> str:
    """A call's arguments as the model wrote them; some servers send them parsed, or not at all."""
    if isinstance(value, str):
        return whole_characters(value) if value.strip() else "{}"
    return "{}" if value is None else json.dumps(value, ensure_ascii=False)


def arguments_to_object(arguments: str) -> JsonObject:
    """A call's arguments as an object. Servers refuse a history that holds malformed ones."""
    value = parse_reply(arguments)
    return value if isinstance(value, dict) else {"malformed_arguments": arguments}


def with_ids(calls: Sequence[ToolCall]) -> tuple[ToolCall, ...]:
    """Give calls without an id, or with the id of an earlier call, one of their own: `call_2`."""
    taken = {call.id for call in calls}
    seen = {""}
    result: list[ToolCall] = []
    for number, call in enumerate(calls, start=1):
        identity = call.id
        if identity in seen:
            identity = f"call_{number}"
            while identity in taken:
                identity += "_"
            taken.add(identity)
        seen.add(identity)
        result.append(ToolCall(id=identity, name=call.name, arguments=call.arguments))
    return tuple(result)


def logprobs_of(values: Sequence[JsonValue]) -> tuple[TokenLogprob, ...]:
    """Tokens with their log-probabilities; OpenAI and Ollama agree on the form."""
    return tuple(
        TokenLogprob(
            token=text_of(item.get("token")),
            logprob=_logprob_of(item.get("logprob")),
            alternatives=tuple(
                (text_of(other.get("token")), _logprob_of(other.get("logprob")))
                for other in map(object_of, items_of(item.get("top_logprobs")))
            ),
        )
        for item in map(object_of, values)
    )


def _logprob_of(value: JsonValue) -> float:
    """The number; -inf and NaN, which JSON has no word for, become very improbable."""
    if isinstance(value, (int, float)) and math.isfinite(value):
        return float(value)
    return _LOWEST_LOGPROB


def whole_characters(text: str) -> str:
    """Join surrogate pairs, and replace lone surrogates: JSON can hold them, UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class TextPieces:
    """A text that arrives in pieces, which may cut a surrogate pair in two."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._held = ""

    def add(self, piece: str) -> str:
        """Add a piece, and return what can be shown now."""
        piece, self._held = self._held + piece, ""
        if piece and "\ud800" <= piece[-1] <= "\udbff":
            piece, self._held = piece[:-1], piece[-1]
        piece = whole_characters(piece)
        self._pieces.append(piece)
        return piece

    def end(self) -> str:
        """Return what was held back."""
        piece, self._held = whole_characters(self._held), ""
        self._pieces.append(piece)
        return piece

    @property
    def text(self) -> str:
        """All pieces so far that could be shown."""
        return "".join(self._pieces)
