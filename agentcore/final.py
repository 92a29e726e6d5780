"""The final answer: how a model is made to give it in its type, and its form as an action."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .completions import Abilities, ToolSpec
from .errors import ConfigurationError
from .messages import AssistantMessage
from .values import JsonObject

__all__ = ["FINAL", "OutputMode", "check_names", "final_text", "final_tool", "output_mode"]

FINAL = "final_answer"
"""The name of the action, or of the tool, that ends a run; no tool of an agent may have it."""

OutputMode: TypeAlias = Literal["schema", "tool", "prompt"]
"""How a typed answer is had: decoded under its schema; as the arguments of a call; by asking."""


def output_mode(abilities: Abilities) -> OutputMode:
    """Return the surest way to a typed answer that the model has.

    Whatever the way, the type stands in the instructions, and the answer is validated.
    """
    if abilities.json_schema:
        return "schema"
    return "tool" if abilities.tools else "prompt"


def final_tool(schema: JsonObject) -> ToolSpec:
    """Return the tool whose arguments are the final answer."""
    return ToolSpec(
        name=FINAL,
        description="Give the final answer: its fields are the arguments.",
        parameters=schema,
    )


def final_text(message: AssistantMessage) -> str | None:
    """Return the answer that a message gives through the tool; None: it calls it not."""
    return next((call.arguments for call in message.tool_calls if call.name == FINAL), None)


def check_names(tools: tuple[ToolSpec, ...]) -> None:
    """Raise `ConfigurationError` where a tool has the name of the final answer."""
    if any(tool.name == FINAL for tool in tools):
        raise ConfigurationError(
            f"a tool is named {FINAL!r}, as the action that ends a run: rename it"
        )
