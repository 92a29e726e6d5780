"""The native loop: the model calls tools by its own protocol until it answers."""

from __future__ import annotations

from collections.abc import Sequence

from ..completions import ToolSpec
from ..errors import ConfigurationError, StepLimitError
from ..final import check_names, final_text, final_tool, output_mode
from ..messages import AssistantMessage, Message, UserMessage
from ..planning import Run, Task
from ..results import Answer
from .circling import MOST_REPEATS, Circle, check_repeats
from .reading import read_call

__all__ = ["ToolCalling"]

_EMPTY = "You wrote nothing. Call a tool, or give your answer."


class ToolCalling:
    """Think, act on the calls in the reply, think again; a reply without a call is the answer.

    For models that really answer with native tool calls. A call that is written as text now and
    then is understood, and a model that writes nothing is asked again. Calls of one reply run side
    by side. In the last step the model is offered no tools, so that it answers with what it has
    found out. A model that goes round in circles is told so once; if it goes on, the next step is
    the last. A typed answer that cannot be had under its schema is the call of one more tool,
    `final_answer`.

    Costs at most `max_steps` model calls, and those that correct an invalid typed output.

    Args:
        max_steps: Model calls, the final one included; at least 1.
        most_repeats: How often in a row the same calls may have the same results before the model
            is told, at least 2; None: as often as it likes. Two steps that take turns may come once
            less, and at least twice.

    Raises:
        StepLimitError: the model still calls tools in the last step.

    Example:
        >>> from agentcore import Agent
        >>> from agentcore.planners import ToolCalling
        >>> from agentcore.testing import ScriptedLLM
        >>> Agent(llm=ScriptedLLM("4"), planner=ToolCalling(max_steps=3)).run_sync("2 + 2?").output
        '4'
    """

    def __init__(self, *, max_steps: int = 12, most_repeats: int | None = MOST_REPEATS) -> None:
        if max_steps < 1:
            raise ConfigurationError(f"max_steps is {max_steps}: it must be at least 1")
        self.max_steps = max_steps
        self.most_repeats = check_repeats(most_repeats)

    async def solve(self, task: Task, run: Run, /) -> Answer:
        """Solve the task."""
        messages: list[Message] = list(task.messages)
        if not run.tools:
            return await run.answer(messages)
        schema, mode = run.output_schema, output_mode(run.abilities)
        ending = (final_tool(schema),) if schema is not None and mode == "tool" else ()
        if ending:
            check_names(run.tools)
        offered = (*run.tools, *ending)
        remarks: list[Message] = []
        circle = Circle(self.most_repeats)
        for step in range(1, self.max_steps + 1):
            is_last = step == self.max_steps or circle.is_over
            reply = await run.think(
                [*messages, *remarks],
                tools=ending if is_last else offered,
                output_schema=schema if is_last and mode == "schema" else None,
            )
            message = _with_calls(reply.message, offered)
            final = final_text(message) if ending else None
            if final is not None:
                said = AssistantMessage(content=final, thinking=message.thinking)
                return await run.answer([*messages, said])
            calls = message.tool_calls
            if not calls and not message.content.strip() and not is_last:
                remarks = [UserMessage(content=_EMPTY)]
                continue
            remarks = []
            messages.append(message)
            if not calls:
                return await run.answer(messages)
            if is_last:
                break
            observations = await run.act(calls)
            messages += [observation.to_message() for observation in observations]
            remarks = circle.remarks(observations)
        raise StepLimitError(
            "the model repeated itself, and still called tools when it was offered none"
            if circle.is_over
            else f"the model still called tools in the last of max_steps={self.max_steps} steps"
        )


def _with_calls(message: AssistantMessage, tools: Sequence[ToolSpec]) -> AssistantMessage:
    """The message; a call that the model wrote as text instead is a call."""
    if message.tool_calls or not tools:
        return message
    call = read_call(message.content, known=[tool.name for tool in tools])
    if call is None:
        return message
    call = call.model_copy(update={"id": f"text-{call.digest[:8]}"})
    return message.model_copy(update={"content": "", "tool_calls": (call,)})
