"""Typed output: the JSON Schema that a model is shown, and the way from its text to the value.

How a model is made to give it is in `final`; the value while it is written in `partial`.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any, Generic, cast

from pydantic import PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import to_json
from typing_extensions import TypeVar

from ..errors import ConfigurationError, OutputParseError
from ..jsontext import parse_json
from ..values import JsonObject, JsonValue

__all__ = ["OutputType"]

T = TypeVar("T")

_WRAPPED = "value"


class OutputType(Generic[T]):
    """A type that a model's answer must have: `str`, or anything that pydantic can validate.

    Servers want an object at the root of a schema, so any other type is wrapped into
    `{"value": ...}`; an answer is read with and without the wrapping.

    Example:
        >>> OutputType(list[int]).parse('{"value": [1, 2]}')
        [1, 2]
    """

    def __init__(
        self, annotation: Any
    ) -> None:  # a type, a union, an Annotated: no static type holds all
        self.annotation = annotation
        """The type as it was written."""

    @property
    def is_text(self) -> bool:
        """Whether the answer is taken as it is."""
        return self.annotation is str

    @cached_property
    def schema(self) -> JsonObject | None:
        """JSON Schema with an object at its root; None for plain text."""
        if self.is_text:
            return None
        schema = dict(self._own_schema)
        if self.wrapping is None:
            return schema
        definitions = schema.pop("$defs", None)
        wrapped: JsonObject = {
            "type": "object",
            "properties": {_WRAPPED: schema},
            "required": [_WRAPPED],
            "additionalProperties": False,
        }
        return wrapped if definitions is None else {**wrapped, "$defs": definitions}

    @property
    def instruction(self) -> str:
        """What tells a model to answer in this type; empty for plain text."""
        if self.is_text:
            return ""
        schema = json.dumps(self.schema, ensure_ascii=False, separators=(",", ":"))
        return (
            f"Give your final answer as one JSON object that satisfies this JSON Schema: {schema}"
        )

    def parse(self, text: str) -> T:
        """Turn a model's text into the value.

        Raises:
            OutputParseError: the text is empty, is not JSON, or does not have the type.
        """
        if not text.strip():
            raise OutputParseError("the answer is empty", text=text)
        if self.is_text:
            return cast("T", text)  # is_text says that T is str
        value = parse_json(text, repair=True)
        if self.wrapping and isinstance(value, dict) and list(value) == [self.wrapping]:
            value = value[self.wrapping]
        try:
            return self.validate(value)
        except ValidationError as error:
            raise OutputParseError(_explain(error), text=text) from error

    def validate(self, value: JsonValue) -> T:
        """Turn JSON without its wrapping into the value; raises pydantic's `ValidationError`."""
        return self._adapter.validate_json(to_json(value))

    def dump(self, value: T) -> str:
        """Write a value as the answer that a model would give; `parse` reads it."""
        if self.is_text:
            return str(value)
        text = self._adapter.dump_json(value, by_alias=True).decode()
        return text if self.wrapping is None else f'{{"{self.wrapping}":{text}}}'

    @cached_property
    def wrapping(self) -> str | None:
        """The name of the one property of the object that the answer is wrapped into, if it is."""
        return None if self._own_schema.get("type") == "object" else _WRAPPED

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        return TypeAdapter(self.annotation)

    @cached_property
    def _own_schema(self) -> JsonObject:
        """The schema of the bare type; a recursive one has its definition at the root as well."""
        try:
            schema: JsonObject = self._adapter.json_schema()
        except PydanticUserError as error:
            raise ConfigurationError(
                f"{self.annotation!r} cannot be the output of an agent: {error.message}"
            ) from error
        definitions = schema.get("$defs")
        name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
        root = definitions.get(name) if isinstance(definitions, dict) else None
        return {**root, "$defs": definitions} if isinstance(root, dict) else schema


def _explain(error: ValidationError) -> str:
    """Say what is wrong, one problem a line, in words that a model can act on."""
    problems: list[str] = []
    for item in error.errors(include_url=False, include_context=False):
        where = ".".join(str(part) for part in item["loc"]) or "the answer"
        given: JsonValue = item["input"]
        problems.append(f"{where}: {item['msg']} (given: {given!r:.100})")
    return "\n".join(problems)
