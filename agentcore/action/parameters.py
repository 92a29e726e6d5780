"""Which parameters a tool's function may have, and where the function is, for error messages."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import MethodType
from typing import TypeGuard

from ..errors import ConfigurationError

__all__ = ["describe", "is_function", "looks_like_method", "parameters_of"]

_OTHER_CALLABLES: tuple[type, ...] = (type, staticmethod, classmethod, MethodType)


def is_function(value: object) -> TypeGuard[Callable[..., object]]:
    """Whether this is a plain function, or a wrapper that `functools` made around one.

    `functools.cache` makes objects that are no functions, but bind like them.
    """
    if inspect.isfunction(value):
        return True
    if not callable(value) or isinstance(value, _OTHER_CALLABLES):
        return False
    return inspect.isfunction(inspect.unwrap(value))


def describe(function: Callable[..., object]) -> str:
    """Return the function's qualified name with its file and line."""
    name = getattr(function, "__qualname__", repr(function))
    code = getattr(inspect.unwrap(function), "__code__", None)
    return name if code is None else f"{name} ({code.co_filename}:{code.co_firstlineno})"


def looks_like_method(function: Callable[..., object]) -> bool:
    """Whether the function stands in a class body and begins with `self` or `cls`.

    A function is marked before its class exists, so that its names are all there is to go by.
    """
    innermost = function.__qualname__.rpartition("<locals>.")[2]
    first = next(iter(inspect.signature(function).parameters), None)
    return "." in innermost and first in {"self", "cls"}


def parameters_of(
    function: Callable[..., object], *, has_receiver: bool
) -> tuple[inspect.Parameter, ...]:
    """Return the parameters that have to be filled in by a call, in order.

    Args:
        has_receiver: the first parameter is `self` or `cls`, which Python fills in.

    Raises:
        ConfigurationError: a parameter cannot be described to a model, or cannot be given by name.
    """
    parameters = tuple(inspect.signature(function).parameters.values())[has_receiver:]
    for parameter in parameters:
        problem = _problem_of(parameter)
        if problem is not None:
            raise ConfigurationError(
                f"{describe(function)} cannot be a tool: the parameter {str(parameter)!r} {problem}"
            )
    return parameters


def _problem_of(parameter: inspect.Parameter) -> str | None:
    if parameter.kind in {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
        return "has no names that a model could give; write each parameter out, or take a list"
    if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
        return "is positional-only, and a model gives names; remove the `/`"
    if parameter.name.startswith("_"):
        return "begins with an underscore, which an argument cannot; rename it"
    if parameter.annotation is inspect.Parameter.empty:
        return f"has no annotation; write its type, such as `{parameter.name}: str`"
    if type(parameter.default).__name__ == "FieldInfo":  # by name: pydantic is not loaded for this
        return "has a Field as its default; write `Annotated[TYPE, Field(...)] = DEFAULT`"
    return None
