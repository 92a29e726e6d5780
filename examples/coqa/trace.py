"""What `--trace` prints: each event of a run on one line, in the words of the example."""

from __future__ import annotations

import json

from agentcore import Event
from agentcore.events import Acted, Answered, Recalled, Thought

__all__ = ["describe_event"]

_INDENT = "     "


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
