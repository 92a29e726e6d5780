from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.completions import Abilities, Completion, LLMRequest, TextDelta
from agentcore.errors import ConfigurationError, RateLimitError
from agentcore.messages import AssistantMessage, ToolCall, UserMessage
from agentcore.testing import FunctionLLM, Reply, ScriptedLLM, call
from agentcore.usage import Usage


def request(text: str = "hi") -> LLMRequest:
    return LLMRequest(messages=(UserMessage(content=text),))


async def calls_of(*replies: Reply) -> list[ToolCall]:
    llm = ScriptedLLM(*replies)
    completions = [await llm.complete(request()) for _ in replies]
    return [item for completion in completions for item in completion.message.tool_calls]


def test_a_call_is_written_as_json_that_is_not_escaped() -> None:
    made = call("find", title="Bücher", limit=2)

    assert made == ToolCall(id="", name="find", arguments='{"title": "Bücher", "limit": 2}')


def test_an_argument_of_a_call_may_be_called_name() -> None:
    assert call("greet", name="Ann").arguments == '{"name": "Ann"}'


async def test_replies_come_in_order_and_requests_are_kept() -> None:
    llm = ScriptedLLM("one", "two")

    texts = [(await llm.complete(request(text))).text for text in ("a", "b")]

    assert texts == ["one", "two"]
    assert llm.requests == [request("a"), request("b")]


async def test_a_script_that_runs_out_says_what_came() -> None:
    llm = ScriptedLLM("one")
    await llm.complete(request())

    with pytest.raises(ConfigurationError, match=r"has 1 replies, and request 2 .*content='more'"):
        await llm.complete(request("more"))


async def test_calls_without_an_id_are_numbered_by_request() -> None:
    calls = await calls_of(call("a"), (call("b"), call("c")), call("d"))

    assert [item.id for item in calls] == ["call-1", "call-2", "call-2.2", "call-3"]


async def test_a_call_with_an_id_keeps_it() -> None:
    calls = await calls_of(ToolCall(id="mine", name="a"))

    assert [item.id for item in calls] == ["mine"]


async def test_a_completion_says_why_the_model_stopped() -> None:
    llm = ScriptedLLM("text", call("a"))

    reasons = [(await llm.complete(request())).finish_reason for _ in range(2)]

    assert reasons == ["stop", "tool_calls"]


async def test_a_whole_message_or_completion_is_returned_as_it_is() -> None:
    message = AssistantMessage(content="a", thinking="b")
    completion = Completion(message=message, finish_reason="length", usage=Usage(steps=1))
    llm = ScriptedLLM(message, completion)

    assert (await llm.complete(request())).message is message
    assert await llm.complete(request()) is completion


async def test_an_error_in_the_script_is_raised_and_the_next_reply_follows() -> None:
    llm = ScriptedLLM(RateLimitError("later", retry_after_s=1), "there")

    with pytest.raises(RateLimitError):
        await llm.complete(request())

    assert (await llm.complete(request())).text == "there"


async def test_a_reply_of_another_type_is_the_developers_mistake() -> None:
    wrong: Any = 5
    llm = FunctionLLM(lambda _: wrong)

    with pytest.raises(ConfigurationError, match="cannot answer 5"):
        await llm.complete(request())


async def test_usage_counts_what_was_sent_and_written() -> None:
    llm = ScriptedLLM("x" * 40, call("a", b="c"))

    short = await llm.complete(request("y" * 4))
    long = await llm.complete(request("y" * 4000))

    assert (short.usage.steps, short.usage.output_tokens) == (1, 10)
    assert long.usage.input_tokens - short.usage.input_tokens == 999
    assert long.usage.output_tokens > 0


@given(st.text())
async def test_streamed_text_adds_up_to_the_answer(text: str) -> None:
    deltas: list[str] = []

    async def on_delta(delta: TextDelta) -> None:
        deltas.append(delta.text)

    completion = await ScriptedLLM(text).complete(request(), on_delta=on_delta)

    assert "".join(deltas) == text
    assert completion.text == text


async def test_a_function_may_be_async() -> None:
    async def reply(asked: LLMRequest) -> str:
        await asyncio.sleep(0)
        return f"{len(asked.messages)} message"

    assert (await FunctionLLM(reply).complete(request())).text == "1 message"


async def test_replies_follow_the_order_of_the_requests_also_where_they_overlap() -> None:
    llm = ScriptedLLM("one", call("two"), latency_s=0.001)

    first, second = await asyncio.gather(llm.complete(request("a")), llm.complete(request("b")))

    assert first.text == "one"
    assert second.message.tool_calls[0].id == "call-2"


def test_a_test_model_claims_what_it_is_told_to_claim() -> None:
    abilities = Abilities(tools=False, json_schema=False)

    assert ScriptedLLM(abilities=abilities).abilities == abilities
    assert ScriptedLLM().abilities.tools


async def test_test_models_have_names_and_can_be_closed_twice() -> None:
    llm = ScriptedLLM("one")

    await llm.aclose()
    await llm.aclose()

    assert (llm.name, FunctionLLM(lambda _: "a").name) == ("scripted", "function")
    assert (await llm.complete(request())).model == "scripted"
