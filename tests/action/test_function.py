from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from agentcore.action import ToolOptions, tool
from agentcore.action.function import FunctionTool
from agentcore.errors import ConfigurationError, ToolArgumentError
from agentcore.interfaces import Tool, ToolContext
from agentcore.values import JsonValue

Context = ToolContext[str]


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)

    when: date
    pair: tuple[int, int]


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]


class Spot(TypedDict):
    x: int


def even(value: int) -> int:
    if value % 2:
        raise ValueError("must be even")
    return value


def book(
    title: str,
    limit: Annotated[int, Field(ge=1)] = 3,
    tags: list[str] | None = None,
    size: int | list[str] = 1,
    seats: Annotated[int, AfterValidator(even)] = 2,
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None,
) -> tuple[object, ...]:
    return title, limit, tags, size, seats, pet


async def call(function: Callable[..., object], context: Context, /, **values: JsonValue) -> object:
    return await FunctionTool.of(function).call(values, context)


async def refusal(context: Context, values: Mapping[str, JsonValue]) -> list[str]:
    with pytest.raises(ToolArgumentError) as caught:
        await FunctionTool.of(book).call(values, context)
    head, *lines = str(caught.value).split("\n")
    assert head == "the arguments of 'book' do not fit:"
    return lines


async def test_defaults_stay_in_the_function(context: Context) -> None:
    assert await call(book, context, title="Dune") == ("Dune", 3, None, 1, 2, None)


async def test_a_number_may_be_written_as_a_string(context: Context) -> None:
    assert await call(book, context, title="Dune", limit="5") == ("Dune", 5, None, 1, 2, None)


async def test_values_become_what_the_annotation_says(context: Context) -> None:
    def plan(when: date, pair: tuple[int, int], strict: Strict) -> tuple[object, ...]:
        return when, pair, strict

    day: JsonValue = {"when": "2026-01-02", "pair": [1, 2]}

    assert await call(plan, context, when="2026-01-02", pair=[1, 2], strict=day) == (
        date(2026, 1, 2),
        (1, 2),
        Strict(when=date(2026, 1, 2), pair=(1, 2)),
    )


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({}, "- title: is missing"),
        ({"title": 5}, "- title: should be a valid string; got 5"),
        (
            {"title": "x", "limit": 0},
            "- limit: should be greater than or equal to 1; got 0",
        ),
        (
            {"title": "x", "tags": ["a", 7]},
            "- tags[1]: should be a valid string; got 7",
        ),
        (
            {"title": "x", "size": {}},
            "- size: should be a valid integer, or should be a valid array; got {}",
        ),
        ({"title": "x", "seats": 3}, "- seats: must be even; got 3"),
        ({"title": "x", "pet": {"kind": "cat"}}, "- pet.lives: is missing"),
        (
            {"title": "x", "pet": {"kind": "cow"}},
            (
                "- pet: Input tag 'cow' found using 'kind' does not match any of the expected "
                "tags: 'cat', 'dog'; got {\"kind\":\"cow\"}"
            ),
        ),
        (
            {"title": "x", "tagz": []},
            (
                "- tagz: there is no such argument (did you mean 'tags'?); "
                "call it with: title, limit, tags, size, seats, pet"
            ),
        ),
    ],
)
async def test_a_wrong_argument_is_explained_in_one_line(
    context: Context, values: dict[str, JsonValue], problem: str
) -> None:
    assert await refusal(context, values) == [problem]


async def test_an_unknown_field_of_a_nested_value_is_named_by_its_path(context: Context) -> None:
    def place(spot: Spot) -> Spot:
        return spot

    with pytest.raises(ToolArgumentError, match=r"- spot\.z: there is no such field"):
        await call(place, context, spot={"x": 1, "z": 2})


async def test_arguments_that_are_not_json_are_refused(context: Context) -> None:
    broken: Any = {"title": object}

    with pytest.raises(ToolArgumentError, match="the arguments of 'book' are not JSON"):
        await FunctionTool.of(book).call(broken, context)


async def test_each_problem_has_its_line(context: Context) -> None:
    lines = await refusal(context, {"titel": "x", "limit": "many"})

    assert [line.split(":")[0] for line in lines] == ["- title", "- limit", "- titel"]


async def test_a_flood_of_problems_is_cut(context: Context) -> None:
    lines = await refusal(context, {"title": "x" * 500, "tags": [*[1] * 1000]})

    assert len(lines) == 11
    assert lines[-1] == "- and 990 more"


async def test_a_long_value_is_cut(context: Context) -> None:
    (line,) = await refusal(context, {"title": "x", "limit": "y" * 5000})

    assert len(line) < 200


async def test_an_alias_is_the_name_that_the_model_uses(context: Context) -> None:
    def mail(sender: Annotated[str, Field(alias="from")]) -> str:
        return sender

    made = FunctionTool.of(mail)

    assert made.spec.parameters["properties"] == {"from": {"type": "string"}}
    assert await made.call({"from": "ada"}, context) == "ada"


async def test_a_sync_function_leaves_the_loop_free(context: Context) -> None:
    def where() -> int:
        return threading.get_ident()

    assert await call(where, context) != threading.get_ident()


async def test_an_async_function_runs_in_the_loop(context: Context) -> None:
    async def where() -> int:
        return threading.get_ident()

    assert await call(where, context) == threading.get_ident()


async def test_an_awaitable_from_a_sync_function_is_awaited(context: Context) -> None:
    async def later() -> str:
        return "now"

    def soon() -> Awaitable[str]:
        return later()

    assert await call(soon, context) == "now"


async def test_stop_iteration_in_a_thread_does_not_hang(context: Context) -> None:
    def first() -> int:
        return next(iter([]))

    with pytest.raises(RuntimeError, match="StopIteration"):
        await call(first, context)


async def test_methods_of_all_kinds_are_tools(context: Context) -> None:
    class Shop:
        name = "shop"

        def own(self, title: str) -> str:
            return f"{self.name} {title}"

        @classmethod
        def kind(cls, title: str) -> str:
            return f"{cls.__name__} {title}"

        @staticmethod
        def free(title: str) -> str:
            return title

    assert await call(Shop().own, context, title="Dune") == "shop Dune"
    assert await call(Shop.kind, context, title="Dune") == "Shop Dune"
    assert await call(Shop().free, context, title="Dune") == "Dune"


def test_a_method_without_its_object_is_refused() -> None:
    class Shop:
        @tool
        def find(self, title: str) -> str:
            return title

    with pytest.raises(ConfigurationError, match=r"pass it bound, as `object\.find`"):
        FunctionTool.of(Shop.find)


def test_something_else_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot be a tool; give a function"):
        FunctionTool.of(Spot)


def test_options_given_here_go_before_those_of_the_decorator() -> None:
    made = FunctionTool.of(
        tool(effect="read")(book), options=ToolOptions(name="lookup", description="Look.")
    )

    assert (made.spec.name, made.spec.description) == ("lookup", "Look.")


def test_a_function_tool_is_a_tool() -> None:
    @tool(effect="write", idempotent=True, needs_approval=True, timeout_s=3)
    def save(text: str) -> None: ...

    made: Tool = FunctionTool.of(save)

    assert (made.effect, made.idempotent, made.needs_approval) == ("write", True, True)
    assert made.timeout_s == 3
    assert "save" in repr(made)
