"""Tools that belong together, as the methods of one object."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ..interfaces import Tool

__all__ = ["ToolLike", "ToolSet"]


class ToolSet:
    """Base of a class whose methods marked with `@tool` are given to an agent together.

    It has no behaviour. Nothing else is a tool set, so that an object in `tools=` does not hand its
    methods to a model by accident. One object serves concurrent runs: what its tools share and
    change, they lock.

    Example:
        >>> from agentcore import Agent, ToolSet, tool
        >>> from agentcore.testing import ScriptedLLM, call
        >>> class Shelf(ToolSet):
        ...     def __init__(self, *books: str) -> None:
        ...         self.books = books
        ...     @tool
        ...     def count_books(self) -> int:
        ...         "Count the books on the shelf."
        ...         return len(self.books)
        >>> llm = ScriptedLLM(call("count_books"), "One.")
        >>> Agent(llm=llm, tools=[Shelf("Dune")]).run_sync("How many?").output
        'One.'
    """

    __slots__ = ()


ToolLike: TypeAlias = Tool | Callable[..., object] | ToolSet
"""A tool object, a function that becomes one, or an object with several."""
