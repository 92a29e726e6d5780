"""What a server is sent that takes only some messages: asserted on what it was sent."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore import (
    Abilities,
    Agent,
    AssistantMessage,
    ImagePart,
    LLMError,
    LLMRequest,
    MemoryJournal,
    Message,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
    tool,
)
from agentcore.brain.openai import OpenAILLM
from agentcore.brain.passport import Finding, Passport
from agentcore.brain.probed import Probed
from agentcore.brain.turns import laid_out
from agentcore.events import Thought
from agentcore.messages import settle_calls
from agentcore.planners import ReAct, ToolCalling
from agentcore.planning import Planner
from agentcore.testing import FunctionLLM, Reply

NO = Finding(outcome="no", why="seen")
SYSTEM = SystemMessage(content="Be brief.")
ASKED = UserMessage(content="How many?")
CALL = ToolCall(id="1", name="count", arguments='{"shelf": "ab"}')
CALLED = AssistantMessage(content="Let me see.", tool_calls=(CALL,))
RESULT = ToolMessage(tool_call_id="1", name="count", content="2")
WRITTEN = AssistantMessage(
    content='{"thought": "Let me see.", "action": "count", "arguments": {"shelf": "ab"}}'
)
OBSERVED = "Observation from count: 2"


def passport(*refused: str, tools: bool = True) -> Passport:
    known = Passport(name="function", identity="function", claimed=Abilities(tools=tools))
    return known.model_copy(update=dict.fromkeys(refused, NO))


STRICT = ("system_messages", "tool_messages", "repeated_roles")


@pytest.mark.parametrize(
    ("refused", "messages", "sent"),
    [
        (
            STRICT,
            (SYSTEM, ASKED, CALLED, RESULT, UserMessage(content="Go on.")),
            (
                UserMessage(content="Be brief.\n\nHow many?"),
                WRITTEN,
                UserMessage(content=f"{OBSERVED}\n\nGo on."),
            ),
        ),
        (
            ("system_messages",),
            (SYSTEM, ASKED, CALLED, RESULT),
            (UserMessage(content="Be brief.\n\nHow many?"), CALLED, RESULT),
        ),
        (
            ("tool_messages",),
            (SYSTEM, ASKED, CALLED, RESULT),
            (SYSTEM, ASKED, WRITTEN, UserMessage(content=OBSERVED)),
        ),
        (
            ("repeated_roles",),
            (SYSTEM, ASKED, ASKED, CALLED, RESULT, ASKED),
            (
                SYSTEM,
                UserMessage(content="How many?\n\nHow many?"),
                CALLED,
                RESULT,
                AssistantMessage(content="Noted."),
                ASKED,
            ),
        ),
        (
            ("repeated_roles",),
            (AssistantMessage(content="Hi."), AssistantMessage(content="There."), ASKED),
            (
                UserMessage(content="(What was said before is left out.)"),
                AssistantMessage(content="Hi.\n\nThere."),
                ASKED,
            ),
        ),
        (
            ("system_messages",),
            (SYSTEM, UserMessage(content=(ImagePart(data=b"x"),))),
            (UserMessage(content=(TextPart(text="Be brief."), ImagePart(data=b"x"))),),
        ),
        (("system_messages",), (SYSTEM,), (UserMessage(content="Be brief."),)),
    ],
)
async def test_messages_are_laid_out_as_the_server_takes_them(
    refused: tuple[str, ...], messages: tuple[Message, ...], sent: tuple[Message, ...]
) -> None:
    llm = FunctionLLM(lambda request: "2", abilities=Abilities(images=True))

    await Probed(llm, passport=passport(*refused)).complete(LLMRequest(messages))

    assert llm.requests[0].messages == sent


def test_a_request_that_the_server_takes_is_left_as_it_is() -> None:
    request = LLMRequest((SYSTEM, ASKED, CALLED, RESULT))

    assert laid_out(passport(), request) is request


def test_the_payload_that_is_shown_is_the_one_that_is_sent() -> None:
    inside = OpenAILLM("m", base_url="http://models.test/v1", api_key="k")
    request = LLMRequest((SYSTEM, ASKED, CALLED, RESULT))
    probed = Probed(inside, passport=passport(*STRICT))

    assert probed.payload(request) == inside.payload(laid_out(passport(*STRICT), request))
    assert b'"system"' not in probed.payload(request)


texts = st.text("ab ", min_size=1, max_size=3)
histories = st.lists(
    st.one_of(
        st.builds(SystemMessage, content=texts),
        st.builds(UserMessage, content=texts | st.tuples(st.builds(TextPart, text=texts))),
        st.builds(
            AssistantMessage,
            content=texts,
            tool_calls=st.just(()) | st.tuples(st.builds(ToolCall, id=texts, name=texts)),
        ),
    ),
    min_size=1,
    max_size=8,
).map(settle_calls)


@settings(max_examples=60)
@given(histories)
def test_any_conversation_alternates_and_loses_no_word(history: tuple[Message, ...]) -> None:
    sent = laid_out(passport(*STRICT), LLMRequest(history)).messages

    assert [message.role for message in sent] == [
        "assistant" if index % 2 else "user" for index in range(len(sent))
    ]
    written = "\n".join(m.text if isinstance(m, UserMessage) else m.content for m in sent)
    for message in history:
        said = message.text if isinstance(message, UserMessage) else message.content
        assert said in written


@settings(max_examples=60)
@given(histories)
def test_with_native_results_user_and_assistant_alternate_beside_them(
    history: tuple[Message, ...],
) -> None:
    """As in the template of Mistral 7B v0.3, which does not count calls and results."""
    sent = laid_out(passport("system_messages", "repeated_roles"), LLMRequest(history)).messages

    counted = [
        message.role
        for message in sent
        if message.role != "tool" and not getattr(message, "tool_calls", ())
    ]
    assert all(a != b for a, b in pairwise(counted))


@tool
def count(shelf: str) -> int:
    """Count the books on a shelf."""
    return len(shelf)


def strict(request: LLMRequest) -> Reply:
    """A server as strict as can be, and a model that counts and then answers."""
    for index, message in enumerate(request.messages):
        if message.role != ("assistant" if index % 2 else "user"):
            return LLMError(f"HTTP 400: {message.role} in place {index}")
    last = str(request.messages[-1].content)
    if OBSERVED not in last:
        return '{"action": "count", "arguments": {"shelf": "ab"}}'
    return '{"action": "final_answer", "answer": "2"}' if not request.tools else "2"


@pytest.mark.parametrize("planner", [None, ReAct(), ToolCalling()])
async def test_a_strict_server_is_no_matter_to_any_planner(planner: Planner | None) -> None:
    llm = FunctionLLM(strict)
    probed = Probed(llm, passport=passport(*STRICT))
    agent = Agent(llm=probed, tools=[count], planner=planner, instructions="Be brief.")
    history = (ASKED, CALLED, RESULT, AssistantMessage(content="2"))

    result = await agent.run("How many?", history=history)

    assert result.output == "2"
    assert len(llm.requests) == 2
    assert "Be brief." in str(llm.requests[0].messages[0].content)


async def test_the_record_is_of_the_request_before_it_is_laid_out() -> None:
    journals = {}
    for name, refused in (("plain", ()), ("strict", ("system_messages", "repeated_roles"))):
        llm = Probed(FunctionLLM(lambda request: "2"), passport=passport(*refused))
        result = await Agent(llm=llm, instructions="Be brief.").run("?", journal=MemoryJournal())
        journals[name] = [e.request_digest for e in result.trajectory if isinstance(e, Thought)]

    assert journals["plain"] == journals["strict"] != []
