"""Resolves the annotations of a tool's parameters, and tells arguments from `ToolContext`."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from ..errors import ConfigurationError
from ..interfaces import ToolContext
from .parameters import describe

__all__ = ["deps_type", "is_context", "resolve"]


def resolve(function: Callable[..., object], parameter: inspect.Parameter) -> Any:
    """Evaluate the annotation of one parameter, where the function was defined.

    Raises:
        ConfigurationError: it names something that is not there, or is no type.
    """
    # A holder with one annotation, so that no other parameter, nor the return type, can fail here.
    holder = types.SimpleNamespace(__annotations__={"value": parameter.annotation})
    names: dict[str, Any] = getattr(inspect.unwrap(function), "__globals__", {})
    try:
        hint = get_type_hints(holder, globalns=names, include_extras=True)["value"]
    except (NameError, AttributeError, TypeError, ValueError, SyntaxError) as error:
        raise ConfigurationError(
            f"{describe(function)}: the annotation {parameter.annotation!r} of the parameter "
            f"{parameter.name!r} cannot be resolved: {error}. Define or import the type at the top "
            "level of the module, and not under `if TYPE_CHECKING`"
        ) from error
    if get_origin(hint) in {Union, types.UnionType} and any(map(is_context, get_args(hint))):
        raise ConfigurationError(
            f"{describe(function)}: the context {parameter.name!r} is always there; "
            f"write `{parameter.name}: ToolContext` without `| None` and without a default"
        )
    return hint


def is_context(hint: object) -> bool:
    """Whether this is `ToolContext` or `ToolContext[X]`."""
    hint = _without_metadata(hint)
    return hint is ToolContext or get_origin(hint) is ToolContext


def deps_type(hint: object) -> Any:
    """Return X of `ToolContext[X]` where `isinstance` can check it, else `object`."""
    kind = next(iter(get_args(_without_metadata(hint))), object)
    try:
        isinstance(None, kind)
    except (
        TypeError
    ):  # Any, a type variable, a TypedDict, a plain Protocol, a generic such as list[int]
        return object
    return kind


def _without_metadata(hint: object) -> object:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint
