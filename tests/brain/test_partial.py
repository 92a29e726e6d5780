from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Generic, Literal, TypeVar, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, model_validator
from typing_extensions import TypedDict

from agentcore.brain.partial import AnswerReader
from agentcore.brain.structured import OutputType
from agentcore.completions import TextDelta
from agentcore.results import Partial

T = TypeVar("T")


class Item(BaseModel):
    name: str
    price: float


class Order(BaseModel):
    customer: str
    items: list[Item] = []
    colour: Literal["red", "reddish"] = "red"
    note: str | None = None


class Page(BaseModel, Generic[T]):
    items: list[T]
    more: bool = False


class Options(TypedDict, total=False):
    size: int
    label: str


@dataclass
class Pair:
    left: int
    right: str = "-"


def read(annotation: Any, text: str, *, field: str | None = None, size: int = 1) -> list[Any]:
    """The growing outputs, where the text comes in pieces of so many characters."""
    reader: AnswerReader[Any] = AnswerReader(OutputType(annotation), field=field, is_typed=True)
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    shown = [item for piece in pieces for item in reader.add(TextDelta(text=piece), "think-1")]
    shown += reader.end("think-1")
    return [item.output for item in shown if isinstance(item, Partial)]


def text_of(annotation: Any, text: str, *, field: str | None) -> list[str]:
    reader: AnswerReader[Any] = AnswerReader(OutputType(annotation), field=field, is_typed=False)
    shown = [item for piece in text for item in reader.add(TextDelta(text=piece), "think-1")]
    return [item.text for item in shown if isinstance(item, TextDelta)]


def test_an_object_grows_field_by_field_and_item_by_item() -> None:
    text = (
        '{"customer": "An", "items": [{"name": "ink", "price": 2.5}, {"name": "pen", "price": 10}]'
        ', "colour": "reddish"}'
    )
    ink, pen = Item(name="ink", price=2.5), Item(name="pen", price=10)

    assert read(Order, text) == [
        Order(customer=""),
        Order(customer="A"),
        Order(customer="An"),
        Order(customer="An", items=[ink]),
        Order(customer="An", items=[ink, pen]),
        Order(customer="An", items=[ink, pen], colour="reddish"),
    ]


def test_a_number_is_shown_when_it_has_ended() -> None:
    assert read(list[int], "[1, 22, 333]") == [[], [1], [1, 22], [1, 22, 333]]
    assert read(int, '{"value": 12}') == [12]
    assert read(Pair, '{"left": 12, "right": "ab"}') == [
        Pair(12),
        Pair(12, ""),
        Pair(12, "a"),
        Pair(12, "ab"),
    ]


def test_a_text_that_is_more_than_text_is_shown_when_it_has_ended() -> None:
    assert read(list[date], '["2024-01-10", "2024-0') == [[], [date(2024, 1, 10)]]
    assert read(list[Literal["a", "ab"]], '["ab"') == [[], ["ab"]]


def test_what_is_required_and_not_yet_there_is_waited_for() -> None:
    assert read(Item, '{"name": "ink", "price": 2.5') == []
    assert read(Item, '{"name": "ink", "price": 2.5}') == [Item(name="ink", price=2.5)]


def test_a_generic_a_union_and_a_typed_dict_grow_too() -> None:
    assert read(Page[int], '{"items": [1, 2], "more": true}') == [
        Page[int](items=[]),
        Page[int](items=[1]),
        Page[int](items=[1, 2]),
        Page[int](items=[1, 2], more=True),
    ]
    assert read(int | None, '{"value": null}') == [None]
    assert read(Options, '{"size": 1, "label": "b"}') == [
        {},
        {"size": 1},
        {"size": 1, "label": ""},
        {"size": 1, "label": "b"},
    ]


def test_fences_and_remarks_around_the_json_are_left_out() -> None:
    text = 'Sure, [see] 12:\n```json\n{"left": 1}\n``` and 5 more {'

    assert read(Pair, text, size=3) == [Pair(1)]


def test_a_field_that_the_type_does_not_know_changes_nothing() -> None:
    assert read(Pair, '{"left": 1, "extra": [1, 2], "right": "x"}') == [
        Pair(1),
        Pair(1, ""),
        Pair(1, "x"),
    ]


def test_a_validator_that_was_written_for_whole_answers_only_delays_them() -> None:
    class Picky(BaseModel):
        a: int = 0
        b: int = 0

        @model_validator(mode="before")
        @classmethod
        def check(cls, value: dict[str, Any]) -> dict[str, Any]:
            return {"a": value["a"], "b": value["b"]}

    assert read(Picky, '{"a": 1, "b": 2}') == [Picky(a=1, b=2)]


