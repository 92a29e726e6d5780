"""How the tools of a run are laid before a model that writes its actions as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import cast

from ..completions import ToolSpec
from ..messages import Message, SystemMessage
from ..transcripts import calls_as_text
from ..values import JsonObject, JsonValue

__all__ = ["guided", "lift", "tool_variables"]


def guided(messages: Sequence[Message], guide: str = "") -> list[Message]:
    """Return a conversation as text, its calls as JSON; the guide joins its instructions.

    Where there are none the guide becomes the system message; an empty guide is left out.
    """
    written = calls_as_text(messages)
    if not guide:
        return written
    if written and isinstance(first := written[0], SystemMessage):
        return [SystemMessage(content=f"{first.content}\n\n{guide}"), *written[1:]]
    return [SystemMessage(content=guide), *written]


def tool_variables(tools: Sequence[ToolSpec]) -> list[dict[str, str]]:
    """Return the tools as a template's variable: `name`, `description`, `arguments` as JSON."""
    return [
        {
            "name": tool.name,
            "description": tool.description,
            "arguments": _describe(tool.parameters),
        }
        for tool in tools
    ]


def lift(schema: JsonObject, definitions: JsonObject, prefix: str) -> JsonObject:
    """Move a schema's definitions to the root of a union, under names that cannot collide."""
    own = schema.get("$defs", {})
    body = {name: value for name, value in schema.items() if name != "$defs"}
    if isinstance(own, dict):
        for name, definition in own.items():
            definitions[f"{prefix}.{name}"] = _renamed(definition, prefix)
    return cast("JsonObject", _renamed(body, prefix))  # an object stays one


def _renamed(value: JsonValue, prefix: str) -> JsonValue:
    """Point every `$ref` in a schema to the name that `lift` gave its definition."""
    if isinstance(value, list):
        return [_renamed(item, prefix) for item in value]
    if not isinstance(value, dict):
        return value
    renamed = {name: _renamed(item, prefix) for name, item in value.items()}
    target = renamed.get("$ref")
    if isinstance(target, str):
        renamed["$ref"] = target.replace("#/$defs/", f"#/$defs/{prefix}.", 1)
    return renamed


def _describe(parameters: JsonObject) -> str:
    properties = json.dumps(parameters.get("properties", {}), ensure_ascii=False)
    definitions = parameters.get("$defs")
    if not definitions:
        return properties
    return f"{properties} with $defs {json.dumps(definitions, ensure_ascii=False)}"
