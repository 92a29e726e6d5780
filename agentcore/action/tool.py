"""`@tool`: marks a function as something that a model can call, and leaves it as it is."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, get_args, overload

from ..errors import ConfigurationError
from ..interfaces import Effect
from .parameters import describe, is_function, looks_like_method, parameters_of

__all__ = ["ToolOptions", "check_name", "mark_of", "options_of", "tool"]

F = TypeVar("F", bound=Callable[..., object])

_MARK = "__agentcore_tool__"
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """What `@tool` was told about a function."""

    name: str | None = None
    """The name that the model calls; None: the function's own."""
    description: str | None = None
    """What the model reads; None: the docstring without its sections."""
    effect: Effect = "read"
    """What a call does to the world; a `write` is recorded before it is executed."""
    idempotent: bool = False
    """Whether a `write` may be repeated with the same idempotency key after a crash."""
    needs_approval: bool = False
    """Whether a person must approve each call."""
    timeout_s: float | None = None
    """Seconds that one call may take; None: no bound of its own."""


@overload
def tool(fn: F, /) -> F: ...


@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    effect: Effect = "read",
    idempotent: bool = False,
    needs_approval: bool = False,
    timeout_s: float | None = None,
) -> Callable[[F], F]: ...


def tool(fn: F | None = None, /, **options: Any) -> F | Callable[[F], F]:
    """Mark a function or method as a tool. It is returned as it is, and can be called as before.

    The signature and the docstring are what the model sees: annotations become the JSON Schema, the
    summary and body of the docstring the description, the entries under `Args:` the descriptions of
    the parameters. A method that overrides a tool is a tool with the same options; `@tool` on it
    replaces the options. With `staticmethod` and `classmethod`, `@tool` stands next to the `def`.

    Args:
        fn: the function, where `@tool` is written without parentheses.
        **options: the fields of `ToolOptions`. The default effect is `read`: most tools look
            something up. Say `write` of one that changes the world (it is then recorded before it
            is executed, and never repeated by accident), and `none` of a pure function.

    Raises:
        ConfigurationError: the function cannot be a tool, or an option is wrong.

    Example:
        >>> from agentcore import tool
        >>> @tool(effect="none")
        ... def add(a: int, b: int = 1) -> int:
        ...     "Add two numbers."
        ...     return a + b
        >>> add(2)
        3
    """
    chosen = ToolOptions(**options)
    if fn is not None:
        return _mark(fn, chosen)
    return lambda function: _mark(function, chosen)


def mark_of(function: object) -> ToolOptions | None:
    """Return the options that `@tool` left on this very function, or None."""
    mark = getattr(function, _MARK, None)
    return mark if isinstance(mark, ToolOptions) else None


def options_of(function: Callable[..., object]) -> ToolOptions | None:
    """Return the options of a function, or of the nearest tool that a bound method overrides."""
    mark = mark_of(function)
    if mark is not None or not inspect.ismethod(function):
        return mark
    owner = function.__self__
    kind = owner if isinstance(owner, type) else type(owner)
    for base in kind.__mro__:
        overridden = base.__dict__.get(function.__name__)
        mark = mark_of(getattr(overridden, "__func__", overridden))
        if mark is not None:
            return mark
    return None


def check_name(name: str, where: str) -> None:
    """Refuse a name that a model's server would refuse.

    Raises:
        ConfigurationError: it is not 1 to 64 of the characters that servers allow.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{where}: {name!r} cannot be the name of a tool, which has 1 to 64 of the characters "
            'a-z, A-Z, 0-9, _ and -; give another one with @tool(name="...")'
        )


def _mark(function: F, options: ToolOptions) -> F:
    if not is_function(function):
        raise ConfigurationError(_refusal(function))
    where = describe(function)
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        raise ConfigurationError(f"{where} cannot be a tool: it yields; return a list instead")
    check_name(options.name if options.name is not None else function.__name__, where)
    _check_options(options, where)
    parameters_of(function, has_receiver=looks_like_method(function))
    setattr(function, _MARK, options)
    return function


def _refusal(value: object) -> str:
    """Say why this is no function, and what to write."""
    if isinstance(value, type):
        where = f"{value.__module__}.{value.__qualname__}"
        return f"the class {where} cannot be a tool; decorate a function or a method of it"
    if type(value) in {staticmethod, classmethod}:
        where = describe(getattr(value, "__func__"))  # noqa: B009  # its type is unknown
        kind = type(value).__name__
        return f"{where}: write @{kind} above @tool, so that @tool sees the function"
    if inspect.ismethod(value):
        where = describe(value)
        return f"{where} is a bound method: decorate it in its class, or pass it in tools=[...]"
    return (
        f"@tool decorates functions and methods, and {value!r} is neither; write a `def` around it"
    )


def _check_options(options: ToolOptions, where: str) -> None:
    if options.effect not in get_args(Effect):
        raise ConfigurationError(
            f"{where}: effect={options.effect!r} is unknown; it is one of {get_args(Effect)}"
        )
    timeout_s = options.timeout_s
    if timeout_s is not None and not 0 < timeout_s < math.inf:
        raise ConfigurationError(
            f"{where}: timeout_s={timeout_s!r} is no number of seconds above 0; "
            "leave it out for no bound"
        )
