"""What a run and a user may see: journalled effects, and nothing of another namespace."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore import Agent, Answer, AssistantMessage, MemoryJournal, Run, Task
from agentcore.errors import ConfigurationError
from agentcore.memory import Equals, VectorMemory
from agentcore.testing import ScriptedLLM

from .conftest import Clock, Words


def opened(path: Path) -> VectorMemory:
    return VectorMemory(path, embedder=Words(), clock=Clock())


async def test_forgetting_a_user_reaches_every_namespace_of_theirs(path: Path) -> None:
    async with opened(path) as memory:
        for space in ({"user": "ann"}, {"user": "ann", "session": "1"}, {"user": "bob"}):
            await memory.within(**space).add("dune")

        assert await memory.forget(user="ann") == 2
        assert await memory.within(user="ann", session="1").count() == 0
        assert await memory.within(user="bob").count() == 1
        with pytest.raises(ConfigurationError, match="say whom"):
            await memory.forget()


spaces = st.fixed_dictionaries(
    {},
    optional={
        part: st.sampled_from(["", "ann", "bob", "1", "a%", "'"])
        for part in ("user", "agent", "session")
    },
)


@settings(max_examples=25)
@given(st.lists(st.tuples(spaces, st.sampled_from(["dune", "emma"])), max_size=8), spaces)
async def test_a_namespace_never_sees_anothers(
    tmp_path_factory: pytest.TempPathFactory,
    added: list[tuple[dict[str, str], str]],
    asked: dict[str, str],
) -> None:
    def whole(space: dict[str, str]) -> tuple[str, ...]:
        return tuple(space.get(part, "") for part in ("user", "agent", "session"))

    async with opened(tmp_path_factory.mktemp("space") / "m.db") as memory:
        for space, text in added:
            await memory.within(**space).add(text, metadata={"space": list(whole(space))})
        view = memory.within(**asked)
        hits = await view.search("dune", top_k=10)
        filtered = await view.search("dune", top_k=10, where=Equals("none", None))

    mine = {text for space, text in added if whole(space) == whole(asked)}
    assert {hit.text for hit in hits} == {hit.text for hit in filtered} == mine
    assert all(hit.metadata["space"] == list(whole(asked)) for hit in hits)


class Keeping:
    """A planner that remembers and recalls."""

    async def solve(self, task: Task, run: Run, /) -> Answer:
        await run.remember("dune is on shelf B", source="talk", metadata={"n": 1})
        (hit,) = await run.recall("dune", top_k=1)
        return await run.answer([*task.messages, AssistantMessage(content=hit.text + hit.id)])


async def test_a_run_embeds_and_tells_the_time_and_its_replay_does_neither(path: Path) -> None:
    journal, embedder = MemoryJournal(), Words()
    async with VectorMemory(path, embedder=embedder) as memory:
        agent = Agent(llm=ScriptedLLM(), memory=memory, planner=Keeping())
        output = (await agent.run("?", journal=journal)).output
        asked = len(embedder.asked)
        again = (await agent.run("?", journal=journal)).output

        assert output == again
        assert output.startswith("dune is on shelf B")
        assert (asked, len(embedder.asked), await memory.count()) == (2, 2, 1)
    kinds = [event.key for event in journal.events()]
    assert {"remember-1/now-1", "remember-1/embed-1", "recall-1/embed-1"} <= set(kinds)


async def test_a_run_resumed_from_any_point_stores_a_text_once(path: Path) -> None:
    full = MemoryJournal()
    async with VectorMemory(path, embedder=Words()) as memory:
        agent = Agent(llm=ScriptedLLM(), memory=memory, planner=Keeping())
        output = (await agent.run("?", journal=full)).output
        for length in range(len(full.events()) + 1):
            journal = MemoryJournal(full.events()[:length])
            assert (await agent.run("?", journal=journal)).output == output

        assert await memory.count() == 1
