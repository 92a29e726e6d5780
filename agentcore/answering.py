"""The end of a run: the model's text becomes the typed output, or the model is told why not.

This is the one place where a model is asked for its answer in a way that it can give it in.
"""

from __future__ import annotations

from collections.abc import Sequence

from .errors import OutputParseError
from .final import final_text, final_tool, output_mode
from .frame import Frame
from .messages import AssistantMessage, Message, UserMessage
from .planning import Run
from .results import Answer

__all__ = ["settle_answer"]


async def settle_answer(frame: Frame, run: Run, messages: Sequence[Message]) -> Answer:
    """Validate the text that the messages end with; where it is bad or missing ask the model."""
    conversation = list(messages)
    retries_left = frame.parts.output_retries
    while True:
        text = _final_text(conversation)
        if text is None:
            message = await _ask(run, conversation)
            text = message.content
            conversation.append(message)
        try:
            frame.accept(text)
        except OutputParseError as error:
            if not retries_left:
                raise
            retries_left -= 1
            conversation.append(UserMessage(content=_ask_again(frame, error)))
        else:
            return Answer(text=text, messages=tuple(conversation))


async def _ask(run: Run, conversation: Sequence[Message]) -> AssistantMessage:
    """Ask for the answer in the surest way that the model has; return it as plain text."""
    schema = run.output_schema
    mode = output_mode(run.abilities)
    if schema is None or mode == "prompt":
        reply = await run.think(conversation)
    elif mode == "schema":
        reply = await run.think(conversation, output_schema=schema)
    else:
        reply = await run.think(conversation, tools=[final_tool(schema)])
    text = final_text(reply.message) if schema is not None else None
    thinking = reply.message.thinking
    return AssistantMessage(content=reply.text if text is None else text, thinking=thinking)


def _final_text(conversation: Sequence[Message]) -> str | None:
    last = conversation[-1] if conversation else None
    if isinstance(last, AssistantMessage) and not last.tool_calls:
        return last.content
    return None


def _ask_again(frame: Frame, error: OutputParseError) -> str:
    instruction = frame.parts.output.instruction or "Give your final answer."
    return f"That answer cannot be used: {error}\n{instruction}"
