"""agentcore as one peer of a bench of agent frameworks: what the harness calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from importlib import import_module
from types import FunctionType

from agentcore import Agent, Budget, TextDelta
from agentcore import tool as make_tool
from agentcore.action.function import FunctionTool
from agentcore.brain.openai import OpenAILLM
from agentcore.planners import ToolCalling
from agentcore.values import JsonObject

DISTS = ["agentcore-framework"]
SHARED_AGENT = True

Function = Callable[..., object]


def model(url: str, name: str) -> OpenAILLM:
    """Make the model that agents share; the others' clients are loaded here, too."""
    import_module("openai")  # else the first step would be charged for it

    return OpenAILLM(name, base_url=url, api_key="none")


def tool(function: Function) -> Function:
    """Mark a function as a tool."""
    return make_tool(function)


def schema(function: Function) -> JsonObject:
    """Build the schema of a tool's arguments anew: what is kept belongs to the function."""
    assert isinstance(function, FunctionType)
    copy = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__
    )
    copy.__annotations__, copy.__doc__ = function.__annotations__, function.__doc__
    copy.__kwdefaults__ = function.__kwdefaults__
    return FunctionTool.of(copy).spec.parameters


def agent(llm: OpenAILLM, tools: list[Function], steps: int) -> Agent:
    """Make an agent that may take so many model calls."""
    budget = Budget(max_steps=None)
    return Agent(llm=llm, tools=tools, planner=ToolCalling(max_steps=steps), budget=budget)


async def run(one: Agent, prompt: str) -> str:
    """Return the final text."""
    return (await one.run(prompt)).output


async def stream(one: Agent, prompt: str) -> AsyncIterator[str]:
    """Yield the text as it is written."""
    async for event in one.stream(prompt):
        if isinstance(event, TextDelta):
            yield event.text
