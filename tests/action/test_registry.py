from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from agentcore.action import tool
from agentcore.action.function import FunctionTool
from agentcore.action.registry import collect_tools
from agentcore.completions import ToolSpec
from agentcore.errors import ConfigurationError

if TYPE_CHECKING:
    from agentcore.interfaces import Effect, Tool, ToolContext
    from agentcore.values import JsonValue

Tools = list[Any]


class Echo:
    """A tool written as a class."""

    effect: Effect = "none"
    idempotent = False
    needs_approval = False
    timeout_s: float | None = None

    def __init__(self, name: str) -> None:
        self.spec = ToolSpec(name=name, description="", parameters={"type": "object"})

    async def call(self, arguments: Mapping[str, JsonValue], context: ToolContext[Any]) -> object:
        return dict(arguments)


def search(query: str) -> str:
    """Search the web."""
    return query


class Base:
    tools: ClassVar[Tools] = [search, Echo("echo")]

    def __init__(self, name: str = "base") -> None:
        self.name = name

    @tool(effect="write")
    def save(self, text: str) -> str:
        """Save a text."""
        return f"{self.name}: {text}"

    @tool(name="look_up")
    def find(self, title: str) -> str:
        return title

    def not_a_tool(self, text: str) -> str:
        return text


def names(agent: object, *extra: Tool | Callable[..., object]) -> list[str]:
    return list(collect_tools(agent, extra))


def test_methods_and_listed_tools_are_collected_base_classes_first() -> None:
    class Derived(Base):
        @tool
        def last(self) -> str:
            return ""

    assert names(Derived(), len_of) == ["save", "look_up", "search", "echo", "last", "len_of"]


def len_of(text: str) -> int:
    return len(text)


async def test_each_object_has_its_own_methods(context: ToolContext[str]) -> None:
    first, second = collect_tools(Base("a")), collect_tools(Base("b"))

    assert await first["save"].call({"text": "x"}, context) == "a: x"
    assert await second["save"].call({"text": "x"}, context) == "b: x"


async def test_an_unmarked_override_is_the_tool_with_its_own_signature(
    context: ToolContext[str],
) -> None:
    class Derived(Base):
        def save(self, text: str, times: int = 2) -> str:
            return text * times

    save = collect_tools(Derived())["save"]

    assert (save.effect, save.spec.description) == ("write", "Save a text.")
    assert await save.call({"text": "x"}, context) == "xx"


def test_a_mixin_overrides_like_python_does() -> None:
    class Mixin:
        def save(self, other: int) -> int:
            return other

    class Derived(Mixin, Base):  # type: ignore[misc]
        pass

    save = collect_tools(Derived())["save"]

    assert save.spec.parameters["required"] == ["other"]


def test_a_marked_override_replaces_the_options() -> None:
    class Derived(Base):
        @tool(name="store")
        def save(self, text: str) -> str:
            return text

    tools = collect_tools(Derived())

    assert "save" not in tools
    assert tools["store"].effect == "read"


def test_none_removes_a_method() -> None:
    class Derived(Base):
        save = None  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]

    class Again(Derived):
        def save(self, text: str) -> str:  # type: ignore[override]
            return text

    assert "save" not in names(Derived())
    assert "save" not in names(Again())


def test_none_removes_a_tool_by_the_name_that_the_model_sees() -> None:
    class Derived(Base):
        look_up = None
        search = None

    assert names(Derived()) == ["save", "echo"]


def test_a_list_of_a_subclass_overrides_tools_of_the_same_name() -> None:
    class Derived(Base):
        tools: ClassVar[Tools] = [Echo("search")]

    tools = collect_tools(Derived())

    assert isinstance(tools["search"], Echo)
    assert list(tools) == ["save", "look_up", "search", "echo"]


def test_tools_of_the_object_go_before_those_of_its_classes() -> None:
    given = Echo("save")

    assert collect_tools(Base(), [given])["save"] is given
    assert isinstance(collect_tools(Base())["save"], FunctionTool)


def test_static_and_class_methods_are_tools() -> None:
    class Derived(Base):
        @staticmethod
        @tool
        def free(text: str) -> str:
            return text

        @classmethod
        @tool
        def kind(cls, text: str) -> str:
            return text

    tools = collect_tools(Derived())

    assert tools["free"].spec.parameters["required"] == ["text"]
    assert tools["kind"].spec.parameters["required"] == ["text"]


def test_a_bound_method_of_another_object_is_a_tool_with_its_options() -> None:
    class Quiet(Base):
        def save(self, text: str) -> str:
            return text

    assert collect_tools(object(), [Quiet().save])["save"].effect == "write"


def test_two_tools_of_one_class_with_one_name_are_refused() -> None:
    class Derived:
        tools: ClassVar[Tools] = [search]

        @tool(name="search")
        def find(self, title: str) -> str:
            return title

    with pytest.raises(ConfigurationError, match="two tools are called 'search'") as caught:
        collect_tools(Derived())

    assert str(caught.value).count(f"{__file__}:") == 2


def test_two_tools_of_one_object_with_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="two tools are called 'echo'"):
        collect_tools(object(), [Echo("echo"), Echo("echo")])


@pytest.mark.parametrize("element", ["search", 3, Echo, functools.partial(search), None])
def test_what_is_no_tool_is_refused(element: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"in tools= of object is no tool"):
        collect_tools(object(), [element])


def test_a_tool_object_that_lacks_something_is_refused() -> None:
    class Half:
        spec = ToolSpec(name="half", description="", parameters={})

    half: Any = Half()

    with pytest.raises(ConfigurationError, match="lacks effect, idempotent"):
        collect_tools(object(), [half])


def test_a_tool_object_with_an_impossible_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'two words' cannot be the name"):
        collect_tools(object(), [Echo("two words")])


def test_tools_that_are_no_list_are_refused() -> None:
    class Derived:
        tools = "search"

    with pytest.raises(ConfigurationError, match=r"Derived\.tools is 'search'; give a list"):
        collect_tools(Derived())


def test_a_tool_inside_a_property_is_refused() -> None:
    class Derived:
        @property
        @tool
        def find(self) -> str:
            return ""

    with pytest.raises(ConfigurationError, match=r"Derived\.find is a tool inside a property"):
        collect_tools(Derived())


def test_a_tool_overridden_by_a_value_is_refused() -> None:
    class Derived(Base):
        save = 3  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]

    with pytest.raises(ConfigurationError, match="set it to None to remove the tool"):
        collect_tools(Derived())


def test_classes_are_not_changed() -> None:
    before = {cls: dict(vars(cls)) for cls in (Base, Echo)}

    collect_tools(Base(), [len_of])

    assert {cls: dict(vars(cls)) for cls in (Base, Echo)} == before
