"""Lets a person approve what tools write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..action.registry import collect_tools
from ..action.toolset import ToolLike
from ..completions import ToolSpec
from ..interfaces import Effect, Tool, ToolContext
from ..values import JsonValue

__all__ = ["with_approval"]


def with_approval(*tools: ToolLike) -> list[Tool]:
    """Return tools of which each call that writes waits until a person approves it.

    Safety: a tool with the effect `write` is not called before `agent.resume(...)` approves the
    call; the others are what they were.

    Args:
        *tools: whatever `tools=[...]` of an agent takes.

    Raises:
        ConfigurationError: two of them have the same name, or something is no tool.

    Example:
        >>> from agentcore import tool
        >>> @tool(effect="write")
        ... def send(text: str) -> None:
        ...     "Send a text."
        >>> [each.needs_approval for each in with_approval(send)]
        [True]
    """
    found = collect_tools(object(), tools).values()
    return [_Approved(each) if each.effect == "write" else each for each in found]


@dataclass(frozen=True, slots=True)
class _Approved:
    """A tool that needs approval, and is else the one within."""

    tool: Tool

    @property
    def spec(self) -> ToolSpec:
        return self.tool.spec

    @property
    def effect(self) -> Effect:
        return self.tool.effect

    @property
    def idempotent(self) -> bool:
        return self.tool.idempotent

    @property
    def needs_approval(self) -> bool:
        return True

    @property
    def timeout_s(self) -> float | None:
        return self.tool.timeout_s

    async def call(self, arguments: Mapping[str, JsonValue], context: ToolContext[Any]) -> object:
        return await self.tool.call(arguments, context)
