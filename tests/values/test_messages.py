from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.errors import ConfigurationError
from agentcore.messages import (
    AssistantMessage,
    ImagePart,
    Message,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
    dump_messages,
    load_messages,
    settle_calls,
)

texts = st.text(max_size=20)
ids = st.sampled_from(["a", "b", "c", ""])
calls = st.builds(ToolCall, id=ids, name=texts, arguments=texts)
images = st.builds(
    ImagePart, data=st.binary(max_size=100).map(b64encode) | st.none(), url=texts | st.none()
)
parts = st.builds(TextPart, text=texts) | images
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(SystemMessage, content=texts),
    st.builds(UserMessage, content=texts | st.lists(parts, max_size=3).map(tuple)),
    st.builds(
        AssistantMessage,
        content=texts,
        tool_calls=st.lists(calls, max_size=3).map(tuple),
        thinking=texts,
    ),
    st.builds(ToolMessage, tool_call_id=ids, name=texts, content=texts),
)
conversations = st.lists(messages, max_size=8)

FIND = ToolCall(id="a", name="find")
LEND = ToolCall(id="b", name="lend")


def result(call: ToolCall, content: str) -> ToolMessage:
    return ToolMessage(tool_call_id=call.id, name=call.name, content=content)


def ideal(conversation: Sequence[Message]) -> Iterator[object]:
    """Every message but the results, and after each call's message the ids that must follow."""
    for message in conversation:
        if not isinstance(message, ToolMessage):
            yield message
        if isinstance(message, AssistantMessage):
            yield from (call.id for call in message.tool_calls)


@given(conversations)
def test_messages_are_read_back_as_they_were_written(conversation: list[Message]) -> None:
    assert load_messages(dump_messages(conversation)) == tuple(conversation)


@given(conversations)
def test_messages_are_read_back_from_bytes(conversation: list[Message]) -> None:
    assert load_messages(dump_messages(conversation).encode()) == tuple(conversation)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[{}]", '[{"role": "critic", "content": ""}]', b"\xff", '[{"role": "user"}]'],
)
def test_what_holds_no_messages_is_refused(text: str | bytes) -> None:
    with pytest.raises(ConfigurationError, match="not messages written by dump_messages"):
        load_messages(text)


@given(conversations)
def test_settled_each_call_has_one_result_in_order_and_nothing_else_changes(
    conversation: list[Message],
) -> None:
    settled = settle_calls(conversation)

    shape = [item.tool_call_id if isinstance(item, ToolMessage) else item for item in settled]
    assert shape == list(ideal(conversation))


@given(conversations)
def test_settling_twice_changes_nothing(conversation: list[Message]) -> None:
    settled = settle_calls(conversation)

    assert settle_calls(settled) == settled


@given(conversations)
def test_settling_makes_up_no_result_but_the_one_that_says_there_is_none(
    conversation: list[Message],
) -> None:
    made_up = [item for item in settle_calls(conversation) if item not in conversation]

    assert all(isinstance(item, ToolMessage) and item.is_error for item in made_up)


def test_results_are_put_in_the_order_of_their_calls() -> None:
    asked = AssistantMessage(tool_calls=(FIND, LEND))

    settled = settle_calls([asked, result(LEND, "lent"), result(FIND, "found")])

    assert settled == (asked, result(FIND, "found"), result(LEND, "lent"))


def test_a_call_that_was_cut_off_gets_an_error_as_its_result() -> None:
    asked = AssistantMessage(tool_calls=(FIND, LEND))

    settled = settle_calls([asked, result(FIND, "found"), UserMessage(content="go on")])

    assert settled[1] == result(FIND, "found")
    assert settled[2] == ToolMessage(
        tool_call_id="b",
        name="lend",
        content="No result: the call was not finished.",
        is_error=True,
    )


def test_the_first_of_two_results_of_a_call_counts() -> None:
    asked = AssistantMessage(tool_calls=(FIND,))

    settled = settle_calls([asked, result(FIND, "first"), result(FIND, "second")])

    assert settled == (asked, result(FIND, "first"))


def test_the_same_id_may_come_again_in_a_later_turn() -> None:
    asked = AssistantMessage(tool_calls=(FIND,))
    conversation = (asked, result(FIND, "one"), asked, result(FIND, "two"))

    assert settle_calls(conversation) == conversation


def test_the_text_of_a_user_message_leaves_its_images_out() -> None:
    image = ImagePart(url="https://example.org/a.png")

    assert UserMessage(content=(TextPart(text="a"), image, TextPart(text="b"))).text == "a\nb"
    assert UserMessage(content="plain").text == "plain"
