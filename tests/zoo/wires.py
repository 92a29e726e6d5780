"""Both wires: from a request's body to what a model reads, and from its reply to bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .endpoint import Call, Reply, Turn, View, Wire

__all__ = ["pieces_of", "to_body", "to_view"]

_PIECE = 7
"""Characters of a piece of a stream."""


def to_view(body: dict[str, Any], *, wire: Wire, attempt: int = 0) -> View:
    """Read a request as its server would."""
    specs = [tool["function"] for tool in body.get("tools", ())]
    options = body if wire == "openai" else body.get("options", {})
    formatted = body.get("response_format", {}).get("json_schema", {}).get("schema")
    return View(
        turns=tuple(_turns(body["messages"])),
        tools=tuple(spec["name"] for spec in specs),
        parameters={spec["name"]: spec["parameters"] for spec in specs},
        schema=formatted if wire == "openai" else body.get("format"),
        must_call=body.get("tool_choice") == "required",
        stop=tuple(options.get("stop") or ()),
        is_streamed=bool(body.get("stream")),
        attempt=attempt,
    )


def _turns(messages: list[dict[str, Any]]) -> Iterator[Turn]:
    """A result belongs to the call of its id in the answer before it: ids may come again later."""
    names: dict[str, str] = {}
    for message in messages:
        calls = message.get("tool_calls") or ()
        names |= {call["id"]: call["function"]["name"] for call in calls}
        content = message.get("content") or ""
        if not isinstance(content, str):
            content = " ".join(part.get("text", "") for part in content)
        yield Turn(message["role"], content, names.get(message.get("tool_call_id", ""), ""))


def to_body(reply: Reply, view: View, *, wire: Wire) -> dict[str, Any]:
    """The answer in one piece."""
    tokens = view.tokens if reply.prompt_tokens is None else reply.prompt_tokens
    return _openai(reply, tokens) if wire == "openai" else _ollama(reply, tokens)


def _openai(reply: Reply, tokens: int) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.content}
    if reply.thinking:
        message["reasoning_content"] = reply.thinking
    if reply.calls:
        message["tool_calls"] = _openai_calls(reply.calls)
    usage = {"prompt_tokens": tokens, "completion_tokens": 9, "total_tokens": tokens + 9}
    finish = "tool_calls" if reply.calls else "stop"
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "animal",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": usage,
    }


def _openai_calls(calls: tuple[Call, ...]) -> list[dict[str, Any]]:
    return [
        {
            "id": call.id or f"call_{index}",
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for index, call in enumerate(calls)
    ]


def _ollama(reply: Reply, tokens: int) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.content or ""}
    if reply.thinking:
        message["thinking"] = reply.thinking
    if reply.calls:
        message["tool_calls"] = [
            {"function": {"name": call.name, "arguments": json.loads(call.arguments)}}
            for call in reply.calls
        ]
    return {
        "model": "animal",
        "created_at": "2026-11-01T00:00:00Z",
        "message": message,
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": tokens,
        "eval_count": 9,
    }


def pieces_of(reply: Reply, view: View, *, wire: Wire) -> Iterator[bytes]:
    """The answer as a stream; one that breaks off ends in the middle."""
    chunks = [*_chunks(reply, view, wire=wire)]
    if reply.breaks_off:
        chunks = chunks[: len(chunks) // 2]
    for chunk in chunks:
        # An escaped half of a character is legal JSON; UTF-8 could not hold it.
        text = json.dumps(chunk, ensure_ascii=reply.halves_characters)
        yield f"data: {text}\n\n".encode() if wire == "openai" else f"{text}\n".encode()
    if wire == "openai" and not reply.breaks_off:
        yield b"data: [DONE]\n\n"


def _chunks(reply: Reply, view: View, *, wire: Wire) -> Iterator[dict[str, Any]]:
    whole = to_body(reply, view, wire=wire)
    texts = [("content", piece) for piece in _split(reply.content or "", reply)]
    thoughts = [("thinking", piece) for piece in _split(reply.thinking, reply)]
    if wire == "ollama":
        for name, piece in (*thoughts, *texts):
            message = {"role": "assistant", "content": "", name: piece}
            yield {
                "model": "animal",
                "created_at": whole["created_at"],
                "message": message,
                "done": False,
            }
        yield whole | {"message": whole["message"] | {"content": "", "thinking": ""}}
        return
    head = {name: whole[name] for name in ("id", "created", "model")}
    head["object"] = "chat.completion.chunk"
    for name, piece in (*thoughts, *texts):
        delta = {"reasoning_content" if name == "thinking" else name: piece}
        yield head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    calls = [{"index": index} | call for index, call in enumerate(_openai_calls(reply.calls))]
    finish = whole["choices"][0]["finish_reason"]
    end = {"index": 0, "delta": {"tool_calls": calls} if calls else {}, "finish_reason": finish}
    yield head | {"choices": [end]}
    yield head | {"choices": [], "usage": whole["usage"]}


def _split(text: str, reply: Reply) -> list[str]:
    """The text in pieces; in halves of characters of four bytes, and of all that are not ASCII."""
    if not reply.halves_characters:
        return [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]
    units = text.encode("utf-16-le")
    pairs = [units[start : start + 2] for start in range(0, len(units), 2)]
    return [pair.decode("utf-16-le", "surrogatepass") for pair in pairs]
