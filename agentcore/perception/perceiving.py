"""The senses that every agent has: text, parts of messages, and Python objects."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import is_dataclass
from typing import Any, cast

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_json

from ..errors import ConfigurationError
from ..interfaces import Sensor
from ..messages import ImagePart, Part, TextPart
from ..percepts import Percept, Trust

__all__ = ["perceive", "stand_in"]


async def perceive(
    value: object, *, source: str, sensors: Sequence[Sensor] = (), trust: Trust = "untrusted"
) -> tuple[Percept, ...]:
    """Turn a value into percepts.

    The first of `sensors` that accepts the value has it. Else text becomes NFC text, message parts
    and percepts stay what they are, a list or tuple is perceived item by item, and what pydantic
    can write as JSON (models, dataclasses, dictionaries, numbers) becomes that JSON.

    Raises:
        ConfigurationError: the value is empty, or nothing here can perceive it.
    """
    for sensor in sensors:
        if sensor.accepts(value):
            return await sensor.perceive(value, source=source)
    if isinstance(value, Percept):
        return (value,)
    if isinstance(value, (list, tuple)):
        items = cast("Iterable[object]", value)
        percepts = [
            percept
            for item in items
            for percept in await perceive(item, source=source, sensors=sensors, trust=trust)
        ]
        if not percepts:
            raise ConfigurationError(f"there is nothing to perceive in {value!r}: it is empty")
        return tuple(percepts)
    return (Percept(content=_to_part(value), source=source, trust=trust),)


def stand_in(value: object) -> str | bytes:
    """Return what tells a value from another, in any process, without perceiving it."""
    if isinstance(value, str):
        return value
    try:
        return to_json(value, fallback=lambda item: type(item).__qualname__, bytes_mode="base64")
    except (PydanticSerializationError, RecursionError, ValueError):
        return type(value).__qualname__


def _to_part(value: object) -> Part:
    if isinstance(value, (TextPart, ImagePart)):
        return value
    if isinstance(value, str):
        if not value.strip():
            raise ConfigurationError(
                f"there is nothing to perceive in {value!r}: the text is empty"
            )
        return TextPart(text=_readable(value))
    if isinstance(value, (BaseModel, dict, int, float)) or is_dataclass(value):
        return TextPart(text=_to_json(value))
    raise ConfigurationError(
        f"a {type(value).__qualname__} cannot be perceived: give text, a TextPart or ImagePart, a "
        "Percept, a pydantic model, a dataclass, a dictionary, a number, or a list of these; or "
        "add a sensor for it with sensors=[...]"
    )


def _readable(text: str) -> str:
    """Compose characters (NFC); replace halves of surrogate pairs, which no wire can carry."""
    return unicodedata.normalize("NFC", text).encode("utf-8", "replace").decode("utf-8")


def _to_json(value: Any) -> str:
    try:
        return to_json(value).decode()
    except PydanticSerializationError as error:
        raise ConfigurationError(
            f"a {type(value).__qualname__} cannot be perceived: it cannot be written as JSON "
            f"({error})"
        ) from error
