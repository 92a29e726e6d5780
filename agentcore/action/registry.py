"""Collects an agent's tools: its methods, the `tools` of its classes, and those of the object."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias, cast
from weakref import WeakKeyDictionary

from ..completions import ToolSpec
from ..errors import ConfigurationError
from ..interfaces import Tool
from .function import FunctionTool
from .parameters import describe, is_function
from .tool import ToolOptions, check_name, mark_of
from .toolset import ToolLike, ToolSet

__all__ = ["collect_tools"]

_TOOL_ATTRIBUTES = ("effect", "idempotent", "needs_approval", "timeout_s", "call")
_BINDERS: frozenset[type] = frozenset({staticmethod, classmethod})
_WRAPPERS: Mapping[type, str] = MappingProxyType(
    {property: "fget", functools.cached_property: "func", functools.partialmethod: "func"}
)
"""What may hold a function but is no method, and the attribute that holds it."""


@dataclass(frozen=True, slots=True)
class _Method:
    """A method that is a tool: bound anew for each object."""

    attribute: str
    options: ToolOptions
    origin: str

    def bind(self, agent: object) -> Tool:
        return FunctionTool.of(getattr(agent, self.attribute), options=self.options)


_Source: TypeAlias = "_Method | Tool"

# What a class says does not change, so that it is read once; a class that is gone leaves nothing.
_read: WeakKeyDictionary[type, Mapping[str, _Source]] = WeakKeyDictionary()


def collect_tools(agent: object, extra: Sequence[ToolLike] = ()) -> dict[str, Tool]:
    """Return the tools of an agent by name, those of base classes first.

    Each class along the MRO adds its methods marked with `@tool` and its list `tools`. A tool
    replaces one of the same name from a base class. A method that overrides a tool is one, marked
    or not. An attribute set to None removes the tool of that name. A class is read once: changing
    it later changes nothing.

    Args:
        agent: the object to which methods are bound.
        extra: tools of this object alone; they go before those of its classes.

    Raises:
        ConfigurationError: two tools of one class have the same name, or something is no tool.
    """
    kind = type(agent)
    sources = _read.get(kind)
    if sources is None:
        sources = _read[kind] = _read_classes(kind)
    tools = {
        name: source.bind(agent) if isinstance(source, _Method) else source
        for name, source in sources.items()
    }
    added: dict[str, _Source] = {}
    for element in extra:
        for made in _as_tools(element, f"tools= of {kind.__qualname__}"):
            _add(added, made.spec.name, made)
            tools[made.spec.name] = made
    return tools


def _read_classes(kind: type) -> dict[str, _Source]:
    merged: dict[str, _Source] = {}
    for cls in reversed(kind.__mro__):
        level = _methods(cls, merged)
        for element in _listed(cls):
            for made in _as_tools(element, f"{cls.__qualname__}.tools"):
                _add(level, made.spec.name, made)
        merged.update(level)
    return merged


def _methods(cls: type, merged: dict[str, _Source]) -> dict[str, _Source]:
    """Return the tools that are methods of this very class; remove from `merged` what it hides."""
    inherited = {
        source.attribute: name for name, source in merged.items() if isinstance(source, _Method)
    }
    level: dict[str, _Source] = {}
    for attribute, value in vars(cls).items():
        hidden = inherited.get(attribute)
        if value is None:
            merged.pop(attribute, None)
            merged.pop(hidden or attribute, None)
            continue
        method = _method(cls, attribute, merged.get(hidden) if hidden else None)
        if method is None:
            continue
        name = method.options.name or attribute
        _add(level, name, method)
        if hidden is not None and hidden != name:
            merged.pop(hidden, None)
    return level


def _method(cls: type, attribute: str, hidden: _Source | None) -> _Method | None:
    value: object = vars(cls)[attribute]
    where = f"{cls.__qualname__}.{attribute}"
    wrapping = _WRAPPERS.get(type(value))
    if wrapping is not None and mark_of(getattr(value, wrapping)) is not None:
        raise ConfigurationError(
            f"{where} is a tool inside a {type(value).__name__}; remove the one or the other"
        )
    function = getattr(value, "__func__") if type(value) in _BINDERS else value  # noqa: B009
    options = mark_of(function)
    if options is None and not isinstance(hidden, _Method):
        return None
    if not is_function(function):
        raise ConfigurationError(
            f"{where} = {value!r} overrides a tool with something that is no function; "
            "set it to None to remove the tool"
        )
    chosen = options or cast("_Method", hidden).options
    named = replace(chosen, name=chosen.name or attribute)
    return _Method(attribute, named, describe(function))


def _listed(cls: type) -> Sequence[object]:
    value: object = vars(cls).get("tools")
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise ConfigurationError(
            f"{cls.__qualname__}.tools is {value!r}; give a list of functions, tool sets and Tool "
            "objects"
        )
    return cast("Sequence[object]", value)


def _as_tools(element: object, where: str) -> Sequence[Tool]:
    """Return the one tool that an element is, or those of a tool set."""
    if not isinstance(element, ToolSet):
        return (_as_tool(element, where),)
    tools = tuple(collect_tools(element).values())
    if not tools:
        raise ConfigurationError(
            f"{element!r} in {where} is a tool set without tools; mark methods of it with @tool"
        )
    return tools


def _as_tool(element: object, where: str) -> Tool:
    spec = getattr(element, "spec", None)
    if isinstance(spec, ToolSpec):
        missing = [name for name in _TOOL_ATTRIBUTES if not hasattr(element, name)]
        if missing:
            raise ConfigurationError(
                f"{element!r} in {where} lacks {', '.join(missing)} of agentcore.interfaces.Tool"
            )
        check_name(spec.name, f"{element!r} in {where}")
        return cast("Tool", element)
    if inspect.ismethod(element) or is_function(element):
        return FunctionTool.of(element)
    raise ConfigurationError(
        f"{element!r} in {where} is no tool; give a function, a bound method, a ToolSet, or an "
        "object with the attributes of agentcore.interfaces.Tool"
    )


def _add(level: dict[str, _Source], name: str, source: _Source) -> None:
    if name in level:
        raise ConfigurationError(
            f"two tools are called {name!r}: {_origin(level[name])} and {_origin(source)}; "
            'rename one with @tool(name="...")'
        )
    level[name] = source


def _origin(source: _Source) -> str:
    if isinstance(source, _Method):
        return source.origin
    if isinstance(source, FunctionTool):
        return describe(source.function)
    return repr(source)