def test_thinking_is_passed_on_and_not_read() -> None:
    reader = AnswerReader(OutputType[Pair](Pair), field="answer", is_typed=True)

    shown = list(reader.add(TextDelta(text='{"answer": {"left": 1}}', thinking=True), "k"))

    assert shown == [TextDelta(text='{"answer": {"left": 1}}', thinking=True, key="k")]


def test_only_the_answer_of_a_reply_with_an_envelope_is_shown() -> None:
    step = '{"thought": "I \\"know", "action": "final_answer", "answer": "It is \\u00e9\\n5."}'

    assert "".join(text_of(str, step, field="answer")) == "It is é\n5."
    assert text_of(str, '{"action": "count", "arguments": {"answer": "x"}}', field="answer") == []


def test_a_typed_answer_in_an_envelope_grows() -> None:
    step = '{"thought": "t", "answer": {"items": [1, 2]}}'

    assert read(Page[int], step, field="answer") == [
        Page[int](items=[]),
        Page[int](items=[1]),
        Page[int](items=[1, 2]),
    ]
    assert read(list[int], '{"answer": {"value": [1, 2]}}', field="answer") == [[], [1], [1, 2]]
    assert text_of(Page[int], step, field="answer") == []


def test_a_name_that_comes_twice_breaks_nothing() -> None:
    assert read(dict[str, Any], '{"a": 1, "b": 2, "a": "x"}')[-1] == {"a": "x", "b": 2}


names = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=6)
orders = st.builds(
    Order,
    customer=names,
    items=st.lists(
        st.builds(Item, name=names, price=st.floats(allow_nan=False, allow_infinity=False)),
        max_size=3,
    ),
    colour=st.sampled_from(["red", "reddish"]),
    note=st.none() | names,
)


def is_beginning(part: Any, whole: Any, default: Any = None) -> bool:
    """Whether a part is the whole with its tail missing; a missing field has its default."""
    pairs: list[tuple[Any, Any, Any]] = []
    if isinstance(whole, dict):
        fields = cast("dict[str, Any]", whole)
        pairs = [(part[name], fields[name], DEFAULTS.get(name)) for name in fields]
    elif isinstance(whole, list):
        items = cast("list[Any]", whole)
        if len(part) > len(items):
            return False
        pairs = [(one, other, None) for one, other in zip(part, items, strict=False)]
    elif part not in (whole, default):
        return isinstance(whole, str) and isinstance(part, str) and whole.startswith(part)
    return all(is_beginning(*pair) for pair in pairs)


DEFAULTS: dict[str, Any] = {"items": [], "colour": "red", "note": None}


@settings(max_examples=40)
@given(orders, st.integers(1, 7), st.sampled_from([None, 2]), st.booleans())
def test_what_is_shown_is_valid_grows_and_ends_with_the_answer(
    order: Order,
    size: int,
    indent: int | None,
    is_ascii: bool,  # noqa: FBT001 - hypothesis gives it by name
) -> None:
    text = json.dumps(order.model_dump(), indent=indent, ensure_ascii=is_ascii)

    shown = read(Order, text, size=size)

    assert shown[-1] == order
    assert all(one != other for one, other in pairwise(shown))
    for part, longer in zip(shown, [*shown[1:], order], strict=True):
        assert Order.model_validate(part.model_dump()) == part
        assert is_beginning(part.model_dump(), longer.model_dump())


@settings(max_examples=40)
@given(st.text(alphabet='{}[]":,1 a\\\nuNd8.-', max_size=40))
def test_whatever_a_model_writes_nothing_is_raised(text: str) -> None:
    for annotation in (Order, list[int], Page[Item], dict[str, Any]):
        read(annotation, text, size=3)


@pytest.mark.parametrize("size", [1, 5])
def test_a_bound_text_is_shown_as_long_as_it_may_grow(size: int) -> None:
    class Short(BaseModel):
        text: str = Field(max_length=5)

    assert read(Short, '{"text": "abcde"}', size=size)[-1] == Short(text="abcde")


def test_a_long_answer_is_not_read_again_for_every_piece_of_it() -> None:
    read_so_far: list[int] = []

    class Counted(BaseModel):
        items: list[Item]

        @model_validator(mode="after")
        def count(self) -> Counted:
            read_so_far.append(len(self.items))
            return self

    whole = Counted(items=[Item(name=f"item {number}", price=1) for number in range(400)])
    text = whole.model_dump_json()

    shown = read(Counted, text, size=4)

    assert shown[-1] == whole
    assert [len(part.items) for part in shown[:3]] == [0, 1, 2]
    assert len(read_so_far) < len(text) / 4 / 2
