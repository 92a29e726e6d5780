from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import pytest

from agentcore.action.function import FunctionTool
from agentcore.errors import ConfigurationError
from agentcore.interfaces import ToolContext

if TYPE_CHECKING:
    from decimal import Decimal


class Opaque:
    pass


def parameters(function: Callable[..., object]) -> Any:
    return FunctionTool.of(function).spec.parameters


def test_the_context_is_not_shown_to_the_model() -> None:
    def whoami(
        context: ToolContext[str], other: Annotated[ToolContext, "too"], value: int
    ) -> None: ...

    assert list(parameters(whoami)["properties"]) == ["value"]


def test_an_optional_context_is_refused() -> None:
    def whoami(context: ToolContext | None = None) -> None: ...

    with pytest.raises(ConfigurationError, match=r"whoami \(.*write `context: ToolContext`"):
        FunctionTool.of(whoami)


def test_a_name_imported_for_type_checkers_only_cannot_be_resolved() -> None:
    def pay(amount: Decimal) -> None: ...

    with pytest.raises(ConfigurationError, match="not under `if TYPE_CHECKING`") as caught:
        FunctionTool.of(pay)

    assert "'Decimal' of the parameter 'amount'" in str(caught.value)
    assert __file__ in str(caught.value)


def test_the_return_type_need_not_be_resolved() -> None:
    def price(value: int) -> Decimal: ...  # type: ignore[empty-body]

    assert parameters(price)["properties"]["value"] == {"type": "integer"}


def test_a_type_that_json_cannot_hold_is_refused_with_its_parameter() -> None:
    def save(name: str, thing: Opaque) -> None: ...

    with pytest.raises(ConfigurationError) as caught:
        FunctionTool.of(save)

    assert "'thing: " in str(caught.value)
    assert "Opaque" in str(caught.value)
    assert f"{__file__}:" in str(caught.value)
    assert "https://" not in str(caught.value)


def test_a_callback_is_refused_with_its_parameter() -> None:
    def save(name: str, then: Callable[[int], int]) -> None: ...

    with pytest.raises(ConfigurationError, match="the parameter 'then: "):
        FunctionTool.of(save)
