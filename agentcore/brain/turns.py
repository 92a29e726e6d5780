"""A conversation laid out for a server whose template takes only some of its messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..completions import LLMRequest
from ..messages import AssistantMessage, Message, Part, SystemMessage, TextPart, UserMessage
from ..transcripts import calls_as_text
from .passport import Passport

__all__ = ["laid_out"]

_EARLIER = "(What was said before is left out.)"
_NOTED = "Noted."


def laid_out(passport: Passport, request: LLMRequest) -> LLMRequest:
    """Return the request with its messages as the server takes them; nothing that they say is lost.

    - Without tool messages, calls and their results are written as text.
    - Without system messages, what they say begins the user's message after them.
    - Where one role may not speak twice in a row, neighbours are joined, and the user begins.
    """
    messages: Sequence[Message] = request.messages
    if passport.tool_messages.outcome == "no":
        messages = calls_as_text(messages)
    is_without_system = passport.system_messages.outcome == "no"
    if is_without_system:
        messages = [_from_user(message) for message in messages]
    if is_without_system or passport.repeated_roles.outcome == "no":
        messages = _in_turn(messages)
    return request if messages is request.messages else replace(request, messages=tuple(messages))


def _from_user(message: Message) -> Message:
    return UserMessage(content=message.content) if isinstance(message, SystemMessage) else message


def _in_turn(messages: Iterable[Message]) -> list[Message]:
    """Join neighbours of one role; between a result and the user the assistant has a turn."""
    turns: list[Message] = []
    for message in messages:
        before = turns[-1].role if turns else "system"
        joined = _joined(turns[-1], message) if turns else None
        if joined is not None:
            turns[-1] = joined
            continue
        if before == "system" and message.role == "assistant":
            turns.append(UserMessage(content=_EARLIER))
        elif before == "tool" and message.role == "user":
            turns.append(AssistantMessage(content=_NOTED))
        turns.append(message)
    return turns


def _joined(first: Message, second: Message) -> Message | None:
    """Both as one; None where that cannot be: each result of a tool stays alone."""
    if isinstance(first, UserMessage) and isinstance(second, UserMessage):
        if isinstance(first.content, str) and isinstance(second.content, str):
            return UserMessage(content=_paragraphs(first.content, second.content))
        return UserMessage(content=(*_parts(first), *_parts(second)))
    if isinstance(first, SystemMessage) and isinstance(second, SystemMessage):
        return SystemMessage(content=_paragraphs(first.content, second.content))
    if isinstance(first, AssistantMessage) and isinstance(second, AssistantMessage):
        return AssistantMessage(
            content=_paragraphs(first.content, second.content),
            tool_calls=(*first.tool_calls, *second.tool_calls),
        )
    return None


def _parts(message: UserMessage) -> tuple[Part, ...]:
    content = message.content
    return (TextPart(text=content),) if isinstance(content, str) else content


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)
