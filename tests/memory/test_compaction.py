from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore import Agent, Budget, MemoryJournal
from agentcore.errors import (
    ConfigurationError,
    CorruptStoreError,
    LLMUnavailableError,
    StepLimitError,
)
from agentcore.memory import Conversation, VectorMemory
from agentcore.memory.compaction import summary_message
from agentcore.messages import (
    AssistantMessage,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
    estimate_tokens,
    settle_calls,
)
from agentcore.testing import FunctionLLM, ScriptedLLM

from .conftest import Words

FIND = ToolCall(id="call-1", name="find", arguments='{"shelf": "B"}')


def turn(text: str, *, size: int = 90) -> tuple[Message, ...]:
    return (UserMessage(content=text), AssistantMessage(content=text.upper() + "." * size))


def summing(*, max_tokens: int = 100, path: Path | None = None) -> Conversation:
    return Conversation(max_tokens=max_tokens, compaction="summarise", path=path)


async def filled(memory: Conversation, texts: Iterable[str]) -> Conversation:
    for text in texts:
        await memory.extend("s", turn(text))
    return memory


async def test_a_full_view_is_summed_up_by_the_model_of_the_run() -> None:
    memory = await filled(summing(), ["one", "two", "three"])
    llm = ScriptedLLM("They counted to two.", "Four.")

    result = await Agent(llm=llm, memory=memory).run("and now?", session="s")

    asked, seen = (request.messages for request in llm.requests)
    assert isinstance(asked[1], UserMessage)
    assert asked[1].text.startswith("Earlier summary:\nnone\n\nSaid since:\nUser: one\nAssistant: ")
    assert "User: two" in asked[1].text
    assert "three" not in asked[1].text
    assert llm.requests[0].sampling.max_tokens == 25
    assert seen == (
        summary_message("They counted to two."),
        *turn("three"),
        UserMessage(content="and now?"),
    )
    assert result.usage.steps == 2


async def test_a_summary_is_kept_and_goes_on_from_the_last() -> None:
    memory = await filled(summing(), ["one", "two", "three"])
    llm = ScriptedLLM("First.", "a", "b", "Second.", "c")
    agent = Agent(llm=llm, memory=memory)

    await agent.run("four", session="s")
    await agent.run("five" + "." * 120, session="s")
    await agent.run("six", session="s")

    texts = [request.messages[-1] for request in llm.requests]
    assert [isinstance(text, UserMessage) and "Said since" in text.text for text in texts] == [
        *(True, False, False, True, False)
    ]
    assert isinstance(texts[3], UserMessage)
    assert texts[3].text.startswith("Earlier summary:\nFirst.\n\nSaid since:\nUser: three")
    assert llm.requests[4].messages[0] == summary_message("Second.")


async def test_what_fits_is_not_summed_up() -> None:
    memory = await filled(summing(max_tokens=1000), ["one", "two"])
    llm = ScriptedLLM("three")

    await Agent(llm=llm, memory=memory).run("?", session="s")

    assert len(llm.requests) == 1


async def test_without_a_run_or_when_the_model_fails_turns_are_dropped() -> None:
    memory = await filled(summing(), ["one", "two", "three"])
    llm = ScriptedLLM(LLMUnavailableError("away", backend="scripted"), "four")

    result = await Agent(llm=llm, memory=memory).run("?", session="s")

    assert result.output == "four"
    assert llm.requests[1].messages[:-1] == (*turn("two"), *turn("three"))[-4:]
    assert [m for m in await memory.history("s") if isinstance(m, UserMessage)][-1].text == "?"


async def test_a_summary_does_not_go_beyond_the_budget_of_the_run() -> None:
    memory = await filled(summing(), ["one", "two", "three"])
    llm = ScriptedLLM("They counted.", "never asked")

    with pytest.raises(StepLimitError):
        await Agent(llm=llm, memory=memory, budget=Budget(max_steps=1)).run("?", session="s")

    assert len(llm.requests) == 1


async def test_a_resumed_run_does_not_sum_up_again() -> None:
    full = MemoryJournal()
    memory = await filled(summing(), ["one", "two", "three"])
    await Agent(llm=ScriptedLLM("They counted.", "four"), memory=memory).run(
        "?", session="s", journal=full
    )
    fresh = await filled(summing(), ["one", "two", "three"])
    journal = MemoryJournal(full.events()[:1])
    llm = ScriptedLLM("four")

    result = await Agent(llm=llm, memory=fresh).run("?", session="s", journal=journal)

    assert result.output == "four"
    assert llm.requests[0].messages[0] == summary_message("They counted.")


