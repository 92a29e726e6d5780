"""Models for tests: replies from a script, or from a function. They are LLMs like any other."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import Awaitable, Callable
from typing import TypeAlias, cast

from ..completions import Abilities, Completion, FinishReason, LLMRequest, TextDelta
from ..errors import ConfigurationError
from ..interfaces import DeltaSink
from ..messages import AssistantMessage, ToolCall
from ..usage import Usage
from ..values import JsonValue
from .checks import check_logprobs, check_request

__all__ = ["FunctionLLM", "Reply", "ScriptedLLM", "call"]

Reply: TypeAlias = (
    str | ToolCall | tuple[ToolCall, ...] | AssistantMessage | Completion | BaseException
)
"""What a test model answers: text, calls, a message, a whole completion, or an error to raise."""


def call(name: str, /, **arguments: JsonValue) -> ToolCall:
    """Make a tool call for a script: `call("add", a=2, b=3)`. Its id is given by the model."""
    return ToolCall(id="", name=name, arguments=json.dumps(arguments, ensure_ascii=False))


class FunctionLLM:
    """A model controlled by a function of the request.

    Use it where branches run in parallel: the reply depends on what is asked, not on who asks
    first.

    Args:
        function: Returns a `Reply`; may be async.
        abilities: What the model claims to do; by default everything but images.
        latency_s: Seconds that each answer takes.

    Example:
        >>> from agentcore import Agent
        >>> from agentcore.testing import FunctionLLM
        >>> llm = FunctionLLM(lambda request: f"You said {request.messages[-1].content!r}.")
        >>> Agent(llm=llm).run_sync("hi").output
        "You said 'hi'."
    """

    def __init__(
        self,
        function: Callable[[LLMRequest], Reply | Awaitable[Reply]],
        *,
        abilities: Abilities | None = None,
        latency_s: float = 0.0,
    ) -> None:
        self.requests: list[LLMRequest] = []
        """Every request so far: what the model was sent."""
        self._function = function
        self._abilities = abilities or Abilities()
        self._latency_s = latency_s

    @property
    def name(self) -> str:
        """Always `function`."""
        return "function"

    @property
    def abilities(self) -> Abilities:
        """What the model claims to do."""
        return self._abilities

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer with what the function returns; text is streamed word by word.

        Raises:
            ConfigurationError: the request asks for what `abilities` do not hold.
        """
        check_request(request, self.abilities, backend=self.name)
        self.requests.append(request)
        number = len(self.requests)  # others may come while this one waits
        reply = self._function(request)
        if inspect.isawaitable(reply):
            reply = await reply
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        if isinstance(reply, BaseException):
            raise reply
        completion = _to_completion(reply, request, number=number, model=self.name)
        check_logprobs(request.sampling, completion, backend=self.name)
        if on_delta is not None:
            message = completion.message
            for word in _words(message.thinking):
                await on_delta(TextDelta(text=word, thinking=True))
            for word in _words(message.content):
                await on_delta(TextDelta(text=word))
        return completion

    async def aclose(self) -> None:
        """Nothing to close."""


class ScriptedLLM(FunctionLLM):
    """A model that answers from a list, in order. Asking for more than the list holds is an error.

    A reply may be awaitable, such as a future: the answer then comes when the test says so.

    Example:
        >>> from agentcore import Agent, tool
        >>> from agentcore.testing import ScriptedLLM, call
        >>> @tool
        ... def add(a: int, b: int) -> int:
        ...     "Add two numbers."
        ...     return a + b
        >>> llm = ScriptedLLM(call("add", a=2, b=3), "It is 5.")
        >>> Agent(llm=llm, tools=[add]).run_sync("2 + 3?").output
        'It is 5.'
        >>> llm.requests[1].messages[-1].content
        '5'
    """

    def __init__(
        self,
        *replies: Reply | Awaitable[Reply],
        abilities: Abilities | None = None,
        latency_s: float = 0.0,
    ) -> None:
        super().__init__(self._next, abilities=abilities, latency_s=latency_s)
        self._replies = replies

    @property
    def name(self) -> str:
        """Always `scripted`."""
        return "scripted"

    def _next(self, request: LLMRequest) -> Reply | Awaitable[Reply]:
        number = len(self.requests)
        if number > len(self._replies):
            last = request.messages[-1] if request.messages else None
            raise ConfigurationError(
                f"the script of this ScriptedLLM has {len(self._replies)} replies, and request "
                f"{number} came; it ends with {last!r}"
            )
        return self._replies[number - 1]


def _words(text: str) -> list[str]:
    """The words with the white space about them; together they are the text."""
    return re.findall(r"\s*\S+\s*|\s+", text)


def _to_completion(reply: object, request: LLMRequest, *, number: int, model: str) -> Completion:
    if isinstance(reply, Completion):
        return reply
    if isinstance(reply, AssistantMessage):
        message = reply
    elif isinstance(reply, ToolCall):
        message = AssistantMessage(tool_calls=_with_ids((reply,), number))
    elif isinstance(reply, tuple):
        message = AssistantMessage(
            tool_calls=_with_ids(cast("tuple[ToolCall, ...]", reply), number)
        )
    elif isinstance(reply, str):
        message = AssistantMessage(content=reply)
    else:
        raise ConfigurationError(
            f"a test model cannot answer {reply!r}: see agentcore.testing.Reply"
        )
    written = message.content + "".join(item.arguments for item in message.tool_calls)
    read = sum(len(item.encoded) for item in request.messages)
    usage = Usage(steps=1, input_tokens=read // 4, output_tokens=max(1, len(written) // 4))
    finish: FinishReason = "tool_calls" if message.tool_calls else "stop"
    return Completion(message=message, finish_reason=finish, usage=usage, model=model)


def _with_ids(calls: tuple[ToolCall, ...], number: int) -> tuple[ToolCall, ...]:
    """Give calls without an id the ids call-1, call-1.2, call-1.3, ... of the request's number."""
    return tuple(
        item
        if item.id
        else ToolCall(
            id=f"call-{number}" + ("" if index == 0 else f".{index + 1}"),
            name=item.name,
            arguments=item.arguments,
        )
        for index, item in enumerate(calls)
    )
