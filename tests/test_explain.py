"""What explain shows, part by part; that it changes nothing. tests/brain compares the bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from agentcore import (
    LLM,
    Abilities,
    Agent,
    Answer,
    AssistantMessage,
    Budget,
    ConfigurationError,
    MemoryHit,
    Run,
    Task,
    ToolCall,
    UserMessage,
    tool,
)
from agentcore.brain import Cached, Fallback, Probed
from agentcore.memory import Conversation, SimilarExamples
from agentcore.planners import ReAct
from agentcore.testing import FunctionLLM, ScriptedLLM, call
from agentcore.values import JsonValue


@tool
def count(shelf: str) -> int:
    """Zähle die Bücher auf einem Regal: 数."""
    return len(shelf)


class Clerk(Agent[list[int]]):
    """You count books. Sei genau: é 漢 😀."""

    tools = (count,)
    examples = SimilarExamples([("Shelf a?", [1]), ("Weather?", [2])], top_k=1)


HISTORY = [
    UserMessage(content="Grüße"),
    AssistantMessage(tool_calls=(ToolCall(id="c", name="count", arguments='{"shelf": "ü"}'),)),
    AssistantMessage(content="😀"),
]


async def test_a_model_that_shows_no_payload_is_explained_by_its_request() -> None:
    llm = ScriptedLLM("[3]")
    agent = Clerk(llm=llm)

    explanation = await agent.explain("How many?")
    assert llm.requests == []
    await agent.run("How many?")

    assert explanation.request == llm.requests[0]
    assert '"How many?"' in explanation.payload.decode()


class Notes:
    """A memory that finds one note."""

    async def add(
        self,
        text: str,
        *,
        source: str = "",
        metadata: Mapping[str, JsonValue] | None = None,
        run: Run | None = None,
    ) -> None:
        raise AssertionError(text)

    async def search(
        self, query: str, *, top_k: int = 5, run: Run | None = None
    ) -> list[MemoryHit]:
        return [MemoryHit(text="Shelf b was moved to the cellar in May.", score=1.0)]


class Recalling:
    async def solve(self, task: Task, run: Run, /) -> Answer:
        (hit,) = await run.recall(task.text)
        return await run.answer([*task.messages, UserMessage(content=f"You know: {hit.text}")])


async def test_every_part_has_its_tokens() -> None:
    agent = Clerk(llm=ScriptedLLM(), planner=Recalling(), memory=Notes())

    explanation = await agent.explain("Shelf b?", history=HISTORY)

    sections = explanation.sections
    assert set(sections) == {
        "instructions", "schema", "examples", "history", "percepts", "memory", "planner",
    }  # fmt: skip
    assert sections["memory"] == len("Shelf b was moved to the cellar in May.") // 3
    assert explanation.tokens == sum(sections.values())
    shown = str(explanation)
    assert "memory" in shown
    assert shown.endswith(explanation.payload.decode())


async def test_tools_are_a_part_where_they_are_sent_natively() -> None:
    native = await Clerk(llm=ScriptedLLM()).explain("?")
    react = await Clerk(llm=ScriptedLLM(abilities=Abilities(tools=False))).explain("?")

    assert native.sections["tools"] > 0
    assert "planner" not in native.sections
    assert "tools" not in react.sections
    assert react.sections["planner"] > native.sections["tools"] / 2


async def test_the_bound_of_the_budget_is_shown_too() -> None:
    agent = Clerk(llm=ScriptedLLM())

    explanation = await agent.explain("?", budget=Budget(max_tokens=900, output_tokens=77))

    assert explanation.request.sampling.max_tokens == 77


async def test_explaining_writes_no_session_and_calls_no_listener() -> None:
    heard: list[str] = []

    class Listening(Agent):
        def on_event(self, event: object, /) -> None:
            heard.append(repr(event))

    llm = ScriptedLLM("hi")
    agent = Listening(llm=llm)

    await agent.explain("first task", session="s")
    await agent.run("two", session="s")

    assert llm.requests[0].messages == (UserMessage(content="two"),)
    assert not any("first task" in event for event in heard)


async def test_explaining_writes_no_session_where_a_cache_has_the_answer() -> None:
    llm = Cached(ScriptedLLM("hi"), ":memory:")
    await Agent(llm=llm).run("task")
    memory = Conversation()

    with pytest.raises(ConfigurationError, match="cannot be shown"):
        await Agent(llm=llm, memory=memory).explain("task", session="s")

    assert await memory.history("s") == ()


async def test_a_model_that_was_never_probed_is_shown_the_task_and_not_a_probe(
    tmp_path: Path,
) -> None:
    llm = ScriptedLLM()
    for model in (Probed(llm, cache_dir=tmp_path), Fallback(Probed(llm, cache_dir=tmp_path), llm)):
        explanation = await Agent(llm=model).explain("The task.")

        assert explanation.request.messages == (UserMessage(content="The task."),)
    assert llm.requests == []
    assert not any(tmp_path.iterdir())  # noqa: ASYNC240 - a folder of the test's own


async def test_a_passport_that_is_kept_is_used(tmp_path: Path) -> None:
    llm = FunctionLLM(lambda _: "I never call a tool.")
    await Probed(llm, cache_dir=tmp_path).probe()
    asked = len(llm.requests)

    explanation = await Clerk(llm=Probed(llm, cache_dir=tmp_path)).explain("How many?")

    assert "tools" not in explanation.sections
    assert len(llm.requests) == asked


class Noting:
    """A planner that remembers first."""

    async def solve(self, task: Task, run: Run, /) -> Answer:
        await run.remember(task.text)
        return await run.answer(task.messages)


async def test_explaining_stores_nothing_in_the_memory() -> None:
    memory = Conversation()
    agent = Agent(llm=ScriptedLLM(), planner=Noting(), memory=memory)

    with pytest.raises(ConfigurationError, match="stores something in its memory"):
        await agent.explain("A note.")

    assert await memory.search("note") == []


class Hasty:
    """A planner that acts first."""

    async def solve(self, task: Task, run: Run, /) -> Answer:
        await run.act([call("count", shelf="a")])
        return await run.answer(task.messages)


class Sure:
    async def solve(self, task: Task, run: Run, /) -> Answer:
        return await run.answer([AssistantMessage(content="[1]")])


class Asking:
    async def solve(self, task: Task, run: Run, /) -> Answer:
        await run.ask("Really?")
        return await run.answer(task.messages)


@pytest.mark.parametrize("planner", [Hasty(), Sure(), Asking()])
async def test_a_planner_that_does_not_ask_the_model_first_cannot_be_explained(
    planner: Hasty | Sure | Asking,
) -> None:
    with pytest.raises(ConfigurationError, match="first model call of Clerk cannot be shown"):
        await Clerk(llm=ScriptedLLM(), planner=planner).explain("?")


class Delegating:
    def __init__(self, llm: LLM) -> None:
        self.child = Clerk(llm=llm)

    async def solve(self, task: Task, run: Run, /) -> Answer:
        result = await run.child(self.child, task.text)
        return await run.answer([AssistantMessage(content=str(result.output))])


async def test_the_model_of_a_child_is_not_asked_either() -> None:
    llm = ScriptedLLM()

    explanation = await Clerk(llm=ScriptedLLM(), planner=Delegating(llm)).explain("Shelf c?")

    assert llm.requests == []
    assert explanation.request.messages[-1] == UserMessage(content="Shelf c?")


async def test_a_journal_is_not_taken() -> None:
    with pytest.raises(ConfigurationError, match="decisions"):
        await Clerk(llm=ScriptedLLM()).explain("?", decisions={})


async def test_the_developers_mistake_is_raised_as_it_is() -> None:
    with pytest.raises(ConfigurationError, match="boom"):
        await Clerk(llm=ScriptedLLM(), planner=ReAct(prompt="{{ boom }}")).explain("?")


async def test_what_will_be_cut_is_explained() -> None:
    history = [UserMessage(content="x" * 3000), AssistantMessage(content="ok")]
    agent = Agent(llm=ScriptedLLM(abilities=Abilities(context_tokens=500)))

    explanation = await agent.explain("now", history=history)

    assert explanation.cut is not None
    assert explanation.cut.messages == 2
    assert explanation.request.messages == (UserMessage(content="now"),)
    assert "left out" in str(explanation)
