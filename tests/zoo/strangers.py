"""Endpoints by somebody who does not know how misbehaviour is found out."""

from __future__ import annotations

from dataclasses import replace

from .endpoint import Reply, Turn, View, Wire
from .mind import honest

__all__ = ["Eager", "Stickler"]


class Stickler:
    """vLLM and llama.cpp with the chat template of Mistral 7B Instruct v0.1 or v0.2.

    The template raises on a system message, on a tool's result and on two messages of one role in
    a row, and has no place for tools. Gemma's is alike.
    """

    name, habit = "stickler", "refuses all but user and assistant in turn; ignores tools"
    wire: Wire = "openai"

    def answer(self, view: View) -> Reply:
        if wrong := _objection(view.turns):
            return Reply(content=wrong, status=400)
        return honest(replace(view, tools=()))


def _objection(turns: tuple[Turn, ...]) -> str:
    """What the template raises, word for word; empty if nothing."""
    for index, turn in enumerate(turns):
        if (turn.role == "user") != (index % 2 == 0):
            return "Conversation roles must alternate user/assistant/user/assistant/..."
        if turn.role not in ("user", "assistant"):
            return "Only user and assistant roles are supported!"
    return ""


class Eager:
    """Llama 3.1 8B and Llama 3.2 in Ollama.

    As long as there are tools on offer they call one, be it for a greeting or when all results are
    there; Meta itself advises against mixing talk and tools with the small ones.
    """

    name, habit = "eager", "calls a tool whenever it is offered one, and so never ends"
    wire: Wire = "ollama"

    def answer(self, view: View) -> Reply:
        reply = honest(view)
        if reply.calls or not view.tools:
            return reply
        return honest(replace(view, turns=(), must_call=True))
