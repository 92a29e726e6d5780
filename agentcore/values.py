"""The base of every value that crosses a boundary: frozen, strict, encoded and hashed once.

Modules that hold values do without `from __future__ import annotations`: pydantic would compile
each annotation from a string, which doubles the time of their import.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from hashlib import blake2b
from typing import Any, Self, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic_core import PydanticSerializationError

__all__ = ["JsonObject", "JsonValue", "Value", "digest_of"]

T = TypeVar("T")

JsonObject: TypeAlias = dict[str, JsonValue]
"""A JSON object, such as a JSON Schema."""


def digest_of(*parts: str | bytes) -> str:
    """Hash the parts, each kept apart from the next, to 32 hexadecimal digits."""
    state = blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "big"))
        state.update(data)
    return state.hexdigest()


class Value(BaseModel):
    """A frozen pydantic model without unknown fields; its schema is built at first use."""

    # JSON has no infinities: as null, which is the default, they could not be read again.
    model_config = ConfigDict(
        frozen=True, extra="forbid", defer_build=True, ser_json_inf_nan="strings"
    )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy with changes; what was cached of the original is not carried over."""
        copy = super().model_copy(update=update, deep=deep)
        kept = vars(copy)
        for name in kept.keys() - type(self).model_fields.keys():
            del kept[name]
        return copy

    def derived(self, name: str, make: Callable[[Self], T]) -> T:
        """Return what `make` makes of the value, computed once per name, such as its wire form."""
        kept = vars(self)
        if name not in kept:
            kept[name] = make(self)
        result: T = kept[name]
        return result

    @cached_property
    def encoded(self) -> bytes:
        r"""The value as UTF-8 JSON, computed once. Characters are never escaped to `\uXXXX`."""
        try:
            return self.__pydantic_serializer__.to_json(self)
        except PydanticSerializationError:  # half a surrogate pair, which UTF-8 cannot hold
            text = json.dumps(self.model_dump(), ensure_ascii=False, default=str)
            return text.encode("utf-8", "replace")

    @cached_property
    def digest(self) -> str:
        """32 hexadecimal digits that stand for the value's content, computed once."""
        return digest_of(self.encoded)
