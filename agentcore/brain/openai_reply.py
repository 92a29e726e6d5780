"""The form of an answer from chat completions, whole or streamed. Pure, and total on any JSON."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..completions import Completion, FinishReason, TextDelta
from ..messages import AssistantMessage, ToolCall
from ..servers.failures import Origin
from ..servers.openai_errors import check_no_error, checked_object
from ..servers.reading import count_of, items_of, object_of, text_of
from ..usage import Usage
from ..values import JsonObject, JsonValue
from .wire import TextPieces, arguments_of, logprobs_of, with_ids

__all__ = ["StreamedReply", "checked_reply", "to_completion"]

_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


def checked_reply(content: bytes, origin: Origin) -> JsonObject:
    """Read an answer that came with a status of success.

    Raises:
        LLMError: it is an error all the same, or no answer of a model.
    """
    reply = checked_object(content, origin)
    choice = object_of(next(iter(items_of(reply.get("choices"))), None))
    check_no_error(choice, origin)
    if not isinstance(choice.get("message"), dict):
        raise origin.not_an_answer(content.decode(errors="replace"))
    return reply


def to_completion(reply: JsonObject) -> Completion:
    """Read the answer; nothing at all is an empty one."""
    choice = object_of(next(iter(items_of(reply.get("choices"))), None))
    message = object_of(choice.get("message"))
    calls = with_ids([_call(item) for item in items_of(message.get("tool_calls"))])
    refusal = text_of(message.get("refusal"))
    finish = _FINISH.get(text_of(choice.get("finish_reason")), "stop")
    if refusal:
        finish = "content_filter"
    elif calls and finish == "stop":
        finish = "tool_calls"
    usage = object_of(reply.get("usage"))
    logprobs = object_of(choice.get("logprobs")).get("content")
    return Completion(
        message=AssistantMessage(
            content=text_of(message.get("content")) + refusal,
            tool_calls=calls,
            thinking=_thinking(message),
        ),
        finish_reason=finish,
        usage=Usage(
            steps=1,
            input_tokens=count_of(usage.get("prompt_tokens")),
            output_tokens=count_of(usage.get("completion_tokens")),
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


def _thinking(message: JsonObject) -> str:
    """What the model thought; servers disagree on the name."""
    return text_of(message.get("reasoning_content")) or text_of(message.get("reasoning"))


@dataclass(slots=True)
class _CallPieces:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list[str])

    def add(self, fragment: JsonObject) -> None:
        function = object_of(fragment.get("function"))
        self.id = self.id or text_of(fragment.get("id"))
        self.name = self.name or text_of(function.get("name"))
        arguments = function.get("arguments")
        if isinstance(arguments, str):
            self.arguments.append(arguments)
        elif arguments is not None:
            self.arguments.append(arguments_of(arguments))

    def to_json(self) -> JsonValue:
        function: JsonObject = {"name": self.name, "arguments": "".join(self.arguments)}
        return {"id": self.id, "function": function}


class StreamedReply:
    """Puts the chunks of a stream together to what the server would have sent without streaming."""

    def __init__(self) -> None:
        self._texts = {"content": TextPieces(), "reasoning": TextPieces(), "refusal": TextPieces()}
        self._calls: list[_CallPieces] = []
        self._by_index: dict[int, _CallPieces] = {}
        self._logprobs: list[JsonValue] | None = None
        self._finish_reason: JsonValue = None
        self._usage: JsonValue = None
        self._model: JsonValue = None

    def add(self, chunk: JsonValue) -> list[TextDelta]:
        """Take a chunk, and return the text in it."""
        reply = object_of(chunk)
        self._model = reply.get("model") or self._model
        self._usage = reply.get("usage") or self._usage
        deltas: list[TextDelta] = []
        for choice in map(object_of, items_of(reply.get("choices"))):
            # A server that cannot stream sends the whole message instead, and has said all with it.
            whole = choice.get("message")
            delta = object_of(choice.get("delta") or whole)
            deltas += self._add_texts(delta)
            for fragment in map(object_of, items_of(delta.get("tool_calls"))):
                self._pieces_for(fragment).add(fragment)
            logprobs = object_of(choice.get("logprobs")).get("content")
            if isinstance(logprobs, list):
                self._logprobs = self._logprobs or []
                self._logprobs += logprobs
            self._finish_reason = choice.get("finish_reason") or self._finish_reason
            if whole:
                self._finish_reason = self._finish_reason or "stop"
        return deltas

    def end(self) -> list[TextDelta]:
        """Return text that was held back because it ended in half a character."""
        rest = {name: pieces.end() for name, pieces in self._texts.items()}
        return _deltas(rest)

    @property
    def is_finished(self) -> bool:
        """Whether the server said why the answer ended."""
        return self._finish_reason is not None

    def to_reply(self) -> JsonObject:
        """The answer as one reply."""
        message: JsonObject = {name: pieces.text for name, pieces in self._texts.items()}
        message["tool_calls"] = [pieces.to_json() for pieces in self._calls]
        choice: JsonObject = {"message": message, "finish_reason": self._finish_reason}
        if self._logprobs is not None:
            choice["logprobs"] = {"content": self._logprobs}
        return {"model": self._model, "usage": self._usage, "choices": [choice]}

    def _add_texts(self, delta: JsonObject) -> list[TextDelta]:
        texts = {"reasoning": _raw_thinking(delta)}
        texts |= {name: _raw_text(delta.get(name)) for name in ("content", "refusal")}
        return _deltas({name: self._texts[name].add(text) for name, text in texts.items()})

    def _pieces_for(self, fragment: JsonObject) -> _CallPieces:
        """Find the call that a fragment belongs to.

        Fragments go by index. Servers without fragments send several whole calls under one index,
        or under none: there a new id, or else a name, begins a new call.
        """
        index = fragment.get("index")
        if isinstance(index, int):
            pieces = self._by_index.get(index)
        else:
            last = self._calls[-1] if self._calls else None
            pieces = None if object_of(fragment.get("function")).get("name") else last
        identity = text_of(fragment.get("id"))
        if pieces is None or (identity and pieces.id and identity != pieces.id):
            pieces = _CallPieces()
            self._calls.append(pieces)
        if isinstance(index, int):
            self._by_index[index] = pieces
        return pieces


def _raw_text(value: JsonValue) -> str:
    """The text with its half characters: the other half may be in the next chunk."""
    return value if isinstance(value, str) else text_of(value)


def _raw_thinking(delta: JsonObject) -> str:
    return _raw_text(delta.get("reasoning_content")) or _raw_text(delta.get("reasoning"))


def _deltas(texts: dict[str, str]) -> list[TextDelta]:
    return [
        TextDelta(text=text, thinking=name == "reasoning") for name, text in texts.items() if text
    ]
