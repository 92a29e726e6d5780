from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.brain.ollama_wire import (
    ModelFacts,
    StreamedChat,
    to_body,
    to_completion,
    to_digest,
    to_facts,
)
from agentcore.completions import Completion, LLMRequest, Sampling, ToolSpec
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
)

KEYS = (
    *("content", "thinking", "tool_calls", "function", "name", "arguments", "id", "done"),
    *("eval_count", "done_reason", "token", "logprob", "top_logprobs", "general.architecture"),
)
TOP_KEYS = ("message", "logprobs", "model", "models", "model_info", "capabilities")
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=20,
)
ANY_REPLY = st.dictionaries(st.sampled_from(TOP_KEYS), ANY_JSON)


def sent(*messages: Message, **parts: Any) -> Any:
    return to_body(LLMRequest(messages, **parts), model="m", window=None, stream=False)


def test_what_does_not_fit_is_never_cut_off_in_silence() -> None:
    assert sent(UserMessage(content="hi")) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": False,
        "options": {},
        "truncate": False,
        "shift": False,
    }


def test_each_kind_of_message_has_its_form() -> None:
    call = ToolCall(id="c1", name="add", arguments='{"a": null}')

    body = sent(
        SystemMessage(content="Be brief."),
        AssistantMessage(content="Well", tool_calls=(call,), thinking="never sent"),
        ToolMessage(tool_call_id="c1", name="add", content="no", is_error=True),
    )

    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {
            "role": "assistant",
            "content": "Well",
            "tool_calls": [{"id": "c1", "function": {"name": "add", "arguments": {"a": None}}}],
        },
        {"role": "tool", "content": "no", "tool_name": "add", "tool_call_id": "c1"},
    ]


def test_malformed_arguments_are_sent_as_an_object() -> None:
    call = ToolCall(id="c1", name="add", arguments="{")

    (message,) = sent(AssistantMessage(tool_calls=(call,)))["messages"]

    assert message["tool_calls"][0]["function"]["arguments"] == {"malformed_arguments": "{"}


def test_images_are_sent_as_base64() -> None:
    image = ImagePart(data=b"png")

    body = sent(UserMessage(content=(TextPart(text="Look:"), image)))

    assert body["messages"] == [{"role": "user", "content": "Look:", "images": ["cG5n"]}]


def test_an_image_by_its_address_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="does not fetch images"):
        sent(UserMessage(content=(ImagePart(url="https://example.org/a.png"),)))


def test_the_schema_of_a_tool_is_sent_whole() -> None:
    parameters: Any = {
        "type": "object",
        "properties": {"a": {"anyOf": [{"type": "integer"}, {"$ref": "#/$defs/B"}], "default": 1}},
        "$defs": {"B": {"type": "object", "properties": {"c": {"type": "string"}}}},
    }

    body = sent(tools=(ToolSpec(name="f", description="F.", parameters=parameters),))

    function = {"name": "f", "description": "F.", "parameters": parameters}
    assert body["tools"] == [{"type": "function", "function": function}]


def test_the_output_schema_is_the_format() -> None:
    assert sent(output_schema={"type": "object"})["format"] == {"type": "object"}


def test_all_sampling_is_sent() -> None:
    sampling = Sampling(
        temperature=0, top_p=0.9, top_k=3, seed=7, stop=("END",), max_tokens=5, logprobs=2
    )
    request = LLMRequest((), sampling=sampling)

    body = to_body(request, model="m", window=100, stream=True)

    assert body["options"] == {
        "temperature": 0,
        "top_p": 0.9,
        "top_k": 3,
        "seed": 7,
        "stop": ["END"],
        "num_predict": 5,
        "num_ctx": 100,
    }
    assert (body["logprobs"], body["top_logprobs"], body["stream"]) == (True, 2, True)


def test_what_is_said_of_a_model_is_read() -> None:
    facts = to_facts(
        {
            "capabilities": ["completion", "vision"],
            "model_info": {"general.architecture": "llava", "llava.context_length": 4096},
        }
    )

    assert facts == ModelFacts(4096, frozenset({"completion", "vision"}))
    abilities = facts.abilities(2048)
    assert (abilities.tools, abilities.images, abilities.context_tokens) == (False, True, 2048)


def test_of_an_unknown_model_the_usual_is_assumed() -> None:
    facts = to_facts({})

    assert facts == ModelFacts()
    abilities = facts.abilities(None)
    assert (abilities.tools, abilities.json_schema, abilities.images) == (True, True, False)


@pytest.mark.parametrize(
    ("reason", "names", "finish"),
    [
        ("stop", [], "stop"),
        ("length", [], "length"),
        (None, [], "stop"),
        ("stop", ["f"], "tool_calls"),
    ],
)
def test_the_reason_of_the_end_is_one_of_ours(
    reason: str | None, names: list[str], finish: str
) -> None:
    calls: Any = [{"function": {"name": name, "arguments": {}}} for name in names]
    reply: Any = {"message": {"tool_calls": calls}, "done_reason": reason}

    assert to_completion(reply).finish_reason == finish


@given(ANY_REPLY)
def test_no_reply_breaks_the_reading(reply: Any) -> None:
    completion = to_completion(reply)

    assert Completion.model_validate_json(completion.encoded) == completion
    assert to_facts(reply).abilities(None)


@given(st.lists(ANY_REPLY, max_size=5))
def test_no_stream_breaks_the_reading(lines: list[Any]) -> None:
    chat = StreamedChat()

    shown = [delta for line in lines for delta in chat.add(line)]
    shown += chat.end()

    completion = to_completion(chat.to_reply())
    written = [completion.message.thinking, completion.text]
    streamed = ["".join(d.text for d in shown if d.thinking is t) for t in (True, False)]
    assert streamed == written


def test_a_choice_that_ollama_has_no_field_for_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="tool_choice='required'"):
        sent(UserMessage(content="hi"), tool_choice="required")


@pytest.mark.parametrize("name", ["m", "m:latest"])
def test_the_digest_of_a_model_is_found_by_its_name(name: str) -> None:
    models: Any = [{"name": "x:latest", "digest": "1"}, {"name": "m:latest", "digest": "2"}]

    assert to_digest({"models": models}, name) == "2"
    assert to_digest({"models": models}, "m:4b") == ""
