from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from agentcore.errors import ConfigurationError
from agentcore.messages import ImagePart, TextPart
from agentcore.perception import perceive
from agentcore.percepts import Percept


class Order(BaseModel):
    item: str
    count: int


@dataclass
class Point:
    x: float
    label: str


class Size(StrEnum):
    LARGE = "large"


class Upper:
    """A sensor for text that shouts."""

    def accepts(self, value: object) -> bool:
        return isinstance(value, str) and value.isupper()

    async def perceive(self, value: object, *, source: str) -> tuple[Percept, ...]:
        return (Percept(content=TextPart(text=f"heard {value}"), source=source),)


async def text_of(value: object) -> str:
    (percept,) = await perceive(value, source="user")
    return percept.text


async def test_text_becomes_one_percept_that_says_where_it_is_from() -> None:
    assert await perceive("hi", source="file:a.txt") == (
        Percept(content=TextPart(text="hi"), source="file:a.txt", trust="untrusted"),
    )


async def test_what_the_user_says_is_trusted_where_the_caller_says_so() -> None:
    percepts = await perceive(["a", {"b": 1}], source="user", trust="trusted")

    assert [percept.trust for percept in percepts] == ["trusted", "trusted"]


@given(st.text(alphabet=st.characters()).filter(str.strip))
async def test_text_is_composed_and_can_always_be_written_as_utf_8(text: str) -> None:
    seen = await text_of(text)

    assert unicodedata.is_normalized("NFC", seen)
    assert seen.encode().decode() == seen


async def test_characters_are_composed() -> None:
    assert await text_of("o\u0308ffnen") == "\u00f6ffnen"


async def test_half_of_a_surrogate_pair_is_replaced() -> None:
    assert await text_of("a\ud83d.txt") == "a?.txt"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Order(item="Bücher", count=2), '{"item":"Bücher","count":2}'),
        (Point(1.5, "a"), '{"x":1.5,"label":"a"}'),
        ({"a": [1, None]}, '{"a":[1,null]}'),
        (7, "7"),
        (1.5, "1.5"),
        (True, "true"),
        (Size.LARGE, "large"),
    ],
)
async def test_python_objects_become_their_json(value: object, text: str) -> None:
    assert await text_of(value) == text


async def test_parts_and_percepts_stay_what_they_are() -> None:
    image = ImagePart(url="https://example.org/a.png")
    percept = Percept(content=TextPart(text="a"), source="page", trust="trusted", page=3)

    seen = await perceive((image, percept), source="user")

    assert seen == (Percept(content=image, source="user"), percept)


async def test_nested_lists_are_perceived_item_by_item_in_order() -> None:
    percepts = await perceive(["a", ("b", ["c"])], source="user")

    assert [percept.text for percept in percepts] == ["a", "b", "c"]


async def test_a_sensor_is_asked_before_the_built_in_senses_in_lists_too() -> None:
    percepts = await perceive(["HEY", "hey"], source="mic", sensors=[Upper()])

    assert [percept.text for percept in percepts] == ["heard HEY", "hey"]
    assert {percept.source for percept in percepts} == {"mic"}


@pytest.mark.parametrize("value", ["", " \n", [], ["a", ""], [[]]])
async def test_an_empty_input_is_refused(value: object) -> None:
    with pytest.raises(ConfigurationError, match="nothing to perceive"):
        await perceive(value, source="user")


@pytest.mark.parametrize("value", [None, b"bytes", {1, 2}, object(), print])
async def test_what_no_sense_is_for_is_named(value: object) -> None:
    with pytest.raises(ConfigurationError, match=f"a {type(value).__name__} cannot be perceived"):
        await perceive(value, source="user")


def endless() -> dict[str, object]:
    value: dict[str, object] = {}
    value["self"] = value
    return value


@pytest.mark.parametrize("value", [endless(), {"a": object()}, {"a": "\ud83d"}, Point])
async def test_what_cannot_be_written_as_json_is_the_developers_mistake(value: object) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written as JSON"):
        await perceive(value, source="user")
