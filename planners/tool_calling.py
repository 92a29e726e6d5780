"""The native loop: the model calls tools by its own protocol until it answers."""

from __future__ import annotations

from ..errors import ConfigurationError, StepLimitError
from ..final import check_names, final_text, final_tool, output_mode
from ..messages import AssistantMessage, Message
from ..planning import Run, Task
from ..results import Answer

__all__ = ["ToolCalling"]


class ToolCalling:
    """Think, act on the calls in the reply, think again; a reply without a call is the answer.

    For models that really answer with native tool calls. Calls of one reply run side by side. In
    the last step the model is offered no tools, so that it answers with what it has found out. A
    typed answer that cannot be had under its schema is the call of one more tool, `final_answer`.

    Costs at most `max_steps` model calls, and those that correct an invalid typed output.

    Args:
        max_steps: Model calls, the final one included; at least 1.

    Raises:
        StepLimitError: the model still calls tools in the last step.

    Example:
        >>> from agentcore import Agent
        >>> from agentcore.planners import ToolCalling
        >>> from agentcore.testing import ScriptedLLM
        >>> Agent(llm=ScriptedLLM("4"), planner=ToolCalling(max_steps=3)).run_sync("2 + 2?").output
        '4'
    """

    def __init__(self, *, max_steps: int = 12) -> None:
        if max_steps < 1:
            raise ConfigurationError(f"max_steps is {max_steps}: it must be at least 1")
        self.max_steps = max_steps

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
        for step in range(1, self.max_steps + 1):
            is_last = step == self.max_steps
            reply = await run.think(
                messages,
                tools=ending if is_last else offered,
                output_schema=schema if is_last and mode == "schema" else None,
            )
            final = final_text(reply.message) if ending else None
            if final is not None:
                said = AssistantMessage(content=final, thinking=reply.message.thinking)
                return await run.answer([*messages, said])
            messages.append(reply.message)
            calls = reply.message.tool_calls
            if not calls:
                return await run.answer(messages)
            if is_last:
                break
            messages += [observation.to_message() for observation in await run.act(calls)]
        raise StepLimitError(
            f"the model still called tools in the last of max_steps={self.max_steps} steps"
        )
