"""Probes of the conversation: whose messages a server takes, in which order, and which are read.

Chat templates refuse what they have no place for, or leave it out without a word. What the model
does not repeat is asked for once more in a form that every template has, so that a model too small
to do it is not taken for a server that leaves something out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..completions import Completion, LLMRequest
from ..interfaces import LLM
from ..messages import AssistantMessage, Message, SystemMessage, ToolCall, ToolMessage, UserMessage
from ..transcripts import calls_as_text
from .passport import Finding
from .probe_asking import ask, no, question, unknown, yes
from .probe_tools import THERMOMETER

__all__ = ["judge_results", "judge_turns"]

_WORD = "juniper"
_TOLD = f"The word of the day is {_WORD}."
_ASKED = "What is the word of the day? Answer with that word."
_READING = "37"
"""What nobody would guess for Oslo."""
_CALL = ToolCall(id="probe0001", name=THERMOMETER.name, arguments='{"city": "Oslo"}')
"""Its id is one that every template takes: some want nine letters and digits."""
_MEASURED: tuple[Message, ...] = (
    UserMessage(content="What is the temperature in Oslo now? Read the thermometer."),
    AssistantMessage(tool_calls=(_CALL,)),
    ToolMessage(tool_call_id=_CALL.id, name=_CALL.name, content=_READING),
)


async def judge_turns(llm: LLM) -> dict[str, Finding]:
    """Say a word in a message of its own, and ask for it in the next.

    The findings are `Passport`'s fields of that name. Costs 2 calls, 3 where the word is not
    repeated.
    """
    layouts: dict[str, Message] = {
        "system_messages": SystemMessage(content=_TOLD),
        "repeated_roles": UserMessage(content=_TOLD),
    }
    asked = UserMessage(content=_ASKED)
    replies = {name: await _send(llm, (first, asked)) for name, first in layouts.items()}
    in_one: Completion | Finding | None = None
    if any(isinstance(reply, Completion) and not _has_word(reply) for reply in replies.values()):
        in_one = await ask(llm, question(f"{_TOLD}\n\n{_ASKED}"))
    return {name: _judge_turn(reply, in_one) for name, reply in replies.items()}


def _judge_turn(reply: Completion | Finding, in_one: Completion | Finding | None) -> Finding:
    if isinstance(reply, Finding):
        return reply
    if _has_word(reply):
        return yes("what it said was read")
    if isinstance(in_one, Completion) and _has_word(in_one):
        return no("what it said was not read, and was when all stood in one message")
    return unknown(f"it was taken, and the model wrote {reply.text.strip()[:60]!r}")


async def judge_results(llm: LLM) -> dict[str, Finding]:
    """Hand over the result that a question needs, with the tool still on offer.

    The findings are `Passport`'s fields of that name. Costs a call, 2 where the result is not used.
    """
    native = await _send(llm, _MEASURED, has_tool=True)
    if _uses_result(native):
        return {
            "tool_messages": yes("the result was read"),
            "ends_calls": yes("answered when the result was there"),
        }
    written = await _send(llm, calls_as_text(_MEASURED), has_tool=True)
    return {
        "tool_messages": _judge_taken(native, is_read_as_text=_uses_result(written)),
        "ends_calls": _judge_end(native, written),
    }


def _judge_taken(native: Completion | Finding, *, is_read_as_text: bool) -> Finding:
    if isinstance(native, Finding):
        return native
    if is_read_as_text:
        return no("the result was not used, and was when it was written as text")
    return unknown("the result was taken, and not used in any form")


def _judge_end(native: Completion | Finding, written: Completion | Finding) -> Finding:
    answers = [reply for reply in (native, written) if isinstance(reply, Completion)]
    if any(_uses_result(reply) for reply in answers):
        return yes("answered when the result was there")
    if answers and all(reply.message.tool_calls for reply in answers):
        call = answers[-1].message.tool_calls[0]
        return no(f"called {call.name}({call.arguments}) with the result before it")
    return unknown("neither answered with the result nor called again")


async def _send(
    llm: LLM, messages: Sequence[Message], *, has_tool: bool = False
) -> Completion | Finding:
    request: LLMRequest = replace(question(""), messages=tuple(messages))
    return await ask(llm, replace(request, tools=(THERMOMETER,)) if has_tool else request)


def _has_word(reply: Completion) -> bool:
    return _WORD in f"{reply.message.thinking} {reply.text}".lower()


def _uses_result(reply: Completion | Finding) -> bool:
    if isinstance(reply, Finding) or reply.message.tool_calls:
        return False
    return _READING in f"{reply.message.thinking} {reply.text}"
