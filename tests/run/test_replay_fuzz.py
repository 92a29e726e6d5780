"""Random trees of branches and failures: replayed in a dead world, resumed from every prefix."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentcore import (
    Agent,
    Answer,
    AssistantMessage,
    Budget,
    LLMRequest,
    LLMUnavailableError,
    MemoryJournal,
    Node,
    Run,
    Task,
    ToolCall,
    ToolError,
    Usage,
    UserMessage,
    dump_messages,
    tool,
)
from agentcore.testing import FunctionLLM


@dataclass(frozen=True)
class Tree:
    """A program: what to do, with which parts."""

    kind: str
    name: str
    parts: tuple[Tree, ...] = ()


LEAVES = ("think", "think_fails", "act", "act_refused", "now", "random", "offer", "remember")
BRANCHES = ("seq", "scope", "all", "race", "dag", "catch", "child")

leaves = st.builds(Tree, st.sampled_from(LEAVES), st.sampled_from("abcdef"))
trees = st.recursive(
    leaves,
    lambda inner: st.builds(
        Tree,
        st.sampled_from(BRANCHES),
        st.sampled_from("abcdef"),
        st.lists(inner, min_size=1, max_size=3).map(tuple),
    ),
    max_leaves=12,
)


@dataclass
class World:
    """Everything outside of the run, and a count of what was done to it."""

    is_dead: bool = False
    effects: int = 0
    notes: list[str] = field(default_factory=list[str])

    async def touch(self, what: str) -> None:
        assert not self.is_dead, f"{what} was done again"
        self.effects += 1
        for _ in range(crc32(what.encode()) % 5):  # another order of the branches for each tree
            await asyncio.sleep(0)

    async def reply(self, request: LLMRequest) -> str:
        text = str(request.messages[-1].content)
        await self.touch(text)
        if "fails" in text:
            raise LLMUnavailableError(f"no answer to {text}")
        return f"<{text}>"

    async def add(
        self,
        text: str,
        *,
        source: str = "",
        metadata: Mapping[str, Any] | None = None,
        run: Run | None = None,
    ) -> None:
        await self.touch(text)

    async def search(self, query: str, *, top_k: int = 5, run: Run | None = None) -> list[Any]:
        await self.touch(query)
        return []


async def execute(tree: Tree, run: Run, world: World) -> str:
    """Run a tree; its result does not depend on which branch is faster."""
    match tree.kind:
        case "think" | "think_fails":
            reply = await run.think([UserMessage(content=f"{tree.kind} {tree.name}")])
            text = reply.text
        case "act" | "act_refused":
            calls = [
                ToolCall(id=f"{n}", name=tree.kind, arguments=f'{{"n": {n}}}') for n in range(2)
            ]
            text = "+".join(seen.percept.text for seen in await run.act(calls))
        case "now":
            text = (await run.now()).isoformat()
        case "random":
            text = repr(await run.random())
        case "offer":
            await run.offer(tree.name, score=0.5)
            text = "offered"
        case "remember":
            await run.remember(tree.name)
            text = "remembered"
        case _:
            text = await execute_parts(tree, run, world)
    return text


async def execute_parts(tree: Tree, run: Run, world: World) -> str:
    """Run a tree that has parts."""
    branches = [branch(part, world) for part in tree.parts]
    match tree.kind:
        case "seq" | "scope":
            inner = run if tree.kind == "seq" else run.scope(tree.name)
            text = ",".join([await one(inner) for one in branches])
        case "all":
            text = "&".join(await run.all(*branches))
        case "race":
            await run.race(*branches)
            text = "race"
        case "dag":
            nodes = {
                str(n): Node(step(one), after=(str(n - 1),) if n % 2 else ())
                for n, one in enumerate(branches)
            }
            text = "|".join((await run.dag(nodes)).values())
        case "catch":
            try:
                text = await branches[0](run)
            except LLMUnavailableError:
                text = "caught " + await execute(Tree("think", tree.name), run, world)
        case _:
            child = make_agent(Tree("seq", tree.name, tree.parts), world)
            text = (await run.child(child, f"child {tree.name}")).output
    return text


def branch(tree: Tree, world: World) -> Callable[[Run], Awaitable[str]]:
    return lambda run: execute(tree, run, world)


def step(
    one: Callable[[Run], Awaitable[str]],
) -> Callable[[Run, Mapping[str, Any]], Awaitable[str]]:
    async def action(run: Run, inputs: Mapping[str, Any]) -> str:
        return f"{dict(inputs)}{await one(run)}"

    return action


def make_agent(tree: Tree, world: World) -> Agent:
    class Fuzzed(Agent):
        @tool
        async def act(self, n: int) -> str:
            "Do something."
            await world.touch(f"act {tree.name} {n}")
            return f"done {n}"

        @tool
        async def act_refused(self, n: int) -> str:
            "Refuse."
            await world.touch(f"act_refused {tree.name} {n}")
            raise ToolError(f"refused {n}")

    class Planned:
        async def solve(self, task: Task, run: Run, /) -> Answer:
            text = await execute(tree, run, world)
            return await run.answer([*task.messages, AssistantMessage(content=text)])

    budget = Budget(max_steps=None)
    return Fuzzed(llm=FunctionLLM(world.reply), planner=Planned(), memory=world, budget=budget)


@dataclass(frozen=True)
class Outcome:
    text: str
    messages: str = ""
    usage: Usage | None = None


async def outcome(tree: Tree, journal: MemoryJournal, world: World) -> Outcome:
    try:
        result = await make_agent(tree, world).run("task", journal=journal)
    except LLMUnavailableError:
        return Outcome("failed")
    return Outcome(result.output, dump_messages(result.messages), result.usage)


def is_random(tree: Tree) -> bool:
    return tree.kind in ("now", "random") or any(is_random(part) for part in tree.parts)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees)
def test_a_filled_journal_replays_without_any_effect(tree: Tree) -> None:
    async def check() -> None:
        journal = MemoryJournal()
        first = await outcome(tree, journal, World())
        before = journal.events()
        if first.text == "failed":
            return

        again = await outcome(tree, journal, World(is_dead=True))

        assert again == first
        assert journal.events() == before

    asyncio.run(check())


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees)
def test_every_prefix_of_a_journal_resumes_to_the_same_output(tree: Tree) -> None:
    async def check() -> None:
        journal = MemoryJournal()
        whole = World()
        first = await outcome(tree, journal, whole)
        events = journal.events()

        for length in range(len(events)):
            resumed, world = MemoryJournal(events[:length]), World()
            again = await outcome(tree, resumed, world)

            if not is_random(tree):
                assert again.text == first.text, f"prefix of {length}"
            assert (
                again.text
                == (await outcome(tree, resumed, World(is_dead=again.text != "failed"))).text
            )

    asyncio.run(check())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees, st.integers(0, 60))
def test_a_run_cancelled_at_any_moment_resumes_to_the_same_output(tree: Tree, ticks: int) -> None:
    async def check() -> None:
        whole = await outcome(tree, MemoryJournal(), World())
        journal = MemoryJournal()
        task = asyncio.create_task(outcome(tree, journal, World()))
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))

        resumed = await outcome(tree, journal, World())

        if not is_random(tree):
            assert resumed.text == whole.text
        again = await outcome(tree, journal, World(is_dead=resumed.text != "failed"))
        assert again.text == resumed.text

    asyncio.run(check())
