"""What stays of a conversation: whatever goes, calls keep their results and the task stays."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore import (
    Abilities,
    Agent,
    Answer,
    AssistantMessage,
    ContextLengthError,
    LLMRequest,
    Message,
    Run,
    Sampling,
    SystemMessage,
    Task,
    ToolCall,
    ToolMessage,
    UserMessage,
    tool,
)
from agentcore.events import Cut, Started, Thought
from agentcore.messages import settle_calls
from agentcore.planners import ReAct
from agentcore.testing import FunctionLLM, Reply, ScriptedLLM, call
from agentcore.window import join, split, tokens_of


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


ids = st.sampled_from(["a", "b", "c"])
calls = st.lists(st.builds(ToolCall, id=ids, name=st.just("find")), max_size=2).map(tuple)
lengths = st.integers(0, 400).map("x".__mul__)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(UserMessage, content=lengths),
    st.builds(SystemMessage, content=lengths),
    st.builds(AssistantMessage, content=lengths, tool_calls=calls),
    st.builds(ToolMessage, tool_call_id=ids, name=st.just("find"), content=lengths),
)


class Saying:
    """A planner that sends one conversation, whatever it is."""

    def __init__(self, conversation: list[Message]) -> None:
        self.conversation = conversation

    async def solve(self, task: Task, run: Run, /) -> Answer:
        await run.think([*self.conversation, *task.messages])
        return await run.answer([AssistantMessage(content="done")])


@settings(max_examples=50)
@given(st.lists(messages, max_size=12))
def test_a_conversation_that_is_taken_apart_is_put_together_the_same(items: list[Message]) -> None:
    settled = settle_calls(items)

    assert join(split(settled, "")) == settled


@settings(max_examples=50)
@given(st.lists(messages, max_size=12), st.sampled_from(["drop", "summarise"]))
def test_no_call_ever_goes_without_its_result(
    items: list[Message], overflow: Literal["drop", "summarise"]
) -> None:
    llm = FunctionLLM(lambda _: "A summary.", abilities=small(300))
    agent = Agent(llm=llm, planner=Saying(items), overflow=overflow)

    agent.run_sync("the task")

    for request in llm.requests:
        assert settle_calls(request.messages) == request.messages
    assert "the task" in str(llm.requests[-1].messages[-1].content)


@settings(max_examples=50)
@given(st.lists(messages, max_size=12))
def test_what_is_left_out_is_counted(items: list[Message]) -> None:
    llm = FunctionLLM(lambda _: "done", abilities=small(300))

    result = Agent(llm=llm, planner=Saying(items)).run_sync("the task")

    settled = settle_calls([*items, UserMessage(content="the task")])
    sent = llm.requests[0].messages
    cut = result.cuts[0] if result.cuts else Cut()
    assert cut.messages == len(settled) - len(sent)
    assert cut.tokens == tokens_of(settled) - tokens_of(sent)
    if len(sent) > 2:
        assert tokens_of(sent) <= 300 or not any(
            isinstance(item, UserMessage) for item in sent[1:-1]
        )


async def test_the_oldest_turns_are_dropped_whole() -> None:
    llm = ScriptedLLM("ok", abilities=small())

    result = await Agent(llm=llm, instructions="Be brief.").run("now", history=turns(8))

    sent = llm.requests[0].messages
    assert sent[0] == SystemMessage(content="Be brief.")
    assert sent[-1] == UserMessage(content="now")
    assert isinstance(sent[1], UserMessage)
    assert sent[1:-1] == tuple(turns(8)[-len(sent[1:-1]) :])
    assert 2 < len(sent) < 18
    assert result.cuts == (Cut(messages=18 - len(sent), tokens=result.cuts[0].tokens),)


async def test_the_start_says_what_was_cut_and_the_session_keeps_all() -> None:
    llm = ScriptedLLM("one", "two", abilities=small(200))
    agent = Agent(llm=llm)
    await agent.run("x" * 240, session="s")

    result = await agent.run("y" * 240, session="s")

    (started,) = (event for event in result.trajectory if isinstance(event, Started))
    assert started.cut == Cut(messages=2, tokens=started.cut.tokens if started.cut else 0)
    assert llm.requests[1].messages == (UserMessage(content="y" * 240),)
    history = await agent._engine.sessions.history("s")  # pyright: ignore[reportPrivateUsage]
    assert [str(item.content)[:1] for item in history] == ["x", "o", "y", "t"]


async def test_without_a_known_window_nothing_is_cut() -> None:
    llm = ScriptedLLM("ok")

    result = await Agent(llm=llm).run("now", history=turns(500))

    assert len(llm.requests[0].messages) == 1001
    assert result.cuts == ()


async def test_a_run_whose_window_is_too_small_raises_where_it_was_asked_to() -> None:
    llm = ScriptedLLM("ok", abilities=small())

    with pytest.raises(ContextLengthError, match="overflow='drop' or 'summarise'") as caught:
        await Agent(llm=llm, overflow="raise").run("now", history=turns(8))

    assert llm.requests == []
    assert caught.value.tokens is not None
    assert caught.value.limit == 300


@pytest.mark.parametrize(("max_tokens", "limit"), [(250, 150), (390, 100), (5000, 100)])
async def test_what_is_reserved_for_the_answer_is_its_max_tokens_but_never_all(
    max_tokens: int, limit: int
) -> None:
    llm = ScriptedLLM("ok", abilities=small())
    agent = Agent(llm=llm, overflow="raise", sampling=Sampling(max_tokens=max_tokens))

    with pytest.raises(ContextLengthError) as caught:
        await agent.run("a longer question of some tokens", history=turns(8))

    assert caught.value.limit == limit


@tool
def read_page(number: int) -> str:
    """Read a page."""
    return f"page {number} begins " + "z" * 300 + f" page {number} ends"


@tool
def read_book() -> str:
    """Read a whole book."""
    return "It begins. " + "z" * 9000 + " It ends."


def reading(request: LLMRequest) -> Reply:
    """Read six pages, one after the other, then answer."""
    number = max([0, *(int(page) + 1 for page in re.findall(r"page (\d) ends", texts(request)))])
    return "read" if number > 6 else call("read_page", number=number)


async def test_steps_that_outgrow_the_window_make_way_for_later_ones() -> None:
    llm = FunctionLLM(reading, abilities=small(600))

    result = await Agent(llm=llm, tools=[read_page]).run("Read all!")

    last = llm.requests[-1].messages
    assert last[0] == UserMessage(content="Read all!")
    assert isinstance(last[1], AssistantMessage)
    assert "page 6" in texts(llm.requests[-1])
    assert "page 1 begins" not in texts(llm.requests[-1])
    assert "page 1 begins" in str(result.messages)
    thoughts = [event for event in result.trajectory if isinstance(event, Thought)]
    assert thoughts[0].cut is None
    assert thoughts[-1].cut is not None
    assert all(tokens_of(request.messages) <= 450 for request in llm.requests)


async def test_a_result_that_fills_the_window_alone_loses_its_middle() -> None:
    llm = ScriptedLLM(call("read_book"), "read", abilities=small(1000))

    result = await Agent(llm=llm, tools=[read_book]).run("Read!", history=turns(2))

    sent = llm.requests[1].messages
    assert "question 0" in texts(llm.requests[1])
    assert str(sent[-1].content).startswith("It begins.")
    assert "characters are left out here" in str(sent[-1].content)
    assert str(sent[-1].content).endswith("It ends.")
    assert [cut.shortened for cut in result.cuts] == [1]


async def test_the_window_holds_for_react_as_well() -> None:
    step = '{"action": "read_book", "arguments": {}}'
    llm = ScriptedLLM(
        step,
        '{"action": "final_answer", "answer": "read"}',
        abilities=small(1500, tools=False),
    )

    await Agent(llm=llm, tools=[read_book], planner=ReAct()).run("Read!")

    assert tokens_of(llm.requests[1].messages) < 1200
    assert "characters are left out here" in texts(llm.requests[1])


async def test_calls_of_the_history_are_text_to_a_model_without_native_calls() -> None:
    history: list[Message] = [
        UserMessage(content="How many?"),
        AssistantMessage(tool_calls=(ToolCall(id="1", name="count", arguments='{"n": 1}'),)),
        ToolMessage(tool_call_id="1", name="count", content="7"),
        AssistantMessage(content="Seven."),
    ]
    llm = ScriptedLLM("ok", abilities=Abilities(tools=False))

    await Agent(llm=llm).run("Sure?", history=history)

    assert llm.requests[0].messages[1:3] == (
        AssistantMessage(content='{"action": "count", "arguments": {"n": 1}}'),
        UserMessage(content="Observation from count: 7"),
    )
