"""What `explain` shows is what a server receives, byte for byte, and no character is escaped."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

import pytest
import respx
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from agentcore import Agent, LLMRequest, Sampling, tool
from agentcore.action.render import to_part
from agentcore.brain.llamacpp_wire import to_native_body
from agentcore.brain.ollama import OllamaLLM
from agentcore.brain.openai import OpenAILLM
from agentcore.brain.structured import OutputType
from agentcore.completions import ToolSpec
from agentcore.memory import SimilarExamples
from agentcore.messages import (
    AssistantMessage,
    Message,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from agentcore.planners import ReAct
from agentcore.prompts import Prompt
from agentcore.transcripts import calls_as_text
from agentcore.values import JsonObject

ESCAPE = re.compile(rb"\\u(?!00[01][0-9a-f])")
"""JSON itself writes characters below a space so."""

OPENAI = OpenAILLM("m", base_url="http://models.test/v1", api_key="k")
OLLAMA = OllamaLLM("qwen3:4b")


@tool
def count(shelf: str) -> int:
    """Zähle die Bücher auf einem Regal: 数."""
    return len(shelf)


class Clerk(Agent[list[int]]):
    """You count books. Sei genau: é 漢 😀."""

    tools = (count,)
    examples = SimilarExamples([("Shelf é?", [1]), ("Weather?", [2])], top_k=1)
    sampling = Sampling(temperature=0.5)


HISTORY: list[Message] = [
    UserMessage(content="Grüße <&>"),
    AssistantMessage(tool_calls=(ToolCall(id="c", name="count", arguments='{"shelf": "ü"}'),)),
    AssistantMessage(content="😀"),
]
STEP = json.dumps({"action": "final_answer", "answer": [3]})


def first_body(route: respx.Route) -> object:
    calls: Any = route.calls
    return calls[0].request.content


@pytest.mark.parametrize(("planner", "reply"), [(None, "[3]"), (ReAct(), STEP)])
async def test_openai_receives_what_was_explained(
    openai_api: respx.MockRouter, planner: ReAct | None, reply: str
) -> None:
    choice = {"message": {"content": reply}, "finish_reason": "stop"}
    route = openai_api.post("/chat/completions").respond(json={"choices": [choice]})
    agent = Clerk(llm=OPENAI, planner=planner)

    explanation = await agent.explain("How many on shelf é?", history=HISTORY)
    assert not route.called
    result = await agent.run("How many on shelf é?", history=HISTORY)

    assert result.output == [3]
    assert first_body(route) == explanation.payload


async def test_ollama_receives_what_was_explained(ollama_api: respx.MockRouter) -> None:
    reply = {"message": {"content": "[3]"}, "done": True, "done_reason": "stop"}
    route = ollama_api.post("/api/chat").respond(json=reply)
    agent = Clerk(llm=OllamaLLM("qwen3:4b"))

    explanation = await agent.explain("How many on shelf é?", history=HISTORY)
    assert not route.called
    await agent.run("How many on shelf é?", history=HISTORY)

    assert first_body(route) == explanation.payload
    assert explanation.context_tokens == 16_384
    assert "é 漢 😀" in explanation.payload.decode()


texts = st.text(alphabet=st.characters(exclude_categories=["Cs"], min_codepoint=32), max_size=20)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(SystemMessage, content=texts),
    st.builds(UserMessage, content=texts | st.tuples(st.builds(TextPart, text=texts))),
    st.builds(
        AssistantMessage,
        content=texts,
        tool_calls=st.tuples(
            st.builds(
                ToolCall,
                id=texts,
                name=texts,
                arguments=st.dictionaries(texts, texts, max_size=2).map(json.dumps),
            )
        ),
    ),
    st.builds(ToolMessage, tool_call_id=texts, name=texts, content=texts),
)


def described(text: str) -> JsonObject:
    return {"type": "object", "properties": {"a": {"type": "string", "description": text}}}


schemas = st.builds(described, texts)
requests = st.builds(
    LLMRequest,
    messages=st.lists(messages, min_size=1, max_size=3).map(tuple),
    tools=st.tuples(st.builds(ToolSpec, name=texts, description=texts, parameters=schemas)),
    output_schema=schemas,
)


def native_payload(request: LLMRequest) -> bytes:
    return json.dumps(to_native_body(request, model="m"), ensure_ascii=False).encode()


@settings(max_examples=40)
@given(requests)
def test_no_wire_escapes_a_character(request: LLMRequest) -> None:
    for payload in (OPENAI.payload(request), OLLAMA.payload(request), native_payload(request)):
        # A backslash that was in a text is doubled, and is no escape.
        assert not ESCAPE.search(payload.replace(b"\\\\", b""))
        json.loads(payload)


class Note(BaseModel):
    text: str
    parts: dict[str, list[str]] = {}


@settings(max_examples=40)
@given(texts)
def test_neither_results_nor_schemas_nor_templates_escape_a_character(text: str) -> None:
    part = to_part(Note(text=text, parts={text: [text]}), tool="t")
    assert isinstance(part, TextPart)
    shown = [
        part.text,
        OutputType[Note](Note).dump(Note(text=text)),
        Prompt("{{ text | tojson }} {{ text }}").render({"text": text}),
    ]

    for written in shown:
        assert not ESCAPE.search(written.encode().replace(b"\\\\", b"").replace(text.encode(), b""))


@settings(max_examples=40)
@given(texts)
def test_the_instruction_for_a_typed_answer_escapes_no_character(text: str) -> None:
    output: OutputType[dict[str, int]] = OutputType(
        Annotated[dict[str, int], Field(description=text)]
    )

    assert not ESCAPE.search(output.instruction.encode().replace(b"\\\\", b""))


@settings(max_examples=40)
@given(messages)
def test_calls_that_are_sent_as_text_escape_no_character(message: Message) -> None:
    (written,) = calls_as_text([message])

    if isinstance(message, AssistantMessage):
        assert isinstance(written.content, str)
        assert not ESCAPE.search(written.content.encode().replace(b"\\\\", b""))
