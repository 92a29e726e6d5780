from __future__ import annotations

from agentcore import Agent, Answer, Run, Sampling, Task
from agentcore.testing import ScriptedLLM


class Scoped:
    """Thinks in a scope with a temperature, in a branch and a scope of it, and outside."""

    async def solve(self, task: Task, run: Run, /) -> Answer:
        async def branch(own: Run) -> None:
            await own.think(task.messages, sampling=Sampling(max_tokens=5))

        warm = run.scope("warm", sampling=Sampling(temperature=0.9))
        await warm.all(branch)
        await warm.scope("inner", sampling=Sampling(top_p=0.5)).think(task.messages)
        return await run.answer(task.messages)


async def test_the_sampling_of_a_scope_holds_for_all_that_is_thought_in_it() -> None:
    llm = ScriptedLLM("a", "b", "c")

    await Agent(llm=llm, planner=Scoped(), sampling=Sampling(seed=1)).run("?")

    assert [request.sampling for request in llm.requests] == [
        Sampling(seed=1, temperature=0.9, max_tokens=5),
        Sampling(seed=1, temperature=0.9, top_p=0.5),
        Sampling(seed=1),
    ]
