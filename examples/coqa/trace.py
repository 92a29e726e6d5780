"""What is printed while an answer is made: with `--trace` each event of the run on one line."""

from __future__ import annotations

import json
from typing import cast

from agentcore import Event, Finished, Partial, TextDelta
from agentcore.events import Acted, Answered, Recalled, Thought

__all__ = ["Shown", "describe_event"]

_INDENT = "     "


class Shown:
    """Turns what a run streams into what its user sees of it.

    A reader's model calls are seen as they write: the phrases that a small model weighs, one after
    the other, or the answer of an able one.
    """

    def __init__(self, *, is_traced: bool) -> None:
        self._is_traced = is_traced
        self._writing = ""
        """Key of the model call that is being shown."""

    def add(self, item: object) -> str:
        """Return what an item of the stream adds to the screen."""
        if isinstance(item, TextDelta):
            return self._written(item) if item.key.startswith("read/") else ""
        if isinstance(item, Finished):
            return "\n" if self._writing and not self._is_traced else ""
        if not self._is_traced or isinstance(item, Partial):
            return ""
        end, self._writing = "\n" if self._writing else "", ""
        return f"{end}{describe_event(cast('Event', item))}\n"

    def _written(self, delta: TextDelta) -> str:
        start = ""
        if delta.key != self._writing:
            start = " | " if self._writing else f"{_INDENT}considers: "
            self._writing = delta.key
        return f"{start}{delta.text}"


def describe_event(event: Event) -> str:
    """Return an event of a run on one line."""
    detail = ""
    if isinstance(event, Recalled):
        detail = f"{event.query!r}: {'; '.join(f'{hit.score:.2f} {hit.why}' for hit in event.hits)}"
    elif isinstance(event, Thought):
        detail = _thought(event)
    elif isinstance(event, Acted):
        detail = _acted(event)
    elif isinstance(event, Answered):
        detail = event.text
    return f"{_INDENT}[{event.at_s:6.3f} s] {event.kind} {event.key} {' '.join(detail.split())}"


def _thought(event: Thought) -> str:
    completion = event.completion
    usage = completion.usage
    tokens = f"{usage.input_tokens} + {usage.output_tokens} tokens"
    if completion.logprobs is None:
        return f"{completion.text!r}: {tokens}"
    likelihood = sum(token.logprob for token in completion.logprobs)
    return f"{completion.text!r}: log-probability {likelihood:.1f}, {tokens}"


def _acted(event: Acted) -> str:
    call, found = event.observation.call, event.observation.percept.text
    if call.name == "find_options":
        found = ", ".join(repr(option["text"]) for option in json.loads(found))
    elif call.name == "check":
        verdict = json.loads(found)
        found = f"{'supported' if verdict['is_supported'] else 'not supported'}: {verdict['why']}"
    return f"{call.name}: {found}"
