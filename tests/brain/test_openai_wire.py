from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from agentcore.brain.openai_wire import to_body, to_payload
from agentcore.completions import LLMRequest, Sampling, ToolSpec
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
from agentcore.servers.presets import GPT4ALL, OPENAI, VLLM, Server
from agentcore.values import JsonObject

CLOSED: JsonObject = {
    "type": "object",
    "properties": {"title": {"type": "string"}},
    "required": ["title"],
    "additionalProperties": False,
}


def sent_messages(*messages: Message) -> Any:
    return to_body(LLMRequest(messages), model="m", server=OPENAI)["messages"]


def sent(sampling: Sampling, server: Server = OPENAI) -> dict[str, object]:
    body = to_body(LLMRequest((), sampling=sampling), model="m", server=server)
    return {name: value for name, value in body.items() if name not in {"model", "messages"}}


def test_nothing_is_sent_that_was_not_asked_for() -> None:
    request = LLMRequest((UserMessage(content="hi"),))

    assert to_body(request, model="m", server=OPENAI) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
    }


def test_each_kind_of_message_has_its_form() -> None:
    call = ToolCall(id="c1", name="add", arguments='{"a": 1}')

    assert sent_messages(
        SystemMessage(content="Be brief."),
        UserMessage(content="1 + 1?"),
        AssistantMessage(tool_calls=(call,)),
        ToolMessage(tool_call_id="c1", name="add", content="no", is_error=True),
        AssistantMessage(content="2"),
    ) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "1 + 1?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "add", "arguments": '{"a": 1}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "no"},
        {"role": "assistant", "content": "2"},
    ]


def test_thinking_is_never_sent_back() -> None:
    message = AssistantMessage(content="2", thinking="secret thoughts")

    assert sent_messages(message) == [{"role": "assistant", "content": "2"}]


def test_malformed_arguments_are_sent_as_json_all_the_same() -> None:
    call = ToolCall(id="c1", name="add", arguments='{"a": ')

    (message,) = sent_messages(AssistantMessage(tool_calls=(call,)))

    arguments = message["tool_calls"][0]["function"]["arguments"]
    assert arguments == '{"malformed_arguments": "{\\"a\\": "}'


def test_images_are_sent_as_data_or_by_their_address() -> None:
    data = ImagePart(data=b"png")
    url = ImagePart(url="https://example.org/a.png")

    (message,) = sent_messages(UserMessage(content=(TextPart(text="Look:"), data, url)))

    assert message["content"] == [
        {"type": "text", "text": "Look:"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,cG5n"}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
    ]


def test_parts_without_an_image_are_sent_as_plain_text() -> None:
    message = UserMessage(content=(TextPart(text="a"), TextPart(text="b")))

    assert sent_messages(message) == [{"role": "user", "content": "a\nb"}]


def test_an_image_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="neither data nor url"):
        sent_messages(UserMessage(content=(ImagePart(),)))


def test_tools_are_functions() -> None:
    tool = ToolSpec(name="add", description="Add.", parameters={"type": "object"})

    body = to_body(LLMRequest((), tools=(tool,)), model="m", server=OPENAI)

    function = {"name": "add", "description": "Add.", "parameters": {"type": "object"}}
    assert body["tools"] == [{"type": "function", "function": function}]


def test_all_sampling_is_sent() -> None:
    sampling = Sampling(
        temperature=0, top_p=0.9, top_k=3, seed=7, stop=("END",), max_tokens=5, logprobs=2
    )

    assert sent(sampling, VLLM) == {
        "temperature": 0,
        "top_p": 0.9,
        "top_k": 3,
        "seed": 7,
        "stop": ["END"],
        "max_tokens": 5,
        "logprobs": True,
        "top_logprobs": 2,
    }


def test_openai_has_its_own_name_for_max_tokens() -> None:
    assert sent(Sampling(max_tokens=5), OPENAI) == {"max_completion_tokens": 5}


def test_log_probabilities_without_alternatives() -> None:
    assert sent(Sampling(logprobs=0)) == {"logprobs": True}


def test_a_server_whose_default_is_too_small_is_told_max_tokens() -> None:
    assert sent(Sampling(), GPT4ALL) == {"max_tokens": 4096}
    assert sent(Sampling(max_tokens=5), GPT4ALL) == {"max_tokens": 5}


def test_a_stream_reports_its_usage() -> None:
    body = to_body(LLMRequest(()), model="m", server=OPENAI, stream=True)

    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})


@pytest.mark.parametrize(("schema", "strict"), [(CLOSED, True), ({"type": "object"}, False)])
def test_the_schema_is_strict_only_where_openai_takes_it_so(
    schema: JsonObject, *, strict: bool
) -> None:
    body = to_body(LLMRequest((), output_schema=schema), model="m", server=OPENAI)

    named = {"name": "output", "schema": schema, "strict": strict}
    assert body["response_format"] == {"type": "json_schema", "json_schema": named}


def test_a_schema_is_made_strict_where_it_can_be() -> None:
    open_one: JsonObject = {"type": "object", "properties": {"title": {"type": "string"}}}

    body: Any = to_body(LLMRequest((), output_schema=open_one), model="m", server=OPENAI)

    named = {"name": "output", "schema": CLOSED, "strict": True}
    assert body["response_format"]["json_schema"] == named


def test_a_server_can_be_changed_in_one_field() -> None:
    server = replace(VLLM, token_field="max_completion_tokens")

    assert sent(Sampling(max_tokens=5), server) == {"max_completion_tokens": 5}


def test_the_payload_is_the_body_as_json() -> None:
    messages = (SystemMessage(content="é\n"), UserMessage(content="hi"))
    tool = ToolSpec(name="add", description="Add.", parameters={"type": "object"})
    sampling = Sampling(temperature=0.5, stop=("\n",))
    request = LLMRequest(
        messages, tools=(tool,), output_schema={"type": "object"}, sampling=sampling
    )

    payload = to_payload(request, model="m", server=OPENAI, stream=True)

    assert json.loads(payload) == to_body(request, model="m", server=OPENAI, stream=True)
    assert "é" in payload.decode()


def test_a_message_is_encoded_once() -> None:
    message = UserMessage(content="hi")
    first = to_payload(LLMRequest((message,)), model="m", server=OPENAI)
    kept = dict(vars(message))

    second = to_payload(LLMRequest((message,)), model="m", server=OPENAI)

    assert first == second
    assert all(vars(message)[name] is value for name, value in kept.items())
    assert len(vars(message)) == len(kept) > len(UserMessage.model_fields)
