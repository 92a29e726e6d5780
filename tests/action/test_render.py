from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel

from agentcore.action.render import to_part
from agentcore.errors import ToolCrashError
from agentcore.messages import ImagePart, TextPart
from agentcore.percepts import Percept

IMAGE = ImagePart(url="https://example.org/shelf.png")


class Colour(str, Enum):  # noqa: UP042  # unlike a StrEnum its str() is not its value
    RED = "red"


class Book(BaseModel):
    title: str
    when: date = date(1965, 8, 1)


@dataclass
class Point:
    x: int


class NoJson:
    pass


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Dune ü", "Dune ü"),
        ("\ud800", "\ufffd"),
        (Colour.RED, "red"),
        (None, "Done. No result."),
        (True, "true"),
        (42, "42"),
        ([1, None, "ü"], '[1,null,"ü"]'),
        (["\ud800"], '["\ufffd"]'),
        ({"a": ["\ud800", float("nan")]}, '{"a":["�","NaN"]}'),
        ({"a": float("nan"), "b": float("-inf")}, '{"a":"NaN","b":"-Infinity"}'),
        (Book(title="Dune"), '{"title":"Dune","when":"1965-08-01"}'),
        ([Point(1)], '[{"x":1}]'),
        ("ü".encode(), "ü"),
        (TextPart(text="part"), "part"),
    ],
)
def test_results_are_rendered_for_the_model(value: object, text: str) -> None:
    assert to_part(value, tool="show") == TextPart(text=text)


def test_an_image_stays_an_image() -> None:
    assert to_part(IMAGE, tool="show") == IMAGE


def test_only_the_content_of_a_percept_is_taken() -> None:
    percept = Percept(content=IMAGE, source="user", trust="trusted", page=3)

    assert to_part(percept, tool="show") == IMAGE


def forever() -> Iterator[int]:
    while True:
        yield 1


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (NoJson(), "tool 'show' returned a value of type NoJson that cannot be written as JSON"),
        ([b"\xff"], "of type list that cannot be written as JSON"),
        (b"\xff", "tool 'show' returned 1 bytes that are not UTF-8"),
        (forever(), "an iterator of type generator; return a list"),
        (CIRCLE, "of type list that cannot be written as JSON"),
    ],
)
def test_a_result_that_cannot_be_shown_is_a_bug_in_the_tool(value: object, problem: str) -> None:
    with pytest.raises(ToolCrashError) as caught:
        to_part(value, tool="show")

    assert problem in str(caught.value)
    assert "return" in str(caught.value)
