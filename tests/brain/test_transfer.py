"""One agent on every backend, without a change: only the name of the model differs."""

from __future__ import annotations

import importlib.util
import json
from typing import Any

import pytest
import respx
from pydantic import BaseModel

from agentcore import LLM, Abilities, Agent, tool
from agentcore.brain.llamacpp import LlamaCppLLM
from agentcore.brain.ollama import OllamaLLM
from agentcore.brain.openai import OpenAILLM
from agentcore.memory import SimilarExamples
from agentcore.testing import FunctionLLM, ScriptedLLM, call


class Total(BaseModel):
    books: int


class Librarian(Agent[Total]):
    """You count books with the tool."""

    examples = SimilarExamples([("How many on shelf a?", Total(books=1))])
    overflow = "summarise"

    def __init__(self, llm: LLM) -> None:
        super().__init__(llm=llm)
        self.counted: list[str] = []

    @tool
    def count(self, shelf: str) -> int:
        """Count the books on a shelf."""
        self.counted.append(shelf)
        return 7


def sent_by(route: respx.Route, number: int) -> Any:
    calls: Any = route.calls
    return json.loads(calls[number].request.content)


QUESTION = "How many books are on shelf b?"
CALL = {"name": "count", "arguments": '{"shelf": "b"}'}
ACTION = {"thought": "count", "action": "count", "arguments": {"shelf": "b"}}
FINAL = {"thought": "7", "action": "final_answer", "answer": {"books": 7}}


async def check(llm: LLM) -> None:
    librarian = Librarian(llm)

    result = await librarian.run(QUESTION)

    assert result.output == Total(books=7)
    assert librarian.counted == ["b"]
    assert [event.kind for event in result.trajectory] == [
        "started",
        "thought",
        "acted",
        "thought",
        "answered",
    ]


async def test_it_runs_on_chat_completions(openai_api: respx.MockRouter) -> None:
    called = {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": CALL}]}
    replies = [
        respx.MockResponse(json={"choices": [{"message": message, "finish_reason": reason}]})
        for message, reason in ((called, "tool_calls"), ({"content": '{"books": 7}'}, "stop"))
    ]
    route = openai_api.post("/chat/completions").mock(side_effect=replies)

    await check(OpenAILLM("m", base_url="http://models.test/v1", api_key="k"))

    sent = sent_by(route, 1)
    assert [message["role"] for message in sent["messages"]] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
        "tool",
    ]


async def test_it_runs_on_chat_completions_without_native_tools(
    openai_api: respx.MockRouter,
) -> None:
    replies = [
        respx.MockResponse(
            json={"choices": [{"message": {"content": json.dumps(step)}, "finish_reason": "stop"}]}
        )
        for step in (ACTION, FINAL)
    ]
    route = openai_api.post("/chat/completions").mock(side_effect=replies)
    weak = Abilities(tools=False, json_schema=False)

    await check(OpenAILLM("m", base_url="http://models.test/v1", api_key="k", abilities=weak))

    sent = sent_by(route, 1)
    assert "tools" not in sent
    assert sent["messages"][-1] == {"role": "user", "content": "Observation from count: 7"}


@pytest.mark.parametrize("has_tools", [True, False])
async def test_it_runs_on_ollama(ollama_api: respx.MockRouter, *, has_tools: bool) -> None:
    capabilities = ["completion", *(["tools"] if has_tools else [])]
    ollama_api.post("/api/show").respond(json={"capabilities": capabilities, "model_info": {}})
    native = {"function": {"name": "count", "arguments": {"shelf": "b"}}}
    first: Any = {"content": "", "tool_calls": [native]} if has_tools else said(ACTION)
    last = {"content": '{"books": 7}'} if has_tools else said(FINAL)
    replies = [
        respx.MockResponse(json={"message": message, "done": True}) for message in (first, last)
    ]
    route = ollama_api.post("/api/chat").mock(side_effect=replies)

    await check(OllamaLLM("qwen3:4b"))

    assert route.call_count == 2


def said(step: dict[str, Any]) -> dict[str, str]:
    return {"content": json.dumps(step)}


@pytest.mark.parametrize("has_schema", [True, False])
async def test_it_runs_on_models_for_tests(*, has_schema: bool) -> None:
    native = Abilities(json_schema=has_schema)
    answer = '{"books": 7}' if has_schema else call("final_answer", books=7)
    text = Abilities(tools=False, json_schema=has_schema)

    await check(ScriptedLLM(call("count", shelf="b"), answer, abilities=native))
    steps = [json.dumps(ACTION), json.dumps(FINAL)]
    await check(FunctionLLM(lambda _: steps.pop(0), abilities=text))


@pytest.mark.slow
async def test_it_runs_on_a_real_model_in_the_process() -> None:
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed")
    llm = LlamaCppLLM("smollm2")
    librarian = Librarian(llm)

    explanation = await librarian.explain(QUESTION)
    result = await librarian.run(QUESTION)

    assert isinstance(result.output, Total)  # a small model's number need not be right
    assert json.loads(explanation.payload)["messages"][-1]["content"] == QUESTION
    await llm.aclose()
