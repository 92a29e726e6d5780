"""The types that a user of the public names sees; read by pyright and mypy, never run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, assert_type

from pydantic import BaseModel

from agentcore import (
    LLM,
    Abilities,
    Agent,
    Answer,
    Budget,
    Completion,
    Event,
    Finished,
    Journal,
    LLMRequest,
    MapItem,
    Memory,
    MemoryHit,
    MemoryJournal,
    Message,
    Node,
    Partial,
    Percept,
    Planner,
    Result,
    Run,
    RunContext,
    Sensor,
    SessionMemory,
    Task,
    TextDelta,
    TextPart,
    ToolCall,
)
from agentcore.brain.structured import OutputType
from agentcore.memory import Conversation
from agentcore.planners import ReAct, ToolCalling
from agentcore.planning import Runnable
from agentcore.stream import RunStream
from agentcore.testing import FunctionLLM, ScriptedLLM, call
from agentcore.values import JsonValue

T = TypeVar("T")


class Animal(BaseModel):
    name: str


class Dog(Animal):
    breed: str


class Plain(Agent):
    """You answer in plain text."""


class Counter(Agent[int]):
    """You count."""

    llm = "ollama:qwen3:4b"
    budget = Budget(max_steps=3)

    def instructions(self, context: RunContext) -> str:
        return f"The task is {context.task}."

    def validate_output(self, output: int, /) -> int:
        return abs(output)

    def on_event(self, event: Event, /) -> None:
        assert_type(event.seq, int)


class LoudCounter(Counter):
    pass


class Lister(Agent[list[T]]):
    """You list."""


def accept(*values: object) -> None:
    """Use values that an assignment checked."""


def outputs() -> None:
    assert_type(Agent(llm="ollama:qwen3:4b").run_sync("a").output, str)
    assert_type(Agent[Dog]().run_sync("a").output, Dog)
    assert_type(Agent[int | None]().run_sync("a").output, int | None)
    assert_type(Plain().run_sync("a").output, str)
    assert_type(Counter().run_sync("a").output, int)
    assert_type(LoudCounter().run_sync("a").output, int)
    assert_type(Lister[Dog]().run_sync("a").output, list[Dog])
    assert_type(Counter().run_sync("a").messages, tuple[Message, ...])
    assert_type(Counter().run_sync("a").trajectory, tuple[Event, ...])


async def runs() -> None:
    assert_type(await Counter().run("a", session="s", deps=3), Result[int])
    assert_type(await Plain().run(["a", b"b"], budget=Budget(max_tokens=9)), Result[str])
    async with Counter() as counter:
        assert_type(counter, Counter)


async def streams() -> None:
    stream = Counter().stream("a")
    assert_type(stream, RunStream[int])
    assert_type(stream.result.output, int)
    async for item in stream:
        if isinstance(item, TextDelta):
            assert_type(item.text, str)
        elif isinstance(item, Finished):
            assert_type(item.result, Result[int])
        elif isinstance(item, Partial):
            assert_type(item.output, int)
        else:
            assert_type(item.seq, int)


async def maps() -> None:
    async for item in Counter().map(["a", 1], concurrency=2):
        assert_type(item, MapItem[int])
        assert_type(item.error, Exception | None)
        if item.result is not None:
            assert_type(item.result.output, int)


def results_are_covariant(dogs: Result[Dog], done: Finished[Dog], item: MapItem[Dog]) -> None:
    animals: Result[Animal] = dogs
    finished: Finished[Animal] = done
    mapped: MapItem[Animal] = item
    anything: Result[object] = animals
    accept(finished, mapped, anything)


def an_output_type_keeps_its_type() -> None:
    assert_type(OutputType[list[int]](list[int]).parse("[1]"), list[int])


class Children:
    """A planner with a child, branches and a graph."""

    async def solve(self, task: Task, run: Run, /) -> Answer:
        assert_type((await run.child(Counter(), task.text)).output, int)
        assert_type(await run.all(_count, _count), tuple[int, ...])
        assert_type(await run.race(_count), int)
        assert_type(
            await run.dag({"a": Node(_step), "b": Node(_step, after=("a",))}), dict[str, int]
        )
        return await run.answer(task.messages)


async def _count(run: Run) -> int:
    return len(run.tools)


async def _step(run: Run, results: Mapping[str, Any]) -> int:
    return len(run.tools) + len(results)


class EchoLLM:
    """A model by shape, without inheritance."""

    name = "echo"
    abilities = Abilities(tools=False)

    async def complete(self, request: LLMRequest, *, on_delta: object = None) -> Completion:
        raise NotImplementedError

    async def aclose(self) -> None: ...


class Notes:
    """A memory by shape."""

    async def add(
        self,
        text: str,
        *,
        source: str = "",
        metadata: Mapping[str, JsonValue] | None = None,
        run: Run | None = None,
    ) -> None: ...

    async def search(
        self, query: str, *, top_k: int = 5, run: Run | None = None
    ) -> list[MemoryHit]:
        return []


class Ear:
    """A sensor by shape."""

    def accepts(self, value: object) -> bool:
        return isinstance(value, bytes)

    async def perceive(self, value: object, *, source: str) -> tuple[Percept, ...]:
        return (Percept(content=TextPart(text=repr(value)), source=source),)


def shapes_fit_their_protocols() -> None:
    llms: Sequence[LLM] = [ScriptedLLM("a"), FunctionLLM(lambda _: "a"), EchoLLM()]
    memories: Sequence[Memory] = [Conversation(), Notes()]
    sessions: SessionMemory = Conversation()
    planners: Sequence[Planner] = [ReAct(), ToolCalling(), Children()]
    journal: Journal = MemoryJournal()
    sensor: Sensor = Ear()
    child: Runnable[int] = Counter()
    wider: Runnable[object] = Counter()
    Agent(llm=llms[0], memory=memories[0], planner=planners[0], sensors=[sensor])
    Agent(llm=llms[0], memory=sessions).run_sync("a", journal=journal)
    accept(child, wider)


def test_doubles_keep_their_types() -> None:
    assert_type(call("add", a=2, b=[3]), ToolCall)
    assert_type(ScriptedLLM("a", call("add"), (call("a"), call("b"))).requests, list[LLMRequest])
