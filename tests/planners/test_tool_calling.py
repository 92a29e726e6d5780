from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from pydantic import BaseModel

from agentcore import (
    Agent,
    AssistantMessage,
    Budget,
    ConfigurationError,
    OutputParseError,
    StepLimitError,
    ToolMessage,
    UserMessage,
    dump_messages,
    load_messages,
    tool,
)
from agentcore.planners import ToolCalling
from agentcore.testing import ScriptedLLM, call


class Count(BaseModel):
    books: int


@dataclass
class Library:
    """A library, and what was done to it."""

    lent: list[str] = field(default_factory=list[str])

    @tool
    def lend(self, title: str) -> str:
        """Lend a book."""
        self.lent.append(title)
        return f"lent {title}"


@tool
def count(shelf: str) -> int:
    """Count the books on a shelf."""
    return len(shelf)


def agent(llm: ScriptedLLM, *, max_steps: int = 12) -> Agent[str]:
    return Agent(llm=llm, tools=[count], planner=ToolCalling(max_steps=max_steps))


async def test_the_model_is_offered_the_tools_and_reads_their_results() -> None:
    llm = ScriptedLLM(call("count", shelf="abc"), "There are 3.")

    result = await agent(llm).run("How many?")

    assert result.output == "There are 3."
    assert [[spec.name for spec in request.tools] for request in llm.requests] == [["count"]] * 2
    assert llm.requests[1].messages[-1] == ToolMessage(
        tool_call_id="call-1", name="count", content="3"
    )


async def test_calls_of_one_reply_are_answered_in_their_order() -> None:
    llm = ScriptedLLM((call("count", shelf="a"), call("count", shelf="ab")), "done")

    await agent(llm).run("Count both.")

    results = [m for m in llm.requests[1].messages if isinstance(m, ToolMessage)]
    assert [(m.tool_call_id, m.content) for m in results] == [("call-1", "1"), ("call-1.2", "2")]


async def test_the_last_step_offers_no_tools() -> None:
    llm = ScriptedLLM(call("count", shelf="a"), "1")

    result = await agent(llm, max_steps=2).run("How many?")

    assert [len(request.tools) for request in llm.requests] == [1, 0]
    assert result.output == "1"


async def test_one_step_is_for_the_answer() -> None:
    llm = ScriptedLLM("none")

    await agent(llm, max_steps=1).run("How many?")

    assert [request.tools for request in llm.requests] == [()]


async def test_a_call_in_the_last_step_is_not_executed() -> None:
    library = Library()
    llm = ScriptedLLM(call("lend", title="Dune"), call("lend", title="Emma"))
    lender = Agent(llm=llm, tools=[library.lend], planner=ToolCalling(max_steps=2))

    with pytest.raises(StepLimitError, match="max_steps=2"):
        await lender.run("Lend me all.")

    assert library.lent == ["Dune"]


async def test_an_error_at_the_last_step_carries_a_whole_conversation() -> None:
    llm = ScriptedLLM(call("count", shelf="a"), call("count", shelf="b"))

    with pytest.raises(StepLimitError) as caught:
        await agent(llm, max_steps=2).run("How many?")

    last = caught.value.messages[-1]
    assert isinstance(last, ToolMessage)
    assert last.is_error
    assert [event.kind for event in caught.value.trajectory].count("thought") == 2


async def test_text_beside_a_call_is_never_taken_for_an_answer() -> None:
    asking = AssistantMessage(
        content="About 1, let me see.", tool_calls=(call("count", shelf="a"),)
    )
    llm = ScriptedLLM(asking, call("count", shelf="b"))

    with pytest.raises(StepLimitError):
        await agent(llm, max_steps=2).run("How many?")


async def test_a_bound_can_raise_instead_of_answering() -> None:
    asking = AssistantMessage(content="About 1.", tool_calls=(call("count", shelf="a"),))
    llm = ScriptedLLM(asking)

    with pytest.raises(StepLimitError):
        await agent(llm).run("How many?", budget=Budget(max_steps=1, at_limit="raise"))


