"""Calls and their results as text, for a model that knows neither."""

from __future__ import annotations

import json
from collections.abc import Sequence

from .messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage

__all__ = ["calls_as_text"]


def calls_as_text(messages: Sequence[Message]) -> list[Message]:
    """Return a conversation with its calls as JSON and their results as observations.

    A model without native calls has no words for them in its template, and would not see them.
    """
    return [message.derived("text", _to_text) or message for message in messages]


def _to_text(message: Message) -> Message | None:
    """None: it stays as it is. A message that kept itself could be neither compared nor pickled."""
    if isinstance(message, AssistantMessage) and message.tool_calls:
        steps = [_write_action(message.content, call) for call in message.tool_calls]
        return AssistantMessage(content="\n".join(steps))
    if isinstance(message, ToolMessage):
        kind = "Error" if message.is_error else "Observation"
        return UserMessage(content=f"{kind} from {message.name}: {message.content}")
    return None


def _write_action(thought: str, call: ToolCall) -> str:
    action = json.dumps(call.name, ensure_ascii=False)
    before = f'"thought": {json.dumps(thought, ensure_ascii=False)}, ' if thought else ""
    return f'{{{before}"action": {action}, "arguments": {_unescaped(call.arguments)}}}'


def _unescaped(arguments: str) -> str:
    r"""Write JSON without `\uXXXX`; what is none stays as it is."""
    try:
        return json.dumps(json.loads(arguments), ensure_ascii=False)
    except (ValueError, RecursionError):
        return arguments
