"""Context: what the model will read, laid out from instructions, history and percepts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import dropwhile

from .messages import Message, SystemMessage, TextPart, UserMessage, settle_calls
from .percepts import Percept

__all__ = ["lay_out"]


def lay_out(
    *, instructions: Sequence[str], history: Sequence[Message], percepts: Sequence[Percept]
) -> tuple[Message, ...]:
    """Return one system message, the history with every call settled, and the task of the user.

    System messages at the start of the history are left out: the agent's instructions of now hold.
    """
    system = "\n\n".join(text for text in instructions if text)
    earlier = dropwhile(lambda item: isinstance(item, SystemMessage), settle_calls(history))
    messages: list[Message] = [SystemMessage(content=system)] if system else []
    return (*messages, *earlier, _to_user_message(percepts))


def _to_user_message(percepts: Sequence[Percept]) -> UserMessage:
    parts = tuple(percept.content for percept in percepts)
    if all(isinstance(part, TextPart) for part in parts):
        return UserMessage(content="\n\n".join(percept.text for percept in percepts))
    return UserMessage(content=parts)
