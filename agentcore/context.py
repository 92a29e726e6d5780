"""Context: what the model will read, laid out from instructions, history and percepts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import dropwhile

from .messages import (
    Message,
    SystemMessage,
    TextPart,
    UserMessage,
    estimate_tokens,
    settle_calls,
    text_tokens,
)
from .percepts import Percept

__all__ = ["lay_out", "sections_of", "task_message"]


def lay_out(
    *,
    instructions: Sequence[str],
    examples: Sequence[Message] = (),
    history: Sequence[Message],
    percepts: Sequence[Percept],
) -> tuple[Message, ...]:
    """Return one system message, examples, history with every call settled, and the user's task.

    System messages at the start of the history are left out: the agent's instructions of now hold.
    """
    system = "\n\n".join(text for text in instructions if text)
    earlier = dropwhile(lambda item: isinstance(item, SystemMessage), settle_calls(history))
    messages: list[Message] = [SystemMessage(content=system)] if system else []
    return (*messages, *examples, *earlier, task_message(percepts))


def sections_of(
    messages: Sequence[Message], *, output: str, examples: Sequence[Message]
) -> dict[str, int]:
    """Return what each part of a conversation that was laid out costs in tokens, estimated.

    Args:
        messages: as they were laid out, and as much of them as fits into the window.
        output: the part of the instructions that asks for the typed output.
        examples: the messages that are examples.
    """
    sections = dict.fromkeys(("instructions", "schema", "examples", "history", "percepts"), 0)
    shown = {message.digest for message in examples}
    *others, task = messages
    for message in others:
        is_first = message is messages[0] and isinstance(message, SystemMessage)
        name = (
            "instructions"
            if is_first
            else "examples"
            if shown and message.digest in shown
            else "history"
        )
        sections[name] += estimate_tokens(message)
    sections["percepts"] = estimate_tokens(task)
    if sections["instructions"]:
        sections["schema"] = text_tokens(output)
        sections["instructions"] -= sections["schema"]
    return {name: tokens for name, tokens in sections.items() if tokens}


def task_message(percepts: Sequence[Percept]) -> UserMessage:
    """Return what the user says."""
    parts = tuple(percept.content for percept in percepts)
    if all(isinstance(part, TextPart) for part in parts):
        return UserMessage(content="\n\n".join(percept.text for percept in percepts))
    return UserMessage(content=parts)
