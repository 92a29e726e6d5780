"""What of a conversation fits into a model's window. Pure: it chooses, and asks nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from .messages import (
    BYTES_PER_TOKEN,
    AssistantMessage,
    Message,
    SystemMessage,
    TextPart,
    ToolMessage,
    UserMessage,
    estimate_tokens,
)
from .values import digest_of

__all__ = ["Unit", "join", "shorten", "split", "tokens_of", "with_preface"]

_LEFT_OUT = "\n[... {count} characters are left out here ...]\n"


@dataclass(frozen=True, slots=True)
class Unit:
    """Messages that stay or go together: a turn of the history, or a step with its results."""

    messages: tuple[Message, ...]
    is_kept: bool = False
    """Never left out: the instructions, the task, and the latest step."""

    @property
    def digest(self) -> str:
        """Stands for the messages."""
        return digest_of(*(message.digest for message in self.messages))

    @property
    def tokens(self) -> int:
        """What the messages cost, estimated."""
        return tokens_of(self.messages)


def tokens_of(messages: Sequence[Message]) -> int:
    """Return what messages cost to read, estimated."""
    return sum(map(estimate_tokens, messages))


def split(messages: Sequence[Message], task: str) -> list[Unit]:
    """Take a conversation apart; `join` puts it together again.

    Args:
        messages: each call in them has its result.
        task: digest of the message that holds the task; where it is not among them, the last
            message of the user is taken for it.
    """
    head = tuple(takewhile(lambda item: isinstance(item, SystemMessage), messages))
    rest = messages[len(head) :]
    at = _position_of_task(rest, task)
    before, asked, after = rest[:at], tuple(rest[at : at + 1]), rest[at + 1 :]
    steps = list(_turns(after, AssistantMessage))
    units = [
        Unit(head, is_kept=True),
        *map(Unit, _turns(before, UserMessage)),
        Unit(asked, is_kept=True),
        *map(Unit, steps[:-1]),
        *(Unit(step, is_kept=True) for step in steps[-1:]),
    ]
    return [unit for unit in units if unit.messages]


def join(units: Sequence[Unit]) -> tuple[Message, ...]:
    """Return the messages of the units."""
    return tuple(message for unit in units for message in unit.messages)


def shorten(unit: Unit, most_tokens: int) -> Unit:
    """Leave out the middle of each result in a unit that is longer than so many tokens."""
    # A step may hold its results as messages of the user; what the user said stays as it is.
    is_step = isinstance(unit.messages[0], AssistantMessage)
    kinds = (ToolMessage, UserMessage) if is_step else ToolMessage
    short = (
        _shortened(item, most_tokens) if isinstance(item, kinds) else item for item in unit.messages
    )
    return Unit(tuple(short), unit.is_kept)


def with_preface(message: Message, preface: str) -> Message:
    """Put a text before what the user says in a message."""
    if not isinstance(message, UserMessage):
        return message
    if isinstance(message.content, str):
        return UserMessage(content=f"{preface}\n\n{message.content}")
    return UserMessage(content=(TextPart(text=preface), *message.content))


def _position_of_task(messages: Sequence[Message], task: str) -> int:
    asked = [index for index, item in enumerate(messages) if isinstance(item, UserMessage)]
    found = [index for index in asked if messages[index].digest == task]
    return (found or asked or [len(messages)])[-1]


def _turns(messages: Sequence[Message], first: type[Message]) -> Iterator[tuple[Message, ...]]:
    """Yield groups that begin with a message of a kind; only the first may begin with another."""
    turn: list[Message] = []
    for message in messages:
        if turn and isinstance(message, first):
            yield tuple(turn)
            turn = []
        turn.append(message)
    if turn:
        yield tuple(turn)


def _shortened(message: Message, most_tokens: int) -> Message:
    content = message.content
    if estimate_tokens(message) <= most_tokens or not isinstance(content, str):
        return message
    width = max(1, len(content.encode("utf-8", "replace")) // len(content))  # bytes of a character
    most = max(0, most_tokens * BYTES_PER_TOKEN // width - 2 * len(_LEFT_OUT))
    start, end = most * 2 // 3, len(content) - most // 3
    note = _LEFT_OUT.format(count=end - start)
    short = f"{content[:start]}{note}{content[end:]}"
    changed: Message = message.model_copy(update={"content": short})
    return changed if len(short) < len(content) else message
