from __future__ import annotations

import pytest

from agentcore import Agent, ConfigurationError, ToolSet, tool
from agentcore.action.registry import collect_tools
from agentcore.testing import ScriptedLLM, call


class Counter(ToolSet):
    def __init__(self, step: int = 1) -> None:
        self.step, self.total = step, 0

    @tool(effect="write")
    def count(self) -> int:
        """Count on."""
        self.total += self.step
        return self.total

    @tool
    def total_so_far(self) -> int:
        """Tell the total."""
        return self.total

    def reset(self) -> None:
        self.total = 0


class Louder(Counter):
    def count(self) -> int:
        return super().count() * 100

    total_so_far = None  # type: ignore[assignment]


async def test_the_marked_methods_of_a_tool_set_are_tools_of_the_agent() -> None:
    counter = Counter(step=2)
    llm = ScriptedLLM(call("count"), call("total_so_far"), "2")

    await Agent(llm=llm, tools=[counter]).run("Count.")

    assert [spec.name for spec in llm.requests[0].tools] == ["count", "total_so_far"]
    assert llm.requests[2].messages[-1].content == "2"
    assert counter.total == 2


def test_a_tool_set_in_the_class_of_an_agent_is_the_same_for_all() -> None:
    class Teller(Agent):
        tools = (Counter(),)

    assert list(collect_tools(Teller(llm=ScriptedLLM("")))) == ["count", "total_so_far"]


def test_a_subclass_of_a_tool_set_overrides_and_removes_tools() -> None:
    tools = collect_tools(object(), [Louder()])

    assert [(name, made.effect) for name, made in tools.items()] == [("count", "write")]


def test_two_sets_with_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="two tools are called 'count'"):
        collect_tools(object(), [Counter(), Counter()])


def test_a_set_without_tools_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="a tool set without tools"):
        collect_tools(object(), [ToolSet()])


def test_an_object_that_is_no_tool_set_does_not_hand_out_its_methods() -> None:
    class Plain:
        @tool
        def look(self) -> str:
            return ""

    with pytest.raises(ConfigurationError, match="is no tool; give a function, a bound method"):
        collect_tools(object(), [Plain()])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
