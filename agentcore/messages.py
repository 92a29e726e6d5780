"""Messages between user, model and tools, as one union; how they are stored and kept whole."""

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from .errors import ConfigurationError
from .values import Value

__all__ = [
    "AssistantMessage",
    "ImagePart",
    "Message",
    "Part",
    "SystemMessage",
    "TextPart",
    "ToolCall",
    "ToolMessage",
    "UserMessage",
    "dump_messages",
    "estimate_tokens",
    "load_messages",
    "settle_calls",
    "text_tokens",
]

BYTES_PER_TOKEN = 3
TOKENS_PER_MESSAGE = 4
"""What a chat template adds around each message."""
TOKENS_PER_IMAGE = 1000
NO_RESULT = "No result: the call was not finished."


class TextPart(Value):
    """A piece of text in a message."""

    kind: Literal["text"] = "text"
    text: str


class ImagePart(Value):
    """An image in a message, by its bytes or by its address."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    kind: Literal["image"] = "image"
    media_type: str = "image/png"
    data: bytes | None = None
    """The image file; base64 in JSON."""
    url: str | None = None
    """An address that the server itself can fetch; used where `data` is None."""


Part: TypeAlias = Annotated[TextPart | ImagePart, Field(discriminator="kind")]


class SystemMessage(Value):
    """Instructions to the model."""

    role: Literal["system"] = "system"
    content: str


class UserMessage(Value):
    """What the user, or the world, says to the model."""

    role: Literal["user"] = "user"
    content: str | tuple[Part, ...]

    @property
    def text(self) -> str:
        """The text parts, joined by new lines."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content if isinstance(part, TextPart))


class ToolCall(Value):
    """A call that the model asks for."""

    id: str
    """Pairs the call with its `ToolMessage`."""
    name: str
    arguments: str = "{}"
    """A JSON object, exactly as the model wrote it; it may be malformed."""


class AssistantMessage(Value):
    """What the model says: text, calls, or both."""

    role: Literal["assistant"] = "assistant"
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    thinking: str = ""
    """Reasoning that the model kept apart from its answer; it is never sent back."""


class ToolMessage(Value):
    """The result of one call, as the model reads it."""

    role: Literal["tool"] = "tool"
    tool_call_id: str
    name: str
    content: str
    is_error: bool = False


Message: TypeAlias = Annotated[
    SystemMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")
]


@cache
def _adapter() -> TypeAdapter[tuple[Message, ...]]:
    return TypeAdapter(tuple[Message, ...])


def dump_messages(messages: Sequence[Message]) -> str:
    """Write messages as a JSON array, for a file or a database."""
    return f"[{','.join(message.encoded.decode() for message in messages)}]"


def load_messages(text: str | bytes) -> tuple[Message, ...]:
    """Read what `dump_messages` wrote.

    Raises:
        ConfigurationError: the text is not a JSON array of messages.
    """
    try:
        return _adapter().validate_json(text)
    except ValidationError as error:
        raise ConfigurationError(
            f"these are not messages written by dump_messages: {error}"
        ) from error


def estimate_tokens(message: Message) -> int:
    """Guess what a message costs to read, at three bytes a token and 1,000 tokens an image.

    English has about four bytes a token, other languages fewer, digits about one.
    """
    return message.derived("tokens", _estimate)


def _estimate(message: Message) -> int:
    images = 0
    if isinstance(message, UserMessage):
        text = message.text
        images = sum(isinstance(part, ImagePart) for part in message.content)
    elif isinstance(message, AssistantMessage):
        calls = (f"{call.name}{call.arguments}" for call in message.tool_calls)
        text = message.content + "".join(calls)  # thinking is never sent
    else:
        text = message.content
    return text_tokens(text) + TOKENS_PER_MESSAGE + images * TOKENS_PER_IMAGE


def text_tokens(text: str) -> int:
    """Guess what a text costs to read."""
    return len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN


def settle_calls(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return the messages with exactly one result after each call, in the order of the calls.

    A call that was cut off or cancelled gets an error as its result; a result whose call is gone,
    or that repeats another, is dropped. Servers refuse a conversation that breaks this rule.
    """
    settled: list[Message] = []
    index = 0
    while index < len(messages):
        message = messages[index]
        index += 1
        if isinstance(message, ToolMessage):
            continue
        settled.append(message)
        if not isinstance(message, AssistantMessage) or not message.tool_calls:
            continue
        results: dict[str, ToolMessage] = {}
        while index < len(messages) and isinstance(result := messages[index], ToolMessage):
            results.setdefault(result.tool_call_id, result)
            index += 1
        settled += [
            results.pop(call.id) if call.id in results else _no_result(call)
            for call in message.tool_calls
        ]
    return tuple(settled)


def _no_result(call: ToolCall) -> ToolMessage:
    return ToolMessage(tool_call_id=call.id, name=call.name, content=NO_RESULT, is_error=True)
