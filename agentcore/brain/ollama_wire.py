"""The form of Ollama's native chat: requests, answers, and what it says of a model. Pure."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

from ..completions import Abilities, Completion, FinishReason, LLMRequest, Sampling, TextDelta
from ..errors import ConfigurationError
from ..messages import (
    AssistantMessage,
    ImagePart,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from ..servers.reading import Body, count_of, items_of, object_of, text_of
from ..usage import Usage
from .schemas import to_grammar
from .wire import TextPieces, arguments_of, arguments_to_object, logprobs_of, with_ids

if TYPE_CHECKING:
    from ..values import JsonObject, JsonValue

__all__ = ["ModelFacts", "StreamedChat", "to_body", "to_completion", "to_facts"]

_NUM_CTX = re.compile(r"^num_ctx\s+([1-9][0-9]{0,8})\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What Ollama says of a model; None: it does not say."""

    context_tokens: int | None = None
    """The window that the model was trained for."""
    capabilities: frozenset[str] | None = None
    configured_tokens: int | None = None
    """The window that whoever made the model set with `PARAMETER num_ctx`."""

    @property
    def can_think(self) -> bool | None:
        """Whether the model can think; None: the server does not say."""
        return None if self.capabilities is None else "thinking" in self.capabilities

    def abilities(self, window: int | None) -> Abilities:
        """What the model can do within a window of so many tokens; where unsaid, the usual."""
        can = self.capabilities
        return Abilities(
            tools=can is None or "tools" in can,
            images=can is not None and "vision" in can,
            context_tokens=window,
        )


def to_facts(reply: JsonObject) -> ModelFacts:
    """Read an answer to `/api/show`."""
    info = object_of(reply.get("model_info"))
    architecture = text_of(info.get("general.architecture"))
    capabilities = reply.get("capabilities")
    return ModelFacts(
        context_tokens=count_of(info.get(f"{architecture}.context_length")) or None,
        capabilities=frozenset(map(text_of, items_of(capabilities))) if capabilities else None,
        configured_tokens=_configured_tokens(text_of(reply.get("parameters"))),
    )


def _configured_tokens(parameters: str) -> int | None:
    """Read `num_ctx` from the lines of a name and a value that `/api/show` lists."""
    found = _NUM_CTX.search(parameters)
    return int(found[1]) if found else None


def to_body(request: LLMRequest, *, model: str, window: int | None, stream: bool) -> Body:
    """Return the body of a chat request.

    Raises:
        ConfigurationError: an image is given by its address; Ollama fetches nothing.
    """
    body: Body = {
        "model": model,
        "messages": [_message(message) for message in request.messages],
        "stream": stream,
        "options": _options(request.sampling, window),
        # Ollama would cut what does not fit off the conversation's front, in silence. Servers
        # before 0.12.6 do so all the same.
        "truncate": False,
        "shift": False,
    }
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                },
            }
            for tool in request.tools
        ]
    if request.output_schema is not None:
        body["format"] = to_grammar(request.output_schema)
    if request.sampling.logprobs is not None:
        body |= {"logprobs": True, "top_logprobs": request.sampling.logprobs}
    return body


def _options(sampling: Sampling, window: int | None) -> Body:
    options: Body = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "seed": sampling.seed,
        "stop": list(sampling.stop) or None,
        "num_predict": sampling.max_tokens,
        "num_ctx": window,
    }
    return {name: value for name, value in options.items() if value is not None}


def _message(message: Message) -> Body:
    match message:
        case SystemMessage():
            return {"role": "system", "content": message.content}
        case UserMessage():
            return _user(message)
        case AssistantMessage():
            return _assistant(message)
        case ToolMessage():
            return {
                "role": "tool",
                "content": message.content,
                "tool_name": message.name,
                "tool_call_id": message.tool_call_id,
            }
        case _:
            assert_never(message)


def _user(message: UserMessage) -> Body:
    body: Body = {"role": "user", "content": message.text}
    if not isinstance(message.content, str):
        images = [_image(part) for part in message.content if isinstance(part, ImagePart)]
        if images:
            body["images"] = images
    return body


def _image(part: ImagePart) -> str:
    if part.data is None:
        raise ConfigurationError(
            f"Ollama does not fetch images: give ImagePart its data instead of url={part.url!r}"
        )
    return base64.b64encode(part.data).decode()


def _assistant(message: AssistantMessage) -> Body:
    body: Body = {"role": "assistant", "content": message.content}
    if message.tool_calls:
        body["tool_calls"] = [
            {
                "id": call.id,
                "function": {"name": call.name, "arguments": arguments_to_object(call.arguments)},
            }
            for call in message.tool_calls
        ]
    return body


def to_completion(reply: JsonObject) -> Completion:
    """Read an answer that came in one piece."""
    message = object_of(reply.get("message"))
    calls = with_ids([_call(item) for item in items_of(message.get("tool_calls"))])
    finish: FinishReason = "tool_calls" if calls else "stop"
    if reply.get("done_reason") == "length":
        finish = "length"
    logprobs = reply.get("logprobs")
    return Completion(
        message=AssistantMessage(
            content=text_of(message.get("content")),
            tool_calls=calls,
            thinking=text_of(message.get("thinking")),
        ),
        finish_reason=finish,
        usage=Usage(
            steps=1,
            input_tokens=count_of(reply.get("prompt_eval_count")),
            output_tokens=count_of(reply.get("eval_count")),
        ),
        model=text_of(reply.get("model")),
        logprobs=logprobs_of(logprobs) if isinstance(logprobs, list) else None,
    )


def _call(item: JsonValue) -> ToolCall:
    function = object_of(object_of(item).get("function"))
    return ToolCall(
        id=text_of(object_of(item).get("id")),
        name=text_of(function.get("name")),
        arguments=arguments_of(function.get("arguments")),
    )


@dataclass(slots=True)
class StreamedChat:
    """Puts the lines of a stream together to what the server would have sent in one piece."""

    _texts: dict[str, TextPieces] = field(
        default_factory=lambda: {"thinking": TextPieces(), "content": TextPieces()}
    )
    _calls: list[JsonValue] = field(default_factory=list["JsonValue"])
    _logprobs: list[JsonValue] = field(default_factory=list["JsonValue"])
    _last: JsonObject = field(default_factory=dict["str", "JsonValue"])

    def add(self, line: JsonObject) -> list[TextDelta]:
        """Take a line, and return the text in it."""
        message = object_of(line.get("message"))
        self._calls += items_of(message.get("tool_calls"))
        self._logprobs += items_of(line.get("logprobs"))
        self._last = line
        pieces: dict[str, str] = {}
        for name, text in self._texts.items():
            value = message.get(name)
            pieces[name] = text.add(value if isinstance(value, str) else "")
        return _deltas(pieces)

    def end(self) -> list[TextDelta]:
        """Return text that was held back because it ended in half a character."""
        return _deltas({name: text.end() for name, text in self._texts.items()})

    @property
    def is_finished(self) -> bool:
        """Whether the server said that the answer is done."""
        return self._last.get("done") is True

    def to_reply(self) -> JsonObject:
        """The answer as one reply."""
        message: JsonObject = {name: text.text for name, text in self._texts.items()}
        message["tool_calls"] = self._calls
        return {**self._last, "message": message, "logprobs": self._logprobs or None}


def _deltas(pieces: dict[str, str]) -> list[TextDelta]:
    return [
        TextDelta(text=text, thinking=name == "thinking") for name, text in pieces.items() if text
    ]
