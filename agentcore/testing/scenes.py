"""The requests that the checks send, and the answers that they have a server give."""

from __future__ import annotations

import json
from typing import Any

from ..completions import Completion, FinishReason, LLMRequest, Sampling, TokenLogprob, ToolSpec
from ..messages import AssistantMessage, ImagePart, TextPart, ToolCall, UserMessage
from ..usage import Usage
from ..values import JsonObject

__all__ = [
    "CALLS",
    "CUT_OFF",
    "EMPTY",
    "HELLO",
    "IMAGE",
    "LOGPROBS",
    "SCHEMA",
    "SETTINGS",
    "TEXT",
    "THOUGHTFUL",
    "TOOLS",
    "UNICODE",
    "answer",
    "ask",
]


def ask(text: str, **parts: Any) -> LLMRequest:
    """A request with one message of the user."""
    return LLMRequest((UserMessage(content=text),), **parts)


def answer(
    text: str = "",
    *,
    calls: tuple[ToolCall, ...] = (),
    thinking: str = "",
    finish_reason: FinishReason | None = None,
    logprobs: tuple[TokenLogprob, ...] | None = None,
) -> Completion:
    """An answer of 7 tokens to a request of 21."""
    message = AssistantMessage(content=text, tool_calls=calls, thinking=thinking)
    usage = Usage(steps=1, input_tokens=21, output_tokens=7)
    finish: FinishReason = finish_reason or ("tool_calls" if calls else "stop")
    return Completion(
        message=message, finish_reason=finish, usage=usage, model="model-1", logprobs=logprobs
    )


def _token(text: str, logprob: float, *others: tuple[str, float]) -> TokenLogprob:
    return TokenLogprob(token=text, logprob=logprob, alternatives=others)


HELLO = ask("Say hello.")
TEXT = answer("Hello there, and welcome.")
EMPTY = answer("")
THOUGHTFUL = answer("It is four.", thinking="Two and two make four.")
CUT_OFF = answer("Once upon a", finish_reason="length")
UNICODE = answer(
    'naïve 漢字 😀👩‍🚀 e\u0301 line\u2028separator\u0085next\ttab "quoted" \\ back\nnew'
)
LOGPROBS = answer(
    "Hello there.",
    logprobs=(
        _token("Hello", -0.25, ("Hi", -1.5), ("Hey", -2.5)),
        _token(" there.", -0.5, (" you.", -1.25), (" all.", -3.0)),
    ),
)

_NESTED: JsonObject = {
    "titles": ["Bücher", "漢字 😀"],
    "deep": {"null": None, "yes": True, "n": -1.5e-3, "big": 2**53, "empty": {}},
    "text": '"quoted" \\ and\nnew',
}
CALLS = (
    ToolCall(id="call_a", name="find_book", arguments=json.dumps(_NESTED, ensure_ascii=False)),
    ToolCall(id="call_b", name="find_book", arguments='{"title": "Dune"}'),
    ToolCall(id="call_c", name="reserve", arguments="{}"),
)

SCHEMA: JsonObject = {
    "type": "object",
    "properties": {"verdict_x1": {"enum": ["guilty_x2", "innocent_x3"]}},
    "required": ["verdict_x1"],
    "additionalProperties": False,
}
TOOLS = (
    ToolSpec(
        name="find_book",
        description="Search the catalogue x4.",
        parameters={
            "type": "object",
            "properties": {
                "title_x5": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/Shelf_x6"}]}
            },
            "$defs": {"Shelf_x6": {"type": "object", "properties": {"mark_x7": {}}}},
        },
    ),
    ToolSpec(name="reserve", description="Reserve a book x8.", parameters={"type": "object"}),
)
IMAGE = LLMRequest(
    (UserMessage(content=(TextPart(text="Look:"), ImagePart(data=b"png-of-the-suite"))),)
)

SETTINGS: dict[str, tuple[Sampling, Sampling]] = {
    "temperature": (Sampling(temperature=0.375), Sampling(temperature=0.625)),
    "top_p": (Sampling(top_p=0.25), Sampling(top_p=0.75)),
    "top_k": (Sampling(top_k=37), Sampling(top_k=41)),
    "seed": (Sampling(seed=20011), Sampling(seed=20021)),
    "stop": (Sampling(stop=("<halt-a>",)), Sampling(stop=("<halt-b>",))),
    "max_tokens": (Sampling(max_tokens=1201), Sampling(max_tokens=1301)),
    "logprobs": (Sampling(logprobs=2), Sampling(logprobs=2, seed=20011)),
}
"""Two values for each setting, which occur nowhere else in a request."""
