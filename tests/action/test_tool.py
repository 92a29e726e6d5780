from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache, partial
from typing import Any, no_type_check

import pytest

from agentcore.action import ToolOptions, tool
from agentcore.action.function import FunctionTool
from agentcore.action.tool import mark_of, options_of
from agentcore.errors import ConfigurationError


def plain(title: str, limit: int = 3) -> str:
    """Find a book."""
    return title * limit


@no_type_check
def no_annotation(title) -> str:  # noqa: ANN001
    return str(title)


def many(*titles: str) -> str:
    return ", ".join(titles)


def named(**titles: str) -> str:
    return ", ".join(titles)


def positional(title: str, /) -> str:
    return title


def underscored(_title: str) -> str:
    return _title


@no_type_check
def free_self(self) -> str:  # noqa: ANN001
    return str(self)


async def streaming(title: str) -> AsyncIterator[str]:
    yield title


def generating(title: str) -> Iterator[str]:
    yield title


class Shop:
    @tool
    def find(self, title: str) -> str:
        return f"found {title}"

    @classmethod
    @tool
    def kind(cls, title: str) -> str:
        return cls.__name__ + title

    @staticmethod
    @tool
    def price(title: str) -> int:
        return len(title)


class Bookshop(Shop):
    def find(self, title: str) -> str:
        return f"shelf of {title}"


ANYTHING: Any = plain
IMPOSSIBLE: list[tuple[Any, str, str]] = [
    (no_annotation, "title", "write its type"),
    (many, "*titles", "take a list"),
    (named, "**titles", "take a list"),
    (positional, "title", "remove the `/`"),
    (underscored, "_title", "rename it"),
    (free_self, "self", "write its type"),
]
NO_FUNCTIONS: list[tuple[Any, str]] = [
    (Shop, "decorate a function or a method of it"),
    (staticmethod(ANYTHING), "write @staticmethod above @tool"),
    (classmethod(ANYTHING), "write @classmethod above @tool"),
    (Shop().find, "decorate it in its class"),
    (partial(plain, limit=2), "write a `def` around it"),
    (len, "write a `def` around it"),
]


def test_the_function_is_returned_as_it_is() -> None:
    assert tool(plain) is plain
    assert plain("ab", limit=2) == "abab"


def test_options_are_kept_on_the_function() -> None:
    @tool(name="lookup", effect="write", idempotent=True, needs_approval=True, timeout_s=2)
    def find(title: str) -> str:
        return title

    assert mark_of(find) == ToolOptions(
        name="lookup", effect="write", idempotent=True, needs_approval=True, timeout_s=2
    )


def test_a_tool_reads_unless_it_says_otherwise() -> None:
    assert FunctionTool.of(tool(plain)).effect == "read"


def test_methods_are_called_as_before() -> None:
    assert Shop().find("Dune") == "found Dune"
    assert Shop.kind("Dune") == "ShopDune"
    assert Shop.price("Dune") == 4


def test_a_bound_override_has_the_options_of_what_it_overrides() -> None:
    assert mark_of(Bookshop().find) is None
    assert options_of(Bookshop().find) == ToolOptions()


def test_a_cached_function_can_be_a_tool() -> None:
    cached = tool(cache(plain))

    assert FunctionTool.of(cached).spec.name == "plain"


@pytest.mark.parametrize(
    ("function", "parameter", "advice"),
    IMPOSSIBLE,
)
def test_an_impossible_parameter_is_refused_where_it_stands(
    function: Callable[..., Any], parameter: str, advice: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        tool(function)

    place = f"{function.__name__} ({__file__}:{function.__code__.co_firstlineno})"
    assert str(caught.value).startswith(place)
    assert parameter in str(caught.value)
    assert advice in str(caught.value)


@pytest.mark.parametrize("name", ["", "find book", "größe", "x" * 65, "find\n"])
def test_a_name_that_servers_refuse_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"plain \(.*cannot be the name of a tool"):
        tool(name=name)(plain)


@pytest.mark.parametrize("seconds", [0, -1.5, float("nan"), float("inf")])
def test_a_timeout_that_is_no_time_is_refused(seconds: float) -> None:
    with pytest.raises(ConfigurationError, match=r"plain \(.*timeout_s="):
        tool(timeout_s=seconds)(plain)


def test_an_unknown_effect_is_refused() -> None:
    effect: Any = "reads"

    with pytest.raises(ConfigurationError, match="effect='reads' is unknown"):
        tool(effect=effect)(plain)


@pytest.mark.parametrize("function", [streaming, generating])
def test_a_generator_is_refused(function: Callable[..., object]) -> None:
    with pytest.raises(ConfigurationError, match="return a list"):
        tool(function)


@pytest.mark.parametrize(
    ("value", "advice"),
    NO_FUNCTIONS,
)
def test_what_is_no_function_is_refused_with_advice(value: Any, advice: str) -> None:
    with pytest.raises(ConfigurationError, match=advice):
        tool(value)
