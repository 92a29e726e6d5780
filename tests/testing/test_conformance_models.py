"""The models for tests pass the suite that every LLM passes."""

from __future__ import annotations

from collections.abc import Generator

from agentcore.completions import Completion
from agentcore.interfaces import LLM
from agentcore.testing import Exchange, FunctionLLM, LLMConformance, ScriptedLLM


class TestFunctionLLM(LLMConformance):
    def make(self, exchange: Exchange, /) -> LLM:
        return FunctionLLM(exchange.reply)


class Later:
    """The reply to a request, awaited by the script that it stands in."""

    def __init__(self, exchange: Exchange, number: int) -> None:
        self.exchange = exchange
        self.number = number
        self.llm: ScriptedLLM | None = None

    def __await__(self) -> Generator[None, None, Completion]:
        assert self.llm is not None
        return self.exchange.reply(self.llm.requests[self.number]).__await__()


class TestScriptedLLM(LLMConformance):
    def make(self, exchange: Exchange, /) -> LLM:
        script = [Later(exchange, number) for number in range(len(exchange.turns))]
        llm = ScriptedLLM(*script)
        for reply in script:
            reply.llm = llm
        return llm
