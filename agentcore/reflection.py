"""What an agent's class says by its docstring and its type argument."""

from __future__ import annotations

import inspect
import sys
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from .errors import ConfigurationError

__all__ = ["docstring_of", "output_type_of"]


def docstring_of(kind: type, root: type) -> str:
    """Return the nearest docstring of a class below `root`, or nothing."""
    for base in kind.__mro__:
        if base is root:
            break
        if base.__doc__:
            return inspect.cleandoc(base.__doc__)
    return ""


def output_type_of(agent: object, root: type) -> Any:
    """Find X of `root[X]`, on the object first, then along its classes; `str` where there is none."""
    aliases: list[tuple[Any, str]] = []
    own: Any = getattr(
        agent, "__orig_class__", None
    )  # typing sets it on Agent[int](...), after __init__
    if own is not None:
        aliases.append((own, type(agent).__module__))
    for base in type(agent).__mro__:
        aliases += [(alias, base.__module__) for alias in base.__dict__.get("__orig_bases__", ())]
    for alias, module in aliases:
        origin, arguments = get_origin(alias), get_args(alias)
        is_ours = isinstance(origin, type) and issubclass(origin, root)
        if is_ours and len(arguments) == 1 and not isinstance(arguments[0], TypeVar):
            return _resolved(arguments[0], module)
    return str


def _resolved(annotation: Any, module: str) -> Any:
    """Evaluate a forward reference such as `Agent["Answer"]` in its module."""
    holder = type("holder", (), {"__annotations__": {"output": annotation}})
    try:
        names = vars(sys.modules[module])
        return get_type_hints(holder, globalns=names, include_extras=True)["output"]
    except NameError as error:
        raise ConfigurationError(
            f"the output type {annotation!r} of an agent in module {module!r} cannot be found: {error}"
        ) from error
