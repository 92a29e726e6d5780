"""Probes of native tool calls."""

from __future__ import annotations

import json
from dataclasses import replace

from ..completions import Completion, LLMRequest, ToolSpec
from ..interfaces import LLM
from ..messages import ToolCall
from ..servers.reading import object_of, parse_reply
from .passport import Finding
from .probe_asking import ask, no, question, unknown, yes

__all__ = [
    "THERMOMETER",
    "probe_parallel_tools",
    "probe_streamed_tools",
    "probe_tool_choice",
    "probe_tools",
]

THERMOMETER = ToolSpec(
    name="read_thermometer",
    description="Read the temperature in a city, in degrees Celsius.",
    parameters={
        "type": "object",
        "properties": {"city": {"type": "string", "description": "Name of the city."}},
        "required": ["city"],
        "additionalProperties": False,
    },
)


async def probe_tools(llm: LLM) -> Finding:
    """Whether the model calls a tool that it needs, natively and with its arguments."""
    return await _call_one(llm, is_streamed=False)


async def probe_streamed_tools(llm: LLM) -> Finding:
    """Whether it does so as well when the answer is streamed."""
    return await _call_one(llm, is_streamed=True)


async def probe_parallel_tools(llm: LLM) -> Finding:
    """Whether the model calls twice in one answer where two things are to be found out."""
    request = _offer("What are the temperatures in Oslo and in Cairo? Read both thermometers.")
    reply = await ask(llm, request)
    if isinstance(reply, Finding):
        return reply
    cities = {_city_of(call) for call in reply.message.tool_calls}
    if {"oslo", "cairo"} <= cities:
        return yes("called for both cities in one answer")
    if len(cities - {""}) == 1:
        return no("called for one city only")
    return no(_instead(reply))


async def probe_tool_choice(llm: LLM) -> Finding:
    """Whether the model calls a tool because it has to, where it has no reason to."""
    request = replace(_offer("Say hello to me. Do not use any tool."), tool_choice="required")
    reply = await ask(llm, request)
    if isinstance(reply, Finding):
        return reply
    if reply.message.tool_calls:
        return yes("called a tool against its own wish")
    return no(_instead(reply))


def _offer(text: str) -> LLMRequest:
    return replace(question(text), tools=(THERMOMETER,))


async def _call_one(llm: LLM, *, is_streamed: bool) -> Finding:
    request = _offer("What is the temperature in Oslo now? Read the thermometer.")
    reply = await ask(llm, request, is_streamed=is_streamed)
    if isinstance(reply, Finding):
        return reply
    calls = reply.message.tool_calls
    if not calls:
        return _cut_or_no(reply)
    if all(call.name == THERMOMETER.name and _city_of(call) for call in calls):
        return yes(f"called {calls[0].name}({calls[0].arguments})")
    return no(f"called {calls[0].name}({calls[0].arguments}), which was not offered like that")


def _cut_or_no(reply: Completion) -> Finding:
    if reply.finish_reason == "length":
        return unknown(f"the answer was cut: {_instead(reply)}")
    return no(_instead(reply))


def _city_of(call: ToolCall) -> str:
    city = object_of(parse_reply(call.arguments)).get("city")
    return city.strip().lower() if isinstance(city, str) and call.name == THERMOMETER.name else ""


def _instead(reply: Completion) -> str:
    """What the model did instead of a native call."""
    text = reply.text.strip()
    if THERMOMETER.name in text:
        return f"wrote the call as text: {json.dumps(text[:100], ensure_ascii=False)}"
    if not text:
        return "called nothing and wrote nothing"
    return f"wrote {json.dumps(text[:100], ensure_ascii=False)} instead of a call"