async def test_an_unknown_tool_is_told_to_the_model() -> None:
    llm = ScriptedLLM(call("cuont", shelf="a"), "sorry")

    await agent(llm).run("How many?")

    told = llm.requests[1].messages[-1]
    assert isinstance(told, ToolMessage)
    assert told.is_error
    assert "'cuont'" in told.content
    assert "count" in told.content.replace("cuont", "")


async def test_without_tools_the_model_is_asked_once() -> None:
    llm = ScriptedLLM("hello")

    result = await Agent(llm=llm, planner=ToolCalling()).run("hi")

    assert result.output == "hello"
    assert [request.messages for request in llm.requests] == [(UserMessage(content="hi"),)]


async def test_a_typed_answer_that_is_wrong_is_asked_for_again_with_the_reason() -> None:
    llm = ScriptedLLM(call("count", shelf="a"), "There is one.", '{"books": 1}')
    counter = Agent[Count](llm=llm, tools=[count], planner=ToolCalling())

    result = await counter.run("How many?")

    assert result.output == Count(books=1)
    assert "'There is one.'" in str(llm.requests[2].messages[-1].content)
    assert [request.output_schema is not None for request in llm.requests] == [False, False, True]


async def test_a_typed_answer_is_asked_for_in_the_instructions() -> None:
    llm = ScriptedLLM('{"books": 1}')

    await Agent[Count](llm=llm, tools=[count], planner=ToolCalling()).run("How many?")

    assert '"books"' in str(llm.requests[0].messages[0].content)


async def test_an_answer_that_never_becomes_valid_is_an_error() -> None:
    llm = ScriptedLLM("a", "b", "c")

    with pytest.raises(OutputParseError) as caught:
        await Agent[int](llm=llm, tools=[count], planner=ToolCalling(), output_retries=2).run("?")

    assert caught.value.text == "c"


async def test_the_conversation_can_be_stored_and_gone_on_from() -> None:
    first = await agent(ScriptedLLM(call("count", shelf="a"), "1")).run("How many?")
    llm = ScriptedLLM("As I said.")

    history = load_messages(dump_messages(first.messages))
    await agent(llm).run("Sure?", history=history)

    assert history == first.messages
    assert llm.requests[0].messages == (*first.messages, UserMessage(content="Sure?"))


@pytest.mark.parametrize("max_steps", [0, -1])
def test_no_steps_at_all_is_the_developers_mistake(max_steps: int) -> None:
    with pytest.raises(ConfigurationError, match=f"max_steps is {max_steps}"):
        ToolCalling(max_steps=max_steps)


async def test_a_model_that_writes_nothing_is_asked_again_with_its_tools() -> None:
    llm = ScriptedLLM(call("count", shelf="a"), "  ", call("count", shelf="ab"), "Three.")

    result = await agent(llm).run("How many?")

    assert result.output == "Three."
    assert llm.requests[2].messages[-1] == UserMessage(
        content="You wrote nothing. Call a tool, or give your answer."
    )
    assert [bool(request.tools) for request in llm.requests] == [True] * 4
    assert not any(message.role == "user" for message in result.messages[1:])


async def test_a_call_that_was_written_as_text_is_a_call() -> None:
    text = '<tool_call>{"name": "count", "arguments": {"shelf": "abc"}}</tool_call>'
    llm = ScriptedLLM(text, text, "Three.")

    result = await agent(llm).run("How many?")

    seen = [message for message in result.messages if isinstance(message, ToolMessage)]
    assert result.output == "Three."
    assert [message.content for message in seen] == ["3", "3"]
    said = llm.requests[1].messages[-2]
    assert isinstance(said, AssistantMessage)
    assert said.tool_calls[0].arguments == '{"shelf": "abc"}'


async def test_json_that_calls_no_tool_is_the_answer() -> None:
    text = '{"name": "shout", "arguments": {}}'

    assert (await agent(ScriptedLLM(text)).run("How many?")).output == text
