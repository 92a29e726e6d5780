"""Executes one call: the one place that decides whose fault a failure in a tool is."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Sequence
from typing import Any, cast

from ..errors import AgentCoreError, ToolCrashError, ToolError, ToolNotFoundError, ToolTimeoutError
from ..interfaces import Tool, ToolContext
from ..messages import Part, TextPart, ToolCall
from ..percepts import Observation, Percept
from ..values import JsonObject
from .arguments import parse_arguments
from .render import clean, to_part
from .wording import clip, listing, suggest

__all__ = ["execute"]


async def execute(
    tool: Tool | None, call: ToolCall, context: ToolContext[Any], *, known: Sequence[str]
) -> Observation:
    """Execute a call. What is the model's mistake, or what a tool tells it, is an observation.

    A time-out cancels an async tool; the thread of a sync one cannot be stopped, and its result is
    dropped.

    Args:
        tool: None where no tool has the name of the call.
        call: what the model asks for.
        context: is handed to a function that takes a `ToolContext`.
        known: the names of all tools, for the model that mistook one.

    Raises:
        ToolCrashError: the tool has a bug: it raised something that is no error of agentcore, or
            returned what cannot be shown to a model.
        AgentCoreError: of any kind but `ToolError`, as the tool raised it.
    """
    try:
        if tool is None:
            raise ToolNotFoundError(_not_found(call.name, known))
        properties = cast("JsonObject", tool.spec.parameters.get("properties", {}))
        content = await _call(tool, parse_arguments(call, properties), context)
    except ToolError as error:
        text = str(error) or f"{call.name} failed and did not say why"
        return _observe(call, TextPart(text=clean(text)), is_error=True)
    return _observe(call, content)


async def _call(tool: Tool, arguments: JsonObject, context: ToolContext[Any]) -> Part:
    name = tool.spec.name
    deadline = asyncio.timeout(tool.timeout_s)
    try:
        async with deadline:
            result = await tool.call(arguments, context)
        return to_part(result, tool=name)
    except AgentCoreError:
        raise
    except asyncio.CancelledError as error:
        if _is_cancelled():
            raise
        raise _crash(
            name, error
        ) from error  # nobody cancelled this task: the tool did it to itself
    except TimeoutError as error:
        if deadline.expired():
            raise ToolTimeoutError(
                f"{name} did not finish within {tool.timeout_s:g} s and was given up; "
                "ask it for less, or go on without it"
            ) from error
        raise _crash(name, error) from error
    except (Exception, SystemExit) as error:
        raise _crash(name, error) from error


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _crash(name: str, error: BaseException) -> ToolCrashError:
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    try:
        said = str(error)
    except Exception:  # noqa: BLE001  an exception that cannot even be printed
        said = "(it cannot be printed)"
    return ToolCrashError(f"tool {name!r} raised {type(error).__name__}: {said}{where}")


def _not_found(name: str, known: Sequence[str]) -> str:
    if not known:
        return f"there is no tool {clip(name)!r}: there are no tools at all; answer without"
    return f"there is no tool {clip(name)!r}{suggest(name, known)}; the tools are: {listing(known)}"


def _observe(call: ToolCall, content: Part, *, is_error: bool = False) -> Observation:
    percept = Percept(content=content, source=f"tool:{call.name}", trust="untrusted")
    return Observation(call=call, percept=percept, is_error=is_error)
