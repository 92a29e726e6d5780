"""The form of a request to chat completions. Pure: nothing here sends anything."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import assert_never

from ..completions import LLMRequest, Sampling, ToolSpec
from ..errors import ConfigurationError
from ..messages import (
    AssistantMessage,
    ImagePart,
    Message,
    Part,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from ..servers.presets import Server
from ..servers.reading import Body, encode_body
from ..values import JsonObject
from .schemas import to_strict
from .wire import arguments_to_object

__all__ = ["to_body", "to_payload"]

_WIRE = "openai wire"
"""The name under which a value keeps its form on this wire."""


def to_body(request: LLMRequest, *, model: str, server: Server, stream: bool = False) -> Body:
    """Return the body of a chat completion request.

    Raises:
        ConfigurationError: an image has neither data nor a URL.
    """
    body: Body = {
        "model": model,
        "messages": [_message(message) for message in request.messages],
        **_sampling(request.sampling, server),
    }
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.output_schema is not None:
        body["response_format"] = _response_format(request.output_schema)
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def to_payload(request: LLMRequest, *, model: str, server: Server, stream: bool = False) -> bytes:
    """Return the body as JSON. A message, or a tool, is encoded once, however often it is sent.

    Raises:
        ConfigurationError: an image has neither data nor a URL.
    """
    bare = replace(request, messages=(), tools=())
    settings = to_body(bare, model=model, server=server, stream=stream)
    del settings["messages"]
    fields = [
        encode_body(settings)[1:-1],
        b'"messages":[%b]' % b",".join(item.derived(_WIRE, _encoded) for item in request.messages),
    ]
    if request.tools:
        tools = b",".join(tool.derived(_WIRE, _encoded_tool) for tool in request.tools)
        fields.append(b'"tools":[%b]' % tools)
    return b"{%b}" % b",".join(fields)


def _encoded(message: Message) -> bytes:
    return encode_body(_message(message))


def _encoded_tool(tool: ToolSpec) -> bytes:
    return encode_body(_tool(tool))


def _message(message: Message) -> Body:
    match message:
        case SystemMessage():
            return {"role": "system", "content": message.content}
        case UserMessage():
            return {"role": "user", "content": _content(message)}
        case AssistantMessage():
            return _assistant(message)
        case ToolMessage():
            call_id = message.tool_call_id
            return {"role": "tool", "tool_call_id": call_id, "content": message.content}
        case _:
            assert_never(message)


def _content(message: UserMessage) -> str | list[Body]:
    """Parts only where there is an image: not every server reads parts."""
    content = message.content
    if isinstance(content, str) or not any(isinstance(part, ImagePart) for part in content):
        return message.text
    return [_part(part) for part in content]


def _part(part: Part) -> Body:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    return {"type": "image_url", "image_url": {"url": _image_url(part)}}


def _image_url(part: ImagePart) -> str:
    if part.data is not None:
        return f"data:{part.media_type};base64,{base64.b64encode(part.data).decode()}"
    if part.url is not None:
        return part.url
    raise ConfigurationError("an ImagePart has neither data nor url: set one of them")


def _assistant(message: AssistantMessage) -> Body:
    if not message.tool_calls:
        return {"role": "assistant", "content": message.content}
    calls = [_call(call) for call in message.tool_calls]
    return {"role": "assistant", "content": message.content or None, "tool_calls": calls}


def _call(call: ToolCall) -> Body:
    # Servers parse the arguments for their chat template, and refuse the whole conversation for
    # one call in it that is malformed.
    arguments = arguments_to_object(call.arguments)
    function = {"name": call.name, "arguments": json.dumps(arguments, ensure_ascii=False)}
    return {"id": call.id, "type": "function", "function": function}


def _tool(tool: ToolSpec) -> Body:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    }
    return {"type": "function", "function": function}


def _sampling(sampling: Sampling, server: Server) -> Body:
    body: Body = {
        name: value
        for name in ("temperature", "top_p", "top_k", "seed")
        if (value := getattr(sampling, name)) is not None
    }
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    max_tokens = sampling.max_tokens or server.max_tokens
    if max_tokens is not None:
        body[server.token_field] = max_tokens
    if sampling.logprobs is not None:
        body["logprobs"] = True
        if sampling.logprobs:
            body["top_logprobs"] = sampling.logprobs
    return body


def _response_format(schema: JsonObject) -> Body:
    strict = to_strict(schema)
    named = {"name": "output", "schema": strict or schema, "strict": strict is not None}
    return {"type": "json_schema", "json_schema": named}
