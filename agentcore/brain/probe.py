"""Finds out what a model behind an endpoint really does, by asking it a dozen small things."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from ..completions import Abilities, Completion, LLMRequest
from ..interfaces import LLM, DeltaSink
from ..usage import Usage
from .passport import Finding, Passport
from .probe_asking import Probe
from .probe_context import probe_context
from .probe_images import probe_images
from .probe_schema import probe_schema_enforced, probe_schema_seen
from .probe_text import (
    judge_thinking,
    probe_logprobs,
    probe_stop_words,
    probe_streaming,
    probe_unicode,
)
from .probe_tools import (
    probe_parallel_tools,
    probe_streamed_tools,
    probe_tool_choice,
    probe_tools,
)
from .probe_turns import judge_results, judge_turns

__all__ = ["CONTEXT_UP_TO", "Identified", "examine", "identity_of"]

CONTEXT_UP_TO = 8192
"""Tokens up to which the window is probed where nothing else is said."""

_PROBES: dict[str, Probe] = {
    "unicode": probe_unicode,
    "streaming": probe_streaming,
    "stop_words": probe_stop_words,
    "logprobs": probe_logprobs,
    "tools": probe_tools,
    "tool_choice": probe_tool_choice,
    "schema_enforced": probe_schema_enforced,
    "schema_seen": probe_schema_seen,
    "images": probe_images,
}
_WITH_TOOLS: dict[str, Probe] = {
    "parallel_tools": probe_parallel_tools,
    "streamed_tools": probe_streamed_tools,
}


@runtime_checkable
class Identified(Protocol):
    """An LLM that can say which model exactly it reaches."""

    async def identity(self) -> str:
        """A digest of the model, or else server and name.

        Raises:
            LLMError: the server cannot be asked.
        """
        ...


async def identity_of(llm: LLM) -> str:
    """Which model this is: what it says of itself, else its name."""
    return await llm.identity() if isinstance(llm, Identified) else llm.name


async def examine(
    llm: LLM, *, identity: str | None = None, context_up_to: int = CONTEXT_UP_TO
) -> Passport:
    """Probe a model.

    Costs 12 to 24 calls, about 2,000 tokens besides what they write (at most 512 each), and for the
    window up to twice `context_up_to` tokens to read.

    Args:
        llm: The model, directly behind its endpoint: not one made of others.
        identity: What `identity_of` says, where it was asked already.
        context_up_to: The most tokens of a prompt by which the window is probed; under 1,024 it is
            not probed.

    Raises:
        LLMError: the server cannot be asked. What the model does wrong is a finding.
    """
    identity = identity or await identity_of(llm)
    claimed = llm.abilities
    counted = _Counted(llm)
    found: dict[str, Any] = {**await judge_thinking(counted), **await judge_turns(counted)}
    for name, probe in _PROBES.items():
        found[name] = await probe(counted)
    if found["tools"].outcome != "no":
        found |= {name: await probe(counted) for name, probe in _WITH_TOOLS.items()}
        found |= await judge_results(counted)
    else:  # a model that calls no tool at all is not asked to call two
        found |= dict.fromkeys((*_WITH_TOOLS, "tool_messages"), _NO_TOOLS)
    found["context"] = await probe_context(counted, up_to=context_up_to)
    return Passport(name=llm.name, identity=identity, claimed=claimed, usage=counted.usage, **found)


_NO_TOOLS = Finding(outcome="no", why="the model calls no tools")


class _Counted:
    """An LLM that adds up what it is asked."""

    def __init__(self, llm: LLM) -> None:
        self._llm = llm
        self.usage = Usage()
        self.name = llm.name

    @property
    def abilities(self) -> Abilities:
        return self._llm.abilities

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        usage = Usage(steps=1)  # of a call that fails
        try:
            completion = await self._llm.complete(request, on_delta=on_delta)
            usage = completion.usage
        finally:
            self.usage += usage
        return completion

    async def aclose(self) -> None:
        """The LLM inside is its owner's to close."""
