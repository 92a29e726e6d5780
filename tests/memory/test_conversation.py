from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore import Agent
from agentcore.errors import ConfigurationError
from agentcore.interfaces import Memory, SessionMemory
from agentcore.memory import Conversation
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
from agentcore.testing import ScriptedLLM

FIND = ToolCall(id="call-1", name="find")

ids = st.sampled_from(["a", "b"])
calls = st.lists(st.builds(ToolCall, id=ids, name=st.just("find")), max_size=2).map(tuple)
contents = st.text(max_size=30)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(UserMessage, content=contents),
    st.builds(SystemMessage, content=contents),
    st.builds(AssistantMessage, content=contents, tool_calls=calls),
    st.builds(ToolMessage, tool_call_id=ids, name=st.just("find"), content=contents),
)
turns = st.lists(st.lists(messages, max_size=5), max_size=4)


def turn(text: str, *, size: int = 0) -> tuple[Message, ...]:
    return (UserMessage(content=text), AssistantMessage(content=text.upper() + "." * size))


def texts(conversation: Iterable[Message]) -> list[str]:
    return [message.text for message in conversation if isinstance(message, UserMessage)]


async def filled(memory: Conversation, *added: Sequence[Message]) -> Conversation:
    for part in added:
        await memory.extend("s", part)
    return memory


async def test_a_session_is_read_back_in_order() -> None:
    memory = await filled(Conversation(), turn("one"), turn("two"))

    assert await memory.history("s") == (*turn("one"), *turn("two"))


async def test_a_session_that_does_not_exist_is_empty() -> None:
    assert await Conversation().history("s") == ()


async def test_sessions_do_not_see_each_other() -> None:
    memory = await filled(Conversation(), turn("mine"))
    await memory.extend("other", turn("theirs"))

    assert texts(await memory.history("s")) == ["mine"]
    assert texts(await memory.history("other")) == ["theirs"]


async def test_a_forgotten_session_is_empty_and_others_stay() -> None:
    memory = await filled(Conversation(), turn("mine"))
    await memory.extend("other", turn("theirs"))

    await memory.forget("s")
    await memory.forget("never there")

    assert await memory.history("s") == ()
    assert texts(await memory.history("other")) == ["theirs"]


async def test_the_oldest_turns_are_cut_where_they_do_not_fit() -> None:
    memory = await filled(
        Conversation(max_tokens=60), turn("one", size=200), turn("two"), turn("three")
    )

    assert await memory.history("s") == (*turn("two"), *turn("three"))


async def test_no_turn_is_kept_before_one_that_was_cut() -> None:
    memory = await filled(
        Conversation(max_tokens=150), turn("one"), turn("two", size=900), turn("three")
    )

    assert texts(await memory.history("s")) == ["three"]


async def test_the_last_turn_is_kept_however_long_it_is() -> None:
    memory = await filled(Conversation(max_tokens=1), turn("one"), turn("two", size=900))

    assert await memory.history("s") == turn("two", size=900)


async def test_a_turn_keeps_its_calls_and_results_together() -> None:
    asked = AssistantMessage(tool_calls=(FIND,))
    found = ToolMessage(tool_call_id="call-1", name="find", content="7")
    whole = (UserMessage(content="how many?"), asked, found, AssistantMessage(content="7"))
    memory = await filled(Conversation(max_tokens=1), turn("one"), whole)

    assert await memory.history("s") == whole


async def test_nothing_is_deleted_by_a_budget() -> None:
    small = await filled(Conversation(max_tokens=1), turn("one"), turn("two"))
    await small.extend("s", turn("three"))

    assert texts(await small.history("s")) == ["three"]
    assert texts(await (await filled(Conversation(), turn("one"))).history("s")) == ["one"]


@given(turns, st.none() | st.integers(min_value=1, max_value=200))
async def test_no_history_holds_a_call_without_its_result_or_the_other_way_round(
    added: list[list[Message]], max_tokens: int | None
) -> None:
    history = await (await filled(Conversation(max_tokens=max_tokens), *added)).history("s")

    assert settle_calls(history) == history


@given(turns, st.integers(min_value=1, max_value=300))
async def test_a_history_over_the_budget_is_a_single_turn(
    added: list[list[Message]], max_tokens: int
) -> None:
    history = await (await filled(Conversation(max_tokens=max_tokens), *added)).history("s")

    known = [message for message in history if not isinstance(message, ToolMessage)]
    assert sum(map(estimate_tokens, known)) <= max_tokens or not any(
        isinstance(message, UserMessage) for message in history[1:]
    )


@pytest.mark.parametrize("max_tokens", [0, -1])
def test_a_budget_of_nothing_is_the_developers_mistake(max_tokens: int) -> None:
    with pytest.raises(ConfigurationError, match=f"max_tokens is {max_tokens}"):
        Conversation(max_tokens=max_tokens)


async def test_notes_that_share_more_words_come_first_with_their_share() -> None:
    memory = Conversation()
    await memory.add("Dune is on shelf B", source="catalogue", metadata={"year": 1965})
    await memory.add("Shelf C is empty")
    await memory.add("Lunch is at noon")

    first, second = await memory.search("Which SHELF has Dune?")

    assert (first.text, first.score, first.why) == (
        "Dune is on shelf B",
        0.5,
        "shares dune, shelf",
    )
    assert (first.source, first.metadata) == ("catalogue", {"year": 1965})
    assert (second.text, second.score) == ("Shelf C is empty", 0.25)


async def test_no_more_notes_than_wanted_are_returned_and_older_ones_first() -> None:
    memory = Conversation()
    for number in range(4):
        await memory.add(f"note {number}")

    hits = await memory.search("note", top_k=2)

    assert [hit.text for hit in hits] == ["note 0", "note 1"]


@pytest.mark.parametrize("query", ["", "?!", "dragon"])
async def test_a_search_that_matches_nothing_is_no_error(query: str) -> None:
    memory = Conversation()
    await memory.add("Dune is on shelf B")

    assert await memory.search(query) == []


async def test_the_metadata_of_a_note_is_a_copy() -> None:
    memory, metadata = Conversation(), {"year": 1965}
    await memory.add("Dune", metadata=dict(metadata))
    metadata["year"] = 0

    assert (await memory.search("dune"))[0].metadata == {"year": 1965}


async def test_an_agent_sees_its_session_and_no_other() -> None:
    llm = ScriptedLLM("Hello Ann.", "Hello Bob.", "Ann.")
    agent = Agent(llm=llm, memory=Conversation())

    await agent.run("I am Ann.", session="ann")
    await agent.run("I am Bob.", session="bob")
    await agent.run("Who am I?", session="ann")

    assert [getattr(message, "content", "") for message in llm.requests[2].messages] == [
        "I am Ann.",
        "Hello Ann.",
        "Who am I?",
    ]


def test_a_conversation_is_both_kinds_of_memory() -> None:
    notes: Memory = Conversation()

    assert isinstance(notes, SessionMemory)
