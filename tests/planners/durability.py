"""What every planner keeps: it replays with a dead model, and resumes from every prefix."""

from __future__ import annotations

from collections.abc import Callable

from agentcore import Agent, LLMRequest, MemoryJournal, Planner, dump_messages
from agentcore.testing import FunctionLLM

__all__ = ["check_durable"]


async def check_durable(planner: Planner, reply: Callable[[LLMRequest], str]) -> int:
    """Run it, replay it, resume it from every prefix; return how many events there were."""
    journal = MemoryJournal()
    first = await Agent(llm=FunctionLLM(reply), planner=planner).run("task", journal=journal)
    events = journal.events()
    for length in range(len(events) + 1):
        model = FunctionLLM(_dead if length == len(events) else reply)
        resumed = Agent(llm=model, planner=planner)
        again = await resumed.run("task", journal=MemoryJournal(events[:length]))

        assert again.output == first.output, f"prefix of {length}"
        assert dump_messages(again.messages) == dump_messages(first.messages)
        assert again.usage == first.usage
    return len(events)


def _dead(request: LLMRequest) -> str:
    raise AssertionError(f"the model was asked again: {request.messages[-1]!r:.200}")