async def test_a_text_longer_than_the_window_is_shortened_in_the_middle() -> None:
    memory = summing()
    await memory.extend("s", turn("one", size=100_000))
    await memory.extend("s", turn("two"))
    llm = ScriptedLLM("Short.", "three")

    await Agent(llm=llm, memory=memory).run("?", session="s")

    asked = llm.requests[0].messages[1]
    assert isinstance(asked, UserMessage)
    assert "\n[...]\n" in asked.text
    assert len(asked.text) < 13_000


async def test_calls_and_results_are_shown_to_the_model_that_sums_up() -> None:
    memory = summing(max_tokens=40)
    found = ToolMessage(tool_call_id="call-1", name="find", content="7 books")
    await memory.extend("s", [SystemMessage(content="be brief"), UserMessage(content="how many?")])
    await memory.extend("s", [AssistantMessage(tool_calls=(FIND,)), found])
    await memory.extend("s", turn("two"))
    llm = ScriptedLLM("Seven.", "three")

    await Agent(llm=llm, memory=memory).run("?", session="s")

    asked = llm.requests[0].messages[1]
    assert isinstance(asked, UserMessage)
    assert asked.text.endswith(
        'Said since:\nUser: how many?\nAssistant:  [find {"shelf": "B"}]\nResult of find: 7 books'
    )


ids = st.sampled_from(["a", "b"])
calls = st.lists(st.builds(ToolCall, id=ids, name=st.just("find")), max_size=2).map(tuple)
contents = st.text(max_size=60)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(UserMessage, content=contents),
    st.builds(AssistantMessage, content=contents, tool_calls=calls),
    st.builds(ToolMessage, tool_call_id=ids, name=st.just("find"), content=contents),
)


@settings(max_examples=40)
@given(st.lists(st.lists(messages, max_size=4), max_size=5), st.integers(1, 120))
async def test_no_summed_up_history_holds_a_call_without_its_result_or_the_other_way_round(
    added: list[list[Message]], max_tokens: int
) -> None:
    memory = summing(max_tokens=max_tokens)
    llm = FunctionLLM(lambda _: "A summary.")
    agent = Agent(llm=llm, memory=memory)
    for part in added:
        await memory.extend("s", part)
        seen = (await agent.run("?", session="s")).trajectory
        history = await memory.history("s")
        assert settle_calls(history) == history
        assert seen


async def test_a_session_survives_the_process_in_a_file(path: Path) -> None:
    async with summing(path=path) as memory:
        await filled(memory, ["one", "two", "three"])
        await memory.add("Dune is on shelf B", source="talk", metadata={"n": 1})
        await Agent(llm=ScriptedLLM("They counted.", "four"), memory=memory).run("?", session="s")
    llm = ScriptedLLM("five")
    async with summing(path=path, max_tokens=200) as memory:
        (note,) = await memory.search("dune")
        await Agent(llm=llm, memory=memory).run("and?", session="s")
        await memory.forget("s")

        assert await memory.history("s") == ()
    assert llm.requests[0].messages[0] == summary_message("They counted.")
    assert (note.text, note.source, note.metadata) == ("Dune is on shelf B", "talk", {"n": 1})


async def test_sessions_and_vectors_share_a_file(path: Path) -> None:
    async with VectorMemory(path, embedder=Words()) as vectors, Conversation(path=path) as memory:
        await fill_both(vectors, memory)

        assert await memory.history("s") == turn("one")
        assert [hit.text for hit in await vectors.search("dune")] == ["dune"]


async def fill_both(vectors: VectorMemory, memory: Conversation) -> None:
    await vectors.add("dune")
    await memory.extend("s", turn("one"))


async def test_a_file_that_holds_what_is_no_message_says_so(path: Path) -> None:
    async with Conversation(path=path) as memory:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("INSERT INTO messages (session, message) VALUES ('s', '{}')")
            connection.commit()

        with pytest.raises(CorruptStoreError, match="session 's'"):
            await memory.history("s")
        assert await memory.history("other") == ()


async def test_a_closed_file_says_so(path: Path) -> None:
    memory = Conversation(path=path)
    await memory.aclose()

    with pytest.raises(ConfigurationError, match="were closed"):
        await memory.history("s")


def test_a_compaction_that_does_not_exist_is_the_developers_mistake() -> None:
    with pytest.raises(ConfigurationError, match="'shrink': say 'drop' or 'summarise'"):
        Conversation(compaction="shrink")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] untyped code


def size_of(history: Sequence[Message]) -> int:
    return sum(map(estimate_tokens, history))


@given(st.lists(st.integers(0, 60), max_size=8), st.integers(20, 200))
async def test_a_view_fits_where_its_last_turn_does(sizes: list[int], max_tokens: int) -> None:
    memory = Conversation(max_tokens=max_tokens, compaction="summarise")
    for size in sizes:
        await memory.extend("s", turn("a", size=size))

    history = await memory.history("s")

    last = size_of(turn("a", size=sizes[-1])) if sizes else 0
    assert size_of(history) <= max(max_tokens, last)
