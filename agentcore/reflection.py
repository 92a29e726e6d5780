"""What an agent's class says by its docstring and its type argument."""

from __future__ import annotations

import inspect
import sys
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from .errors import ConfigurationError

__all__ = ["docstring_of", "output_type_of"]


def docstring_of(kind: type, root: type) -> str:
    """Return the nearest docstring of a subclass of `root`, or nothing; mixins do not count."""
    for base in kind.__mro__:
        if base is root:
            break
        if base.__doc__ and issubclass(base, root):
            return inspect.cleandoc(base.__doc__)
    return ""


def output_type_of(agent: object, root: type) -> Any:
    """Find X of `root[X]`, on the object first, then along its classes; `str` if there is none."""
    kind = type(agent)
    # typing sets it on Agent[int](...), after __init__
    own: Any = getattr(agent, "__orig_class__", kind)
    found = _argument(own, root, kind.__module__)
    return str if found is None or isinstance(found, TypeVar) else found


def _argument(base: Any, root: type, module: str) -> Any:
    """Return X of `root[X]` for a class, or for an alias such as `Base[int]` written in a module.

    Generic classes in between pass on what they are given: with `class Base(Agent[list[T]])` it is
    `list[int]` for `Base[int]`.
    """
    kind, given = get_origin(base) or base, get_args(base)
    if kind is root:
        return _resolved(given[0], module) if given else None
    if not (isinstance(kind, type) and issubclass(kind, root)):
        return None
    bound = dict(zip(getattr(kind, "__parameters__", ()), given, strict=False))
    for inner in kind.__dict__.get("__orig_bases__", kind.__bases__):
        found = _argument(inner, root, kind.__module__)
        if found is not None:
            return _filled_in(found, bound, module)
    return None


def _filled_in(annotation: Any, bound: dict[Any, Any], module: str) -> Any:
    """Replace the type variables in an annotation by what they are bound to."""
    if isinstance(annotation, TypeVar):
        return _resolved(bound.get(annotation, annotation), module)
    names = getattr(annotation, "__parameters__", ())
    if bound.keys().isdisjoint(names):
        return annotation
    return annotation[tuple(_resolved(bound.get(name, name), module) for name in names)]


def _resolved(annotation: Any, module: str) -> Any:
    """Evaluate a forward reference such as `Agent["Answer"]` in its module."""
    holder = type("holder", (), {"__annotations__": {"output": annotation}})
    try:
        names = vars(sys.modules[module])
        return get_type_hints(holder, globalns=names, include_extras=True)["output"]
    except (AttributeError, NameError) as error:
        raise ConfigurationError(
            f"the output type {annotation!r} of an agent in module {module!r} cannot be found: "
            f"{error}"
        ) from error
