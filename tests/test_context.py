from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentcore.context import lay_out
from agentcore.messages import (
    AssistantMessage,
    ImagePart,
    Message,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
    settle_calls,
)
from agentcore.percepts import Percept

IMAGE = ImagePart(url="https://example.org/a.png")
ids = st.sampled_from(["a", "b"])
calls = st.lists(st.builds(ToolCall, id=ids, name=st.just("find")), max_size=2).map(tuple)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(UserMessage, content=st.text(max_size=5)),
    st.builds(SystemMessage, content=st.text(max_size=5)),
    st.builds(AssistantMessage, tool_calls=calls),
    st.builds(ToolMessage, tool_call_id=ids, name=st.just("find"), content=st.text(max_size=5)),
)


def seen(*contents: str | ImagePart) -> list[Percept]:
    parts = [TextPart(text=item) if isinstance(item, str) else item for item in contents]
    return [Percept(content=part, source="user") for part in parts]


def test_instructions_history_and_task_come_in_this_order() -> None:
    earlier = (UserMessage(content="one"), AssistantMessage(content="1"))

    laid_out = lay_out(instructions=["Be brief."], history=earlier, percepts=seen("two"))

    assert laid_out == (
        SystemMessage(content="Be brief."),
        *earlier,
        UserMessage(content="two"),
    )


def test_instructions_are_joined_and_empty_ones_left_out() -> None:
    laid_out = lay_out(instructions=["a", "", "b"], history=(), percepts=seen("task"))

    assert laid_out[0] == SystemMessage(content="a\n\nb")


def test_without_instructions_there_is_no_system_message() -> None:
    laid_out = lay_out(instructions=["", ""], history=(), percepts=seen("task"))

    assert laid_out == (UserMessage(content="task"),)


def test_the_instructions_of_an_earlier_run_make_way_for_those_of_now() -> None:
    history = (SystemMessage(content="old"), SystemMessage(content="older"), *users("one"))

    laid_out = lay_out(instructions=["new"], history=history, percepts=seen("two"))

    assert laid_out == (SystemMessage(content="new"), *users("one", "two"))


def test_a_system_message_within_the_history_stays() -> None:
    history = (*users("one"), SystemMessage(content="From now on in French."))

    laid_out = lay_out(instructions=[], history=history, percepts=seen("two"))

    assert laid_out == (*history, *users("two"))


def test_several_texts_become_one() -> None:
    laid_out = lay_out(instructions=[], history=(), percepts=seen("story", "question"))

    assert laid_out == users("story\n\nquestion")


def test_an_image_keeps_its_place_between_texts() -> None:
    laid_out = lay_out(instructions=[], history=(), percepts=seen("before", IMAGE, "after"))

    assert laid_out == (
        UserMessage(content=(TextPart(text="before"), IMAGE, TextPart(text="after"))),
    )


@given(st.lists(messages, max_size=8))
def test_whatever_the_history_each_call_has_its_result(history: list[Message]) -> None:
    laid_out = lay_out(instructions=["new"], history=history, percepts=seen("task"))

    assert settle_calls(laid_out) == laid_out
    assert laid_out[-1] == UserMessage(content="task")


def users(*contents: str) -> tuple[Message, ...]:
    return tuple(UserMessage(content=content) for content in contents)
