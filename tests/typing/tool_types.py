"""`@tool` keeps the type of what it marks; read by pyright and mypy, never run."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_type

from agentcore.action import tool
from agentcore.action.function import FunctionTool
from agentcore.interfaces import Tool, ToolContext


@tool
def add(a: int, b: int = 1) -> int:
    """Add."""
    return a + b


@tool(name="get", effect="none", idempotent=True, needs_approval=False, timeout_s=1.5)
async def fetch(url: str) -> bytes:
    """Fetch."""
    return url.encode()


@tool()
def context_only(context: ToolContext[str]) -> str:
    """Tell the deps."""
    return context.deps


class Library:
    """Methods of all kinds."""

    @tool
    def find(self, title: str) -> list[str]:
        """Find."""
        return [title]

    @tool(timeout_s=2)
    async def lend(self, title: str) -> None:
        """Lend."""

    @staticmethod
    @tool
    def shelf(title: str) -> int:
        """Shelf."""
        return len(title)

    @classmethod
    @tool
    def name(cls) -> str:
        """Name."""
        return cls.__name__


class Branch(Library):
    """An override needs no mark."""

    def find(self, title: str, limit: int = 3) -> list[str]:
        """Find."""
        return [title] * limit


async def awaited() -> None:
    """Async functions stay async."""
    assert_type(await fetch("x"), bytes)
    assert_type(await Library().lend("x"), None)


assert_type(add(1, b=2), int)
assert_type(Library().find("x"), list[str])
assert_type(Library.shelf("x"), int)
assert_type(Library.name(), str)
assert_type(Branch().find("x", limit=1), list[str])

made: Tool = FunctionTool.of(add)
plain: Callable[[int], int] = add

add("one")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
tool(effect="reads")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
