"""The end of a run: the model's text becomes the typed output, or the model is told why not."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import OutputParseError
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
            schema = run.output_schema if run.abilities.json_schema else None
            reply = await run.think(conversation, output_schema=schema)
            text = reply.text
            conversation.append(AssistantMessage(content=text, thinking=reply.message.thinking))
        try:
            frame.accept(text)
        except OutputParseError as error:
            if not retries_left:
                raise
            retries_left -= 1
            conversation.append(UserMessage(content=_ask_again(frame, error)))
        else:
            return Answer(text=text, messages=tuple(conversation))


def _final_text(conversation: Sequence[Message]) -> str | None:
    last = conversation[-1] if conversation else None
    if isinstance(last, AssistantMessage) and not last.tool_calls:
        return last.content
    return None


def _ask_again(frame: Frame, error: OutputParseError) -> str:
    instruction = frame.parts.output.instruction or "Give your final answer."
    return f"That answer cannot be used: {error}\n{instruction}"
