"""Calls, log-probabilities and pieces of text, as every wire has them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from ..completions import TokenLogprob
from ..messages import ToolCall
from ..servers.reading import items_of, object_of, parse_reply, text_of, whole_characters
from ..values import JsonObject, JsonValue

__all__ = [
    "TextPieces",
    "arguments_of",
    "arguments_to_object",
    "logprobs_of",
    "with_ids",
]

_LOWEST_LOGPROB = -9999.0


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
