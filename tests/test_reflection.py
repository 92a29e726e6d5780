# pyright: reportMissingTypeArgument=false, reportUnknownVariableType=false
from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

import pytest
from pydantic import BaseModel

from agentcore import Agent, ConfigurationError
from agentcore.reflection import docstring_of, output_type_of
from agentcore.testing import ScriptedLLM

T = TypeVar("T")
U = TypeVar("U")


class Page(BaseModel, Generic[T]):
    items: list[T]


class Plain(Agent):  # type: ignore[type-arg]
    """You answer."""


class Number(Agent[int]):
    """You count.

    In whole numbers.
    """


class QuietNumber(Number):
    pass


class LoudNumber(QuietNumber):
    """You count loudly."""


class Passing(Agent[T]):
    pass


class PassingOn(Passing[T]):
    pass


class Given(PassingOn[float]):
    pass


class Listing(Agent[list[T]], Generic[T]):
    pass


class Paging(Agent[Page[T]], Generic[T]):
    pass


class Optional(Agent[T | None], Generic[T]):
    pass


class Second(Agent[U], Generic[T, U]):
    pass


class Other(Agent[int], Generic[T]):
    pass


class OfOther(Other[bytes]):
    pass


class Forward(Agent["Later"]):
    pass


class ForwardPassed(Passing["list[Later]"]):
    pass


class Unknown(Agent["Nowhere"]):  # type: ignore[name-defined]  # pyright: ignore[reportUndefinedVariable]
    pass


class Logging:
    """Write everything down."""


class Mixed(Logging, Agent[int]):
    pass


class Later(BaseModel):
    text: str


@pytest.mark.parametrize(
    ("kind", "output"),
    [
        (Agent, str),
        (Plain, str),
        (Number, int),
        (LoudNumber, int),
        (Mixed, int),
        (Passing, str),
        (Given, float),
        (OfOther, int),
        (Forward, Later),
        (ForwardPassed, list[Later]),
    ],
)
def test_the_output_type_is_found_along_the_classes(kind: type[Agent[Any]], output: object) -> None:
    assert output_type_of(kind(), Agent) == output


def test_the_output_type_can_be_given_where_the_object_is_made() -> None:
    assert output_type_of(Agent[int](), Agent) is int
    assert output_type_of(Agent[Literal["a", "b"]](), Agent) == Literal["a", "b"]
    assert output_type_of(Agent[None](), Agent) is type(None)


def test_generic_classes_in_between_pass_on_what_they_are_given() -> None:
    assert output_type_of(PassingOn[int](), Agent) is int
    assert output_type_of(Listing[int](), Agent) == list[int]
    assert output_type_of(Listing[Page[int]](), Agent) == list[Page[int]]
    assert output_type_of(Paging[int](), Agent) is Page[int]
    assert output_type_of(Optional[int](), Agent) == int | None


def test_a_type_argument_that_is_not_the_output_is_not_taken_for_it() -> None:
    assert output_type_of(Second[bytes, int](), Agent) is int
    assert output_type_of(Other[bytes](), Agent) is int


def test_a_class_made_of_a_generic_one_in_a_function_is_resolved() -> None:
    class Local(Listing[bool]):
        pass

    assert output_type_of(Local(), Agent) == list[bool]


def test_a_forward_reference_to_nothing_names_the_type_and_the_module() -> None:
    with pytest.raises(ConfigurationError, match=r"'Nowhere'.* in module .*test_reflection"):
        output_type_of(Unknown(), Agent)


async def test_the_output_type_holds_for_a_run() -> None:
    result = await Listing[int](llm=ScriptedLLM('{"value": [1, 2]}')).run("count")

    assert result.output == [1, 2]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Agent, ""),
        (Plain, "You answer."),
        (Number, "You count.\n\nIn whole numbers."),
        (QuietNumber, "You count.\n\nIn whole numbers."),
        (LoudNumber, "You count loudly."),
        (Passing, ""),
        (Mixed, ""),
    ],
)
def test_the_nearest_docstring_of_a_subclass_is_found(kind: type[Agent[Any]], text: str) -> None:
    assert docstring_of(kind, Agent) == text
