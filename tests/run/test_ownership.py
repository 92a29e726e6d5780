"""A run belongs to one task: each use of it from another is refused, with the way that works."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

import pytest

from agentcore import (
    Agent,
    Answer,
    AssistantMessage,
    ConfigurationError,
    Node,
    Run,
    Task,
    UserMessage,
)
from agentcore.testing import FunctionLLM

HELLO = [UserMessage(content="hello")]


async def gather(run: Run) -> None:
    await asyncio.gather(run.think(HELLO), run.think(HELLO))


async def task_group(run: Run) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(run.think(HELLO))


async def new_task(run: Run) -> None:
    await asyncio.create_task(run.think(HELLO))


async def wait_for(run: Run) -> None:
    await asyncio.wait_for(run.think(HELLO), timeout=5)


async def outer_run_in_a_branch(run: Run) -> None:
    await run.all(lambda _: run.think(HELLO))


@pytest.mark.parametrize(
    "misuse",
    [gather, task_group, new_task, wait_for, outer_run_in_a_branch],
    ids=lambda f: f.__name__,
)
async def test_a_run_used_from_another_task_is_refused(
    misuse: Callable[[Run], Awaitable[None]],
) -> None:
    class Misusing:
        async def solve(self, task: Task, run: Run, /) -> Answer:
            await misuse(run)
            return await run.answer(task.messages)

    llm = FunctionLLM(lambda _: "hi")
    if misuse is wait_for and sys.version_info >= (3, 12):
        pytest.skip("wait_for stays in its task on this Python")
    caught: BaseException | None = None

    try:
        await Agent(llm=llm, planner=Misusing()).run("go")
    except* ConfigurationError as errors:
        caught = errors.exceptions[0]

    assert "run.all" in str(caught)
    assert llm.requests == []


async def plan(body: Callable[[Run], Awaitable[object]]) -> None:
    class Planned:
        async def solve(self, task: Task, run: Run, /) -> Answer:
            await body(run)
            return await run.answer([*task.messages, AssistantMessage(content="done")])

    await Agent(llm=FunctionLLM(lambda _: "hi"), planner=Planned()).run("go")


@pytest.mark.parametrize("name", ["", "a/b", "all", "race-1", "act", "child-2", "end", "a b"])
async def test_a_name_that_would_confuse_keys_is_refused(name: str) -> None:
    async def body(run: Run) -> None:
        run.scope(name)

    with pytest.raises(ConfigurationError, match="cannot name a scope"):
        await plan(body)


async def wait(run: Run, inputs: object) -> str:
    return "done"


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ({"a": Node(wait, after=("b",))}, "no steps"),
        ({"a": Node(wait, after=("b",)), "b": Node(wait, after=("a",))}, "wait for each other"),
        ({"a": Node(wait, after=("a",))}, "wait for each other"),
        ({"a/b": Node(wait)}, "cannot name"),
        ({"": Node(wait)}, "cannot name"),
    ],
)
async def test_a_graph_that_cannot_run_is_refused(nodes: dict[str, Node[str]], reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        await plan(lambda run: run.dag(nodes))


async def test_a_step_of_a_graph_sees_the_results_it_declared_and_no_others() -> None:
    seen: dict[str, object] = {}

    def step(name: str) -> Node[str]:
        async def action(run: Run, inputs: object) -> str:
            seen[name] = inputs
            return name.upper()

        return Node(action, after={"c": ("a",), "d": ("a", "c")}.get(name, ()))

    await plan(lambda run: run.dag({name: step(name) for name in "dcba"}))

    assert seen == {"a": {}, "b": {}, "c": {"a": "A"}, "d": {"a": "A", "c": "C"}}


async def test_no_branches_are_no_work() -> None:
    async def body(run: Run) -> None:
        assert await run.all() == ()
        assert await run.dag({}) == {}
        with pytest.raises(ConfigurationError, match="without a branch"):
            await run.race()

    await plan(body)
