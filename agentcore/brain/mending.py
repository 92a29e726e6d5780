"""What follows from a passport for one request and its answer."""

from __future__ import annotations

from ..completions import Completion, LLMRequest
from ..errors import ContextLengthError
from ..messages import AssistantMessage, Message, UserMessage
from ..thoughts import split_thoughts
from .passport import Passport

__all__ = ["check_fits", "check_read", "in_place", "streams"]

_FULL = 0.97
"""The share of the window from which on it counts as full: servers keep some tokens free."""
_NEAR = 0.9
_LOST = 1.15
"""How many times more tokens than were counted show that some are missing."""
_BYTES_PER_TOKEN = 4.5


def streams(passport: Passport, request: LLMRequest) -> bool:
    """Whether a streamed answer to this request would be the answer that is given without."""
    is_moved = "yes" in {passport.thinking_leaks.outcome, passport.answer_in_thinking.outcome}
    loses_calls = bool(request.tools) and passport.streamed_tools.outcome == "no"
    return passport.streaming.outcome != "no" and not is_moved and not loses_calls


def in_place(passport: Passport, completion: Completion) -> Completion:
    """Put thoughts and answer where they belong, if the model was found to mix them up."""
    message = completion.message
    if passport.thinking_leaks.outcome == "yes":
        thoughts, content = split_thoughts(message.content)
        if thoughts or content != message.content:
            thinking = "\n".join(part for part in (message.thinking, thoughts) if part)
            message = _rewritten(message, content=content, thinking=thinking)
    is_misplaced = not message.content.strip() and not message.tool_calls and message.thinking
    if passport.answer_in_thinking.outcome == "yes" and is_misplaced:
        message = _rewritten(message, content=message.thinking, thinking="")
    return completion.model_copy(update={"message": message})


def _rewritten(message: AssistantMessage, *, content: str, thinking: str) -> AssistantMessage:
    return message.model_copy(update={"content": content, "thinking": thinking})


def check_fits(passport: Passport, request: LLMRequest) -> None:
    """Refuse a prompt that is clearly longer than what the model was seen to read.

    Where the server itself refuses such a prompt it is left to it: it counts better.

    Raises:
        ContextLengthError: says how long the prompt is, and how to go on.
    """
    window, context = passport.abilities.context_tokens, passport.context
    if window is None or not (context.is_silent or context.outcome == "yes"):
        return
    least = _least_tokens(passport, request)
    if least > window:
        hint = (
            "shorten the messages"
            if context.is_silent
            else f"shorten them, or probe further: Probed({passport.name!r}, context_up_to=...)"
        )
        raise ContextLengthError(
            f"{passport.name}: the messages have at least {least} tokens, and the model was seen "
            f"to read {window}: {hint}",
            backend=passport.name,
            tokens=least,
            limit=window,
        )


def check_read(passport: Passport, request: LLMRequest, completion: Completion) -> None:
    """Refuse an answer to a prompt that a server, known to cut in silence, has not read whole.

    Raises:
        ContextLengthError: the count of the server shows that it was cut.
    """
    window, counted = passport.abilities.context_tokens, completion.usage.input_tokens
    if window is None or not passport.context.is_silent or not counted:
        return
    least = _least_tokens(passport, request)
    is_full = counted >= _FULL * window
    is_short = least > _NEAR * window and least > _LOST * counted
    if is_full or is_short:
        raise ContextLengthError(
            f"{passport.name}: the server counted {counted} tokens, its window holds {window}, and "
            "it cuts longer prompts without a word: shorten the messages",
            backend=passport.name,
            tokens=max(least, counted),
            limit=window,
        )


def _least_tokens(passport: Passport, request: LLMRequest) -> int:
    """Tokens of the prompt if all of it were plain English; other text has more."""
    size = sum(_size(message) for message in request.messages)
    size += sum(len(tool.encoded) for tool in request.tools)
    return int(size / (passport.context.bytes_per_token or _BYTES_PER_TOKEN))


def _size(message: Message) -> int:
    if isinstance(message, UserMessage):
        return len(message.text.encode("utf-8", "replace"))
    return len(message.content.encode("utf-8", "replace"))
