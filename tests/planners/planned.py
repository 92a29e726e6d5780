"""Tools in which the order of calls can be read, and plans that call them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

from agentcore import (
    Abilities,
    Agent,
    LLMRequest,
    ToolError,
    ToolMessage,
    tool,
)
from agentcore.planners import ReWOO
from agentcore.testing import FunctionLLM
from agentcore.values import JsonValue

CONSTRAINED = Abilities(tools=False)
IN_WORDS = Abilities(tools=False, json_schema=False)


@dataclass
class World:
    """Tools that take some turns of the loop, and the order in which they began and ended."""

    log: list[str] = field(default_factory=list[str])
    is_dead: bool = False

    @tool
    async def look_up(self, name: str, turns: int = 1) -> str:
        """Look a thing up."""
        assert not self.is_dead, f"{name} was looked up again"
        self.log.append(f"+{name}")
        for _ in range(turns):
            await asyncio.sleep(0)
        self.log.append(f"-{name}")
        if name == "nothing":
            raise ToolError("there is no such thing")
        if name == "bug":
            raise ZeroDivisionError
        return f"<{name}>"

    @tool
    async def add(self, a: int, b: int) -> int:
        """Add two numbers."""
        assert not self.is_dead
        return a + b


def step(number: int, name: str, /, *after: str, **arguments: JsonValue) -> dict[str, JsonValue]:
    return {
        "id": f"E{number}",
        "expects": f"result {number}",
        "tool": name,
        "arguments": arguments,
        "after": list(after),
    }


def plan(*steps: dict[str, JsonValue]) -> str:
    return json.dumps({"steps": list(steps)})


def make(world: World, llm: FunctionLLM, planner: ReWOO | None = None) -> Agent[str]:
    return Agent(llm=llm, tools=[world.look_up, world.add], planner=planner or ReWOO())


def results(request: LLMRequest) -> list[tuple[str, str, bool]]:
    return [
        (message.tool_call_id, message.content, message.is_error)
        for message in request.messages
        if isinstance(message, ToolMessage)
    ]
