"""Summaries in the place of what does not fit: asked for within the run, and replayed with it."""

from __future__ import annotations

import re

from agentcore import (
    Abilities,
    Agent,
    AssistantMessage,
    LLMRequest,
    MemoryJournal,
    Message,
    TextDelta,
    UserMessage,
    tool,
)
from agentcore.memory import Conversation
from agentcore.messages import ImagePart, TextPart
from agentcore.testing import FunctionLLM, Reply, ScriptedLLM, call
from agentcore.window import tokens_of


def small(tokens: int = 400, *, tools: bool = True) -> Abilities:
    return Abilities(tools=tools, context_tokens=tokens)


def turns(count: int, size: int = 120) -> list[Message]:
    history: list[Message] = []
    for number in range(count):
        history += [
            UserMessage(content=f"question {number} " + "x" * size),
            AssistantMessage(content=f"answer {number}"),
        ]
    return history


def texts(request: LLMRequest) -> str:
    return "\n".join(str(message.content) for message in request.messages)


@tool
def read_page(number: int) -> str:
    """Read a page."""
    return f"page {number} begins " + "z" * 300 + f" page {number} ends"


def reading(request: LLMRequest) -> Reply:
    """Read six pages, one after the other, then answer."""
    number = max([0, *(int(page) + 1 for page in re.findall(r"page (\d) ends", texts(request)))])
    return "read" if number > 6 else call("read_page", number=number)


async def test_a_summary_stands_for_what_was_left_out() -> None:
    def reply(request: LLMRequest) -> str:
        return "They counted to eight." if "Summarise" in texts(request) else "ok"

    llm = FunctionLLM(reply, abilities=small())
    result = await Agent(llm=llm, overflow="summarise").run("now", history=turns(8))

    *asked, last = llm.requests
    assert len(asked) >= 1
    assert "question 0" in texts(asked[0])
    assert all(tokens_of(request.messages) <= 400 for request in llm.requests)
    assert str(last.messages[-1].content) == (
        "Summary of the conversation so far, parts of which are left out:\n"
        "They counted to eight.\n\nnow"
    )
    assert result.cuts[0].summary == "They counted to eight."
    assert result.output == "ok"


async def test_a_summary_is_made_once_for_several_steps() -> None:
    def reply(request: LLMRequest) -> Reply:
        return "Pages 1 and 2." if "Summarise" in texts(request) else reading(request)

    llm = FunctionLLM(reply, abilities=small(1500))
    agent = Agent(llm=llm, tools=[read_page], overflow="summarise")
    result = await agent.run("Read all!", history=turns(14))

    summaries = [request for request in llm.requests if "Summarise" in texts(request)]
    assert 1 <= len(summaries) < len([cut for cut in result.cuts if cut.summary])


async def test_a_run_with_summaries_is_replayed_without_the_model() -> None:
    def reply(request: LLMRequest) -> Reply:
        return "Pages." if "Summarise" in texts(request) else reading(request)

    def agent(llm: FunctionLLM) -> Agent:
        return Agent(llm=llm, tools=[read_page], overflow="summarise")

    journal = MemoryJournal()
    first = await agent(FunctionLLM(reply, abilities=small(700))).run(
        "Read all!", history=turns(4), journal=journal
    )
    dead = ScriptedLLM(abilities=small(700))

    again = await agent(dead).run("Read all!", history=turns(4), journal=journal)

    assert any(cut.summary for cut in first.cuts)
    assert (again.output, again.cuts, again.messages) == (first.output, first.cuts, first.messages)
    assert dead.requests == []


async def test_the_summary_is_not_streamed_as_if_it_were_the_answer() -> None:
    llm = FunctionLLM(
        lambda request: "SUMMARY" if "Summarise" in texts(request) else "ok", abilities=small()
    )
    agent = Agent(llm=llm, overflow="summarise")

    items = [item async for item in agent.stream("now", history=turns(8))]

    assert [item.text for item in items if isinstance(item, TextDelta)] == ["ok"]


async def test_what_is_longer_than_the_window_is_summarised_piece_by_piece() -> None:
    def reply(request: LLMRequest) -> str:
        return "S." if "Summarise" in texts(request) else "ok"

    llm = FunctionLLM(reply, abilities=small(1000))
    await Agent(llm=llm, overflow="summarise").run("now", history=turns(60))

    *summaries, last = llm.requests
    assert len(summaries) > 2
    assert all("What came before it:\nS." in texts(request) for request in summaries[1:])
    assert all(tokens_of(request.messages) <= 750 for request in llm.requests)
    assert str(last.messages[-1].content).startswith("Summary of the conversation so far")


async def test_a_summary_stands_before_an_image_as_well() -> None:
    image = ImagePart(url="https://example.org/a.png")
    llm = FunctionLLM(
        lambda request: "S." if "Summarise" in texts(request) else "ok",
        abilities=Abilities(context_tokens=2000, images=True),
    )

    await Agent(llm=llm, overflow="summarise").run(["look", image], history=turns(20))

    content = llm.requests[-1].messages[-1].content
    assert not isinstance(content, str)
    assert [part.kind for part in content] == ["text", "text", "image"]
    assert isinstance(content[0], TextPart)
    assert content[0].text.endswith("S.")


async def test_a_session_keeps_what_the_user_said_without_the_summary() -> None:
    def reply(request: LLMRequest) -> str:
        return "S." if "Summarise" in texts(request) else "ok"

    memory = Conversation()
    llm = FunctionLLM(reply, abilities=small())
    agent = Agent(llm=llm, memory=memory, overflow="summarise")
    asked = [f"question {number} " + "x" * 120 for number in range(8)]
    for question in asked:
        await agent.run(question, session="s")

    assert "Summary of the" in texts(llm.requests[-1])
    kept = await memory.history("s")
    assert [message.content for message in kept if message.role == "user"] == asked
