from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pytest
from typing_extensions import TypeVar

from agentcore.action.function import FunctionTool
from agentcore.errors import ConfigurationError, ToolArgumentError
from agentcore.interfaces import ToolContext
from agentcore.values import JsonValue

T = TypeVar("T")
Context = ToolContext[str]


class Library:
    pass


class Closable(Protocol):
    def close(self) -> None: ...


async def call(function: Callable[..., object], context: Context, /, **values: JsonValue) -> object:
    return await FunctionTool.of(function).call(values, context)


async def test_the_context_is_filled_in(context: Context) -> None:
    def whoami(greeting: str, context: ToolContext[str]) -> str:
        return f"{greeting} {context.deps} {context.idempotency_key}"

    assert await call(whoami, context, greeting="hi") == "hi ada run-1:act-1"


async def test_the_model_cannot_give_the_context(context: Context) -> None:
    def whoami(context: ToolContext[str]) -> str:
        return context.deps

    with pytest.raises(ToolArgumentError, match="context: there is no such argument"):
        await call(whoami, context, context={"deps": "eve"})


async def test_other_deps_than_the_tool_wants_are_the_developers_mistake(context: Context) -> None:
    def shelf(context: ToolContext[Library]) -> str:
        return str(context.deps)

    with pytest.raises(ConfigurationError, match=r"run\(\.\.\., deps=Library\(\.\.\.\)\)"):
        await call(shelf, context)


async def test_deps_that_cannot_be_checked_are_taken_as_they_are(context: Context) -> None:
    def anything(context: ToolContext[Any]) -> str:
        return str(context.deps)

    def generic(context: ToolContext[T]) -> str:
        return str(context.deps)

    def protocol(context: ToolContext[Closable]) -> str:
        return str(context.deps)

    def either(context: ToolContext[str | None]) -> str:
        return str(context.deps)

    for function in (anything, generic, protocol, either):
        assert await call(function, context) == "ada"
