"""Random models made of models, under random plans: replayed in a dead world, resumed anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from zlib import crc32

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentcore import (
    Abilities,
    Agent,
    Answer,
    AssistantMessage,
    Budget,
    Completion,
    LLMRequest,
    LLMUnavailableError,
    MemoryJournal,
    ModelCalls,
    Run,
    StepLimitError,
    Task,
    Usage,
    UserMessage,
)
from agentcore.brain import DirectCalls
from agentcore.interfaces import DeltaSink
from agentcore.testing import FunctionLLM


@dataclass(frozen=True)
class Tree:
    """A program: what to do, with which parts."""

    kind: str
    name: str
    parts: tuple[Tree, ...] = ()


NAMES = st.sampled_from("abcd")
asked = st.recursive(
    st.builds(Tree, st.sampled_from(("ask", "ask_fails", "clock")), NAMES),
    lambda inner: st.builds(
        Tree,
        st.sampled_from(("seq", "all", "catch", "model")),
        NAMES,
        st.lists(inner, min_size=1, max_size=3).map(tuple),
    ),
    max_leaves=8,
)
planned = st.recursive(
    st.builds(
        Tree, st.sampled_from(("model", "think")), NAMES, st.lists(asked, max_size=3).map(tuple)
    ),
    lambda inner: st.builds(
        Tree,
        st.sampled_from(("seq", "all", "race", "catch")),
        NAMES,
        st.lists(inner, min_size=1, max_size=3).map(tuple),
    ),
    max_leaves=5,
)


class World:
    """The one model at the end of all, and a count of what it was asked."""

    def __init__(self, *, is_dead: bool = False) -> None:
        self.is_dead = is_dead
        self.asked = 0
        self.llm = FunctionLLM(self.reply)

    async def reply(self, request: LLMRequest) -> str:
        text = str(request.messages[-1].content)
        assert not self.is_dead, f"{text} was asked again"
        self.asked += 1
        for _ in range(crc32(text.encode()) % 5):
            await asyncio.sleep(0)
        if "fails" in text:
            raise LLMUnavailableError(f"no answer to {text}")
        return f"<{text}>"


class Model:
    """An LLM that does what its tree says."""

    abilities = Abilities()

    def __init__(self, tree: Tree, world: World) -> None:
        self.name = f"model({tree})"
        self.tree = tree
        self.world = world

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        return await self.compose(request, DirectCalls(), on_delta=on_delta)

    async def compose(
        self, request: LLMRequest, calls: ModelCalls, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        texts = [await ask(part, calls, self.world) for part in self.tree.parts]
        return Completion(message=AssistantMessage(content=f"({','.join(texts)})"))

    async def aclose(self) -> None: ...


def request(text: str) -> LLMRequest:
    return LLMRequest(messages=(UserMessage(content=text),))


async def ask(tree: Tree, calls: ModelCalls, world: World) -> str:
    """Run a tree on any calls; its result does not depend on which branch is faster."""
    branches = [branch(part, world) for part in tree.parts]
    match tree.kind:
        case "ask" | "ask_fails":
            text = (await calls.complete(world.llm, request(f"{tree.kind} {tree.name}"))).text
        case "model":
            text = (await calls.complete(Model(tree, world), request(tree.name))).text
        case "clock":
            text = f"{await calls.random() < 1}{bool(await calls.now())}{await calls.sleep(0)}"
        case "all":
            text = "&".join(await calls.all(*branches))
        case "catch":
            try:
                text = await branches[0](calls)
            except LLMUnavailableError:
                text = "caught " + await ask(Tree("ask", tree.name), calls, world)
        case _:
            text = ",".join([await one(calls) for one in branches])
    return text


def branch(tree: Tree, world: World) -> Callable[[ModelCalls], Awaitable[str]]:
    return lambda calls: ask(tree, calls, world)


def plan_branch(tree: Tree, world: World) -> Callable[[Run], Awaitable[str]]:
    return lambda run: plan(tree, run, world)


async def plan(tree: Tree, run: Run, world: World) -> str:
    """Run a tree of what planners do."""
    branches = [plan_branch(part, world) for part in tree.parts]
    match tree.kind:
        case "think":
            text = (await run.think([UserMessage(content=tree.name)])).text
        case "all":
            text = "&".join(await run.all(*branches))
        case "race":
            await run.race(*branches)
            text = "race"
        case "seq":
            text = ",".join([await one(run) for one in branches])
        case "catch":
            try:
                text = await branches[0](run)
            except LLMUnavailableError:
                text = "caught " + (await run.think([UserMessage(content=tree.name)])).text
        case _:
            text = await ask(tree, run, world)
    return text


@dataclass(frozen=True)
class Outcome:
    text: str
    usage: Usage | None = None


async def outcome(
    tree: Tree, model: Tree, journal: MemoryJournal, world: World, *, max_steps: int | None = None
) -> Outcome:
    class Planned:
        async def solve(self, task: Task, run: Run, /) -> Answer:
            text = await plan(tree, run, world)
            return await run.answer([*task.messages, AssistantMessage(content=text)])

    llm = Model(Tree("model", "agent", (model,)), world)
    agent = Agent(llm=llm, planner=Planned(), budget=Budget(max_steps=max_steps))
    try:
        result = await agent.run("task", journal=journal)
    except LLMUnavailableError:
        return Outcome("failed")
    return Outcome(result.output, result.usage)


def patient(examples: int) -> settings:
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )


@patient(40)
@given(planned, asked)
def test_a_filled_journal_replays_without_asking_any_model(tree: Tree, model: Tree) -> None:
    async def check() -> None:
        journal, world = MemoryJournal(), World()
        first = await outcome(tree, model, journal, world)
        before = journal.events()
        if first.text == "failed":
            return

        again = await outcome(tree, model, journal, World(is_dead=True))

        assert again == first
        assert journal.events() == before

    asyncio.run(check())


@patient(40)
@given(planned, asked)
def test_every_prefix_resumes_to_the_same_output(tree: Tree, model: Tree) -> None:
    async def check() -> None:
        journal, whole = MemoryJournal(), World()
        first = await outcome(tree, model, journal, whole)
        events = journal.events()

        for length in range(len(events)):
            resumed, world = MemoryJournal(events[:length]), World()
            again = await outcome(tree, model, resumed, world)

            assert again.text == first.text, f"prefix of {length}"
            dead = World(is_dead=again.text != "failed")
            assert (await outcome(tree, model, resumed, dead)).text == again.text

    asyncio.run(check())


@patient(40)
@given(planned, asked, st.integers(0, 40))
def test_a_run_cancelled_at_any_moment_resumes_to_the_same_output(
    tree: Tree, model: Tree, ticks: int
) -> None:
    async def check() -> None:
        whole = await outcome(tree, model, MemoryJournal(), World())
        journal = MemoryJournal()
        task = asyncio.create_task(outcome(tree, model, journal, World()))
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))

        resumed = await outcome(tree, model, journal, World())

        assert resumed.text == whole.text

    asyncio.run(check())


@patient(40)
@given(planned, asked, st.integers(1, 6))
def test_no_tree_asks_more_often_than_the_budget_allows(
    tree: Tree, model: Tree, max_steps: int
) -> None:
    async def check() -> None:
        world = World()
        with suppress(StepLimitError):
            await outcome(tree, model, MemoryJournal(), world, max_steps=max_steps)
        assert world.asked <= max_steps

    asyncio.run(check())
