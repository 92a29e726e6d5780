"""Conversations that go on: by session, or by the messages of an earlier result."""

from __future__ import annotations

import pytest

from agentcore import Agent, MemoryJournal, dump_messages, load_messages, tool
from agentcore.memory import Conversation
from agentcore.testing import ScriptedLLM, call


@tool
def find(title: str) -> str:
    "Find a book."
    return "B7"


async def test_a_session_goes_on_and_others_do_not_see_it() -> None:
    llm = ScriptedLLM("Hello Ann.", "Ann.", "Who are you?")
    agent = Agent(llm=llm)
    await agent.run("I am Ann.", session="a")
    await agent.run("Who am I?", session="a")
    await agent.run("Who am I?", session="b")

    sent = [[str(item.content) for item in request.messages] for request in llm.requests]
    assert sent == [["I am Ann."], ["I am Ann.", "Hello Ann.", "Who am I?"], ["Who am I?"]]


async def test_a_failed_run_leaves_its_session_as_it_was() -> None:
    memory = Conversation()
    agent = Agent(llm=ScriptedLLM("fine", RuntimeError("cut")), memory=memory)
    await agent.run("one", session="s")
    before = await memory.history("s")

    with pytest.raises(RuntimeError):
        await agent.run("two", session="s")

    assert await memory.history("s") == before


async def test_a_resumed_run_is_added_to_its_session_once() -> None:
    memory, journal = Conversation(), MemoryJournal()
    for _ in range(3):
        llm = ScriptedLLM("hi") if not journal.events() else ScriptedLLM()
        await Agent(llm=llm, memory=memory).run("hello", session="s", journal=journal)

    assert len(await memory.history("s")) == 2


async def test_messages_of_a_result_are_stored_loaded_and_gone_on_from() -> None:
    finder = Agent(llm=ScriptedLLM(call("find", title="Dune"), "B7"), tools=[find])
    first = await finder.run("Dune?")
    llm = ScriptedLLM("B7, as I said.")

    history = load_messages(dump_messages(first.messages))
    await Agent(llm=llm).run("Where?", history=history)

    assert history == first.messages
    assert llm.requests[0].messages[:-1] == first.messages
