"""Best of n: several independent answers, and the one that a judge scores highest."""

from __future__ import annotations

from collections.abc import Sequence

from ..completions import Sampling
from ..errors import ConfigurationError
from ..planning import Branch, Planner, Run, Task
from ..results import Answer
from .critic import Critic, Judge
from .samples import ballot_of, draw

__all__ = ["BestOfN"]

_UNJUDGED = -1.0
"""Less than any score."""


class BestOfN:
    """A planner solves the task several times, side by side; the output judged best wins.

    Outputs that say the same are judged once, and none is judged where all say the same. Of outputs
    with the same score the one sampled first wins; one whose verdict cannot be read comes last. A
    sample without a valid output is left out. Each output is offered with its score, so that a
    bound of the budget returns the best so far.

    Costs the planner's calls `samples` times, and a verdict (one call, with `Critic`; none, with
    `Check`) for each output that differs. Tools are called in every sample; leave out those that
    write.

    Args:
        judge: The agent's own model by default; `Check` makes one of a function.
        samples: At least 1.
        temperature: Of the samples; None leaves the agent's own. The judge's is the agent's.
        seed: Sample i is drawn with `seed + i`; None leaves the agent's own.

    Raises:
        OutputParseError, LimitError: no sample had a valid output; the error of the first.

    References:
        Cobbe et al. 2021, Training Verifiers to Solve Math Word Problems, arXiv:2110.14168. The
        paper trains its verifier; here it is a function or a model that is asked.

    Example:
        >>> from agentcore import Agent
        >>> from agentcore.planners import BestOfN, Check, ToolCalling
        >>> from agentcore.testing import ScriptedLLM
        >>> short = Check(lambda text: max(0, 10 - len(text.split())))
        >>> llm = ScriptedLLM("I think it is Paris.", "Paris.")
        >>> agent = Agent(llm=llm, planner=BestOfN(ToolCalling(), judge=short, samples=2))
        >>> agent.run_sync("The capital of France?").output
        'Paris.'
    """

    def __init__(
        self,
        planner: Planner,
        *,
        judge: Judge | None = None,
        samples: int = 4,
        temperature: float | None = 0.7,
        seed: int | None = None,
    ) -> None:
        if samples < 1:
            raise ConfigurationError(f"samples is {samples}: it must be at least 1")
        self.planner = planner
        self.judge = Critic() if judge is None else judge
        self.samples = samples
        self.temperature = temperature
        self.seed = seed

    async def solve(self, task: Task, run: Run, /) -> Answer:
        """Solve the task."""
        samplings = [
            Sampling(
                temperature=self.temperature, seed=None if self.seed is None else self.seed + index
            )
            for index in range(self.samples)
        ]
        drawn = await draw(self.planner, task, run, samplings, score=_UNJUDGED)
        answers = [sample for sample in drawn if isinstance(sample, Answer)]
        if not answers:
            raise next(sample for sample in drawn if not isinstance(sample, Answer))
        different: dict[str, Answer] = {}
        for answer in answers:
            different.setdefault(ballot_of(answer.text, run.output_schema), answer)
        candidates = list(different.values())
        scores = await self._scores(candidates, run)
        # max() returns the first of equals: ties go to what was sampled first.
        return candidates[max(range(len(candidates)), key=scores.__getitem__)]

    async def _scores(self, candidates: Sequence[Answer], run: Run) -> Sequence[float]:
        """Have the candidates judged side by side; one alone is not."""
        if len(candidates) == 1:
            return (_UNJUDGED,)

        def branch(answer: Answer) -> Branch[float]:
            async def score(own: Run) -> float:
                verdict = await self.judge.judge(answer.messages, own.scope("verdict"))
                if verdict is None:
                    return _UNJUDGED
                await own.offer(answer.text, score=verdict.score)
                return verdict.score

            return score

        return await run.all(*(branch(answer) for answer in candidates))
