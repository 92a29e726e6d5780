from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.brain.openai_reply import StreamedReply, to_completion
from agentcore.completions import Completion, TokenLogprob
from agentcore.messages import ToolCall
from agentcore.usage import Usage

KEYS = (
    *("choices", "message", "delta", "content", "refusal", "reasoning", "tool_calls", "function"),
    *("name", "arguments", "id", "index", "usage", "prompt_tokens", "finish_reason", "model"),
    *("logprobs", "token", "logprob", "top_logprobs"),
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=20,
)


def read(message: Any, finish: Any = "stop", **rest: Any) -> Completion:
    return to_completion({"choices": [{"message": message, "finish_reason": finish}], **rest})


def calls_of(*chunks: list[Any]) -> tuple[ToolCall, ...]:
    reply = StreamedReply()
    for fragments in chunks:
        reply.add({"choices": [{"delta": {"tool_calls": fragments}}]})
    return to_completion(reply.to_reply()).message.tool_calls


def fragment(arguments: Any = None, **fields: Any) -> Any:
    name = fields.pop("name", None)
    return {"function": {"name": name, "arguments": arguments}, **fields}


def test_the_answer_is_read() -> None:
    completion = read(
        {"role": "assistant", "content": "4"},
        model="gpt-x-2026",
        usage={"prompt_tokens": 9, "completion_tokens": 1},
    )

    assert completion.text == "4"
    assert completion.finish_reason == "stop"
    assert completion.model == "gpt-x-2026"
    assert completion.usage == Usage(steps=1, input_tokens=9, output_tokens=1)
    assert completion.logprobs is None


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_thinking_is_kept_apart(name: str) -> None:
    completion = read({"content": "4", name: "2 + 2"})

    assert (completion.text, completion.message.thinking) == ("4", "2 + 2")


@pytest.mark.parametrize("content", [None, "", 7, {}])
def test_content_that_is_no_text_is_empty(content: Any) -> None:
    assert read({"content": content}).text == ""


@pytest.mark.parametrize(
    ("said", "finish"),
    [("length", "length"), ("content_filter", "content_filter"), ("eos", "stop"), (None, "stop")],
)
def test_the_reason_of_the_end_is_one_of_ours(said: str | None, finish: str) -> None:
    assert read({"content": "x"}, said).finish_reason == finish


def test_calls_are_read_and_decide_why_the_answer_ended() -> None:
    call = {"id": "a", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}

    completion = read({"content": None, "tool_calls": [call]}, "stop")

    assert completion.message.tool_calls == (ToolCall(id="a", name="add", arguments='{"a": 1}'),)
    assert completion.finish_reason == "tool_calls"


def test_calls_without_ids_get_different_ones() -> None:
    completion = read({"tool_calls": [fragment("{}", name="a"), fragment("{}", name="b", id="")]})

    assert [call.id for call in completion.message.tool_calls] == ["call_1", "call_2"]


def test_a_refusal_is_the_answer_of_a_filter() -> None:
    completion = read({"content": None, "refusal": "I cannot."})

    assert (completion.text, completion.finish_reason) == ("I cannot.", "content_filter")


def test_log_probabilities_are_read() -> None:
    token = {
        "token": "4",
        "logprob": -0.1,
        "top_logprobs": [{"token": "4", "logprob": -0.1}, {"token": "5", "logprob": -2}],
    }
    choice: Any = {"message": {"content": "4"}, "logprobs": {"content": [token]}}

    completion = to_completion({"choices": [choice]})

    alternatives = (("4", -0.1), ("5", -2.0))
    assert completion.logprobs == (
        TokenLogprob(token="4", logprob=-0.1, alternatives=alternatives),
    )


def test_fragments_of_calls_are_put_together_by_index() -> None:
    calls = calls_of(
        [fragment("", index=0, id="a", name="add")],
        [fragment('{"a"', index=0), fragment("", index=1, id="b", name="sub")],
        [fragment("{}", index=1), fragment(": 1}", index=0)],
    )

    assert calls == (
        ToolCall(id="a", name="add", arguments='{"a": 1}'),
        ToolCall(id="b", name="sub", arguments="{}"),
    )


def test_whole_calls_under_one_index_are_kept_apart_by_their_ids() -> None:
    calls = calls_of(
        [fragment('{"a": 1}', index=0, id="a", name="add")],
        [fragment('{"a": 2}', index=0, id="b", name="add")],
    )

    assert [call.arguments for call in calls] == ['{"a": 1}', '{"a": 2}']


def test_whole_calls_without_index_and_id_are_kept_apart_by_their_names() -> None:
    calls = calls_of([fragment({"a": 1}, name="add"), fragment({"a": 2}, name="add")])

    assert [call.arguments for call in calls] == ['{"a": 1}', '{"a": 2}']


def test_a_name_or_id_repeated_in_every_fragment_is_taken_once() -> None:
    calls = calls_of(
        [fragment("{", index=0, id="a", name="add")], [fragment("}", index=0, id="a", name="add")]
    )

    assert calls == (ToolCall(id="a", name="add", arguments="{}"),)


@given(ANY_JSON)
def test_no_reply_breaks_the_reading(choice: Any) -> None:
    completion = to_completion({"choices": [choice], "usage": choice, "model": choice})

    assert Completion.model_validate_json(completion.encoded) == completion


@given(st.lists(ANY_JSON, max_size=5))
def test_no_stream_breaks_the_reading(chunks: list[Any]) -> None:
    reply = StreamedReply()

    shown = [delta for chunk in chunks for delta in reply.add({"choices": [chunk]})]
    shown += reply.end()

    completion = to_completion(reply.to_reply())
    written = completion.text + completion.message.thinking
    assert sorted("".join(delta.text for delta in shown)) == sorted(written)
