"""What a model sees of a function, and how the arguments that it gives are validated.

The arguments are described by a `TypedDict`, not by a model: a `TypedDict` has no methods, so that
parameters may be called `copy`, `schema` or `model_dump`. Defaults stay in the function.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, cast

from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError, with_config
from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python
from typing_extensions import TypedDict  # pydantic refuses typing's before Python 3.12

from ..completions import ToolSpec
from ..errors import ConfigurationError, ToolArgumentError
from ..values import JsonObject, JsonValue
from .annotations import deps_type, is_context, resolve
from .arguments import explain
from .docstring import parse_docstring
from .jsonschema import tidy_schema
from .parameters import describe, looks_like_method, parameters_of
from .tool import ToolOptions, check_name

__all__ = ["Signature", "signature_of"]

_CACHE = "__agentcore_signature__"


@dataclass(frozen=True, slots=True, eq=False)
class Signature:
    """A function as a tool: made once for each function and kept on it."""

    function: Callable[..., object]
    """The function itself, unbound."""
    has_receiver: bool
    """Whether its first parameter is filled in by Python."""
    options: ToolOptions
    """With the name filled in."""
    spec: ToolSpec
    contexts: Mapping[str, Any]
    """Parameters that take the `ToolContext`, and the type of the deps that they want."""
    adapter: TypeAdapter[dict[str, object]]

    def validate(self, arguments: Mapping[str, JsonValue]) -> dict[str, object]:
        """Turn JSON into what the function takes; a number written as a string is accepted.

        Raises:
            ToolArgumentError: the arguments do not fit; the message has a line for each problem.
        """
        try:
            # As JSON, because a list is a valid tuple, and a string a valid date, in JSON only.
            return self.adapter.validate_json(to_json(dict(arguments), inf_nan_mode="constants"))
        except ValidationError as error:
            known = cast("JsonObject", self.spec.parameters["properties"])
            text = explain(error, arguments, tool=self.spec.name, known=known)
            raise ToolArgumentError(text) from error
        except PydanticSerializationError as error:
            raise ToolArgumentError(
                f"the arguments of {self.spec.name!r} are not JSON: {error}"
            ) from error


def signature_of(function: Callable[..., object], options: ToolOptions) -> Signature:
    """Return the signature of a function or bound method; only the first time costs anything.

    Raises:
        ConfigurationError: a parameter cannot be described to a model.
    """
    has_receiver = inspect.ismethod(function)
    plain: Callable[..., object] = function.__func__ if inspect.ismethod(function) else function
    cached = getattr(plain, _CACHE, None)
    # `functools.wraps` copies attributes: what is cached may belong to the wrapped function.
    if (
        isinstance(cached, Signature)
        and cached.function is plain
        and cached.has_receiver is has_receiver
        and cached.options == options
    ):
        return cached
    signature = _build(
        plain, options, docstring=inspect.getdoc(function), has_receiver=has_receiver
    )
    setattr(plain, _CACHE, signature)
    return signature


def _build(
    function: Callable[..., object],
    options: ToolOptions,
    *,
    docstring: str | None,
    has_receiver: bool,
) -> Signature:
    name = options.name or function.__name__
    check_name(name, describe(function))
    if not has_receiver and looks_like_method(function):
        raise ConfigurationError(
            f"{describe(function)} is a method without its object; pass it bound, as "
            f"`object.{function.__name__}`"
        )
    parameters = [
        parameter.replace(annotation=resolve(function, parameter))
        for parameter in parameters_of(function, has_receiver=has_receiver)
    ]
    arguments = [item for item in parameters if not is_context(item.annotation)]
    contexts = {
        item.name: deps_type(item.annotation) for item in parameters if is_context(item.annotation)
    }
    read = parse_docstring(docstring or "")
    adapter, schema = _describe(function, arguments)
    description = read.description if options.description is None else options.description
    spec = ToolSpec(
        name=name,
        description=description,
        parameters=_finish(schema, arguments, read.parameters),
    )
    return Signature(function, has_receiver, options, spec, contexts, adapter)


def _describe(
    function: Callable[..., object], arguments: Sequence[inspect.Parameter]
) -> tuple[TypeAdapter[dict[str, object]], JsonObject]:
    """Let pydantic build validator and schema; if it cannot, find the parameter at fault."""
    try:
        adapter = _adapter(arguments)
        return adapter, cast("JsonObject", adapter.json_schema())
    except PydanticUserError as error:
        for parameter in arguments:
            try:
                TypeAdapter[Any](parameter.annotation).json_schema()
            except PydanticUserError as culprit:
                raise ConfigurationError(
                    f"{describe(function)}: the parameter {str(parameter)!r} cannot be described "
                    f"to a model: {culprit.message.splitlines()[0]} Give it a type that JSON can "
                    "hold, such as a pydantic model, a dataclass or a str; what the model cannot "
                    "give belongs into self or the ToolContext"
                ) from culprit
        raise ConfigurationError(
            f"{describe(function)}: its parameters cannot be described to a model: {error.message}"
        ) from error


def _adapter(arguments: Sequence[inspect.Parameter]) -> TypeAdapter[dict[str, object]]:
    fields = {
        item.name: item.annotation if item.default is item.empty else NotRequired[item.annotation]
        for item in arguments
    }
    # Type checkers know the functional form with literal fields only.
    make = cast("Callable[[str, dict[str, Any]], type[dict[str, object]]]", TypedDict)
    return TypeAdapter(with_config(ConfigDict(extra="forbid"))(make("Arguments", fields)))


def _finish(
    schema: JsonObject, parameters: Sequence[inspect.Parameter], texts: Mapping[str, str]
) -> JsonObject:
    """Add defaults and the docstring's descriptions; what the parameter's own `Field` says wins."""
    properties = cast("dict[str, JsonObject]", schema.get("properties", {}))
    for parameter in parameters:
        shown = properties.get(parameter.name)
        if shown is None:  # under its alias: its own Field describes it
            continue
        if parameter.name in texts:
            shown.setdefault("description", texts[parameter.name])
        shown.update(_default(parameter.default))
    ordered: JsonObject = {"type": "object", "properties": dict(properties)}
    for key in ("required", "additionalProperties", "$defs"):
        if key in schema:
            ordered[key] = schema[key]
    return tidy_schema(ordered)


def _default(value: object) -> JsonObject:
    """Return `{"default": ...}`, or nothing where JSON cannot hold it or its order is by chance."""
    if value is inspect.Parameter.empty or isinstance(value, (set, frozenset)):
        return {}
    try:
        default = to_jsonable_python(value)
        json.dumps(default, allow_nan=False)
    except ValueError:
        return {}
    return {"default": default}
