"""Which messages a server takes and reads, and whether a model ends its calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise

import pytest

from agentcore import (
    AssistantMessage,
    LLMError,
    LLMRequest,
    LLMUnavailableError,
    SystemMessage,
    ToolMessage,
    UserMessage,
)
from agentcore.brain.passport import Passport
from agentcore.brain.probe_turns import judge_results, judge_turns
from agentcore.testing import FunctionLLM, Reply, call

Model = Callable[[LLMRequest], Reply]
AGAIN = call("read_thermometer", city="Oslo")


def text_of(request: LLMRequest, *kinds: type) -> str:
    """What a model reads that sees messages of these kinds only."""
    return "\n".join(
        str(message.content) for message in request.messages if isinstance(message, kinds)
    )


def reads(*kinds: type, without: tuple[str, ...] = ()) -> Model:
    """A good model behind a template that leaves out, or refuses, what it does not know."""

    def reply(request: LLMRequest) -> Reply:
        for message in request.messages:
            if message.role in without:
                return LLMError(f"HTTP 400: {message.role} is not supported")
        seen = text_of(request, *kinds)
        words = [word for word in ("juniper", "37") if word in seen]
        return f"It is {words[0]}." if words else "I do not know."

    return reply


def last_only(request: LLMRequest) -> Reply:
    last = request.messages[-1]
    return "juniper" if "juniper" in str(last.content) else "I do not know."


def alternating(request: LLMRequest) -> Reply:
    roles = [message.role for message in request.messages]
    if any(a == b for a, b in pairwise(roles)):
        return LLMUnavailableError("HTTP 500: roles must alternate")
    return "juniper"


def always(reply: Reply) -> Model:
    return lambda request: reply


ALL = (SystemMessage, UserMessage, AssistantMessage, ToolMessage)


@pytest.mark.parametrize(
    ("model", "system", "repeated", "calls"),
    [
        (reads(*ALL), "yes", "yes", 2),
        (reads(UserMessage, without=("system",)), "no", "yes", 2),
        (reads(UserMessage), "no", "yes", 3),
        (last_only, "no", "no", 3),
        (alternating, "yes", "no", 3),  # one more: whether the server is there at all
        (always("42"), "unknown", "unknown", 3),
        (always(AssistantMessage(thinking="Juniper it is.")), "yes", "yes", 2),
    ],
)
async def test_messages_that_are_refused_or_not_read_are_found(
    model: Model, system: str, repeated: str, calls: int
) -> None:
    llm = FunctionLLM(model)

    found = await judge_turns(llm)

    assert found["system_messages"].outcome == system
    assert found["repeated_roles"].outcome == repeated
    assert len(llm.requests) == calls


def never_ends(request: LLMRequest) -> Reply:
    return AGAIN if request.tools else "37"


def refuses_and_never_ends(request: LLMRequest) -> Reply:
    return LLMError("HTTP 400") if "tool" in {m.role for m in request.messages} else AGAIN


def calls_without_results(request: LLMRequest) -> Reply:
    """Its template leaves results out, and so it calls again."""
    return "37 degrees" if "37" in text_of(request, UserMessage) else AGAIN


@pytest.mark.parametrize(
    ("model", "taken", "ends", "calls"),
    [
        (reads(*ALL), "yes", "yes", 1),
        (reads(UserMessage, without=("tool",)), "no", "yes", 2),
        (reads(UserMessage), "no", "yes", 2),
        (calls_without_results, "no", "yes", 2),
        (never_ends, "unknown", "no", 2),
        (refuses_and_never_ends, "no", "no", 2),
        (always(""), "unknown", "unknown", 2),
        (always(LLMError("HTTP 400")), "no", "unknown", 2),
    ],
)
async def test_results_that_are_not_read_and_calls_that_never_end_are_found(
    model: Model, taken: str, ends: str, calls: int
) -> None:
    llm = FunctionLLM(model)

    found = await judge_results(llm)

    assert (found["tool_messages"].outcome, found["ends_calls"].outcome) == (taken, ends)
    assert len(llm.requests) == calls


async def test_the_result_is_handed_over_natively_and_then_as_text_with_the_tool_on_offer() -> None:
    llm = FunctionLLM(lambda request: AGAIN)

    await judge_results(llm)

    native, written = llm.requests
    assert [message.role for message in native.messages] == ["user", "assistant", "tool"]
    assert [message.role for message in written.messages] == ["user", "assistant", "user"]
    assert written.messages[-1] == UserMessage(content="Observation from read_thermometer: 37")
    assert json.loads(str(written.messages[1].content))["action"] == "read_thermometer"
    assert [len(request.tools) for request in llm.requests] == [1, 1]


@pytest.mark.parametrize("name", ["tool_messages", "ends_calls"])
async def test_a_model_whose_native_calls_lead_nowhere_acts_in_json(name: str) -> None:
    model = {"tool_messages": calls_without_results, "ends_calls": never_ends}[name]
    found = await judge_results(FunctionLLM(model))
    passport = Passport(name="m", identity="m").model_copy(update=dict(found))

    assert passport.findings[name].outcome == "no"
    assert not passport.abilities.tools
