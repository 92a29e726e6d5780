"""Self-consistency: several independent answers, and the one that most of them give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from ..completions import Sampling
from ..errors import ConfigurationError
from ..planning import Planner, Run, Task
from ..results import Answer
from .samples import Failure, ballot_of, draw

__all__ = ["SelfConsistency"]


class SelfConsistency:
    """A planner solves the task several times, side by side; the most frequent output wins.

    Outputs are counted as the same by `ballot_of`: typed ones by value, plain text but for letter
    case, spacing and a full stop. Of outputs with as many votes the one sampled first wins. As soon
    as what is missing cannot change the majority no more is sampled: where all agree, half of the
    samples and one are enough. A sample without a valid output does not vote. Samples must be able
    to differ: they are drawn at `temperature`.

    Each output is offered, and after each wave the leading one with its votes as the score, so that
    a bound of the budget returns the best so far.

    Costs the planner's calls `samples` times at most, and at least for the smallest majority. Tools
    are called in every sample; leave out those that write.

    Args:
        samples: At least 1.
        temperature: Of the model; None leaves the agent's own.
        seed: Sample i is drawn with `seed + i`. Needed where the agent's own sampling has a seed,
            with which all samples would be the same; None leaves it.
        normalise: Brings plain texts that mean the same to the same form before they are counted.

    Raises:
        OutputParseError, LimitError: no sample had a valid output; the error of the first.

    References:
        Wang et al. 2022, Self-Consistency Improves Chain of Thought Reasoning in Language Models,
        arXiv:2203.11171. The paper samples chains of thought and marginalises them out by the
        final answer: here whatever planner does the reasoning, and it always draws all samples.

    Example:
        >>> from agentcore import Agent
        >>> from agentcore.planners import SelfConsistency, ToolCalling
        >>> from agentcore.testing import ScriptedLLM
        >>> llm = ScriptedLLM("Lyon", "Paris", "paris.")
        >>> agent = Agent(llm=llm, planner=SelfConsistency(ToolCalling(), samples=3))
        >>> agent.run_sync("The capital of France?").output
        'Paris'
    """

    def __init__(
        self,
        planner: Planner,
        *,
        samples: int = 5,
        temperature: float | None = 0.7,
        seed: int | None = None,
        normalise: Callable[[str], str] | None = None,
    ) -> None:
        if samples < 1:
            raise ConfigurationError(f"samples is {samples}: it must be at least 1")
        self.planner = planner
        self.samples = samples
        self.temperature = temperature
        self.seed = seed
        self.normalise = normalise

    async def solve(self, task: Task, run: Run, /) -> Answer:
        """Solve the task."""
        answers: list[tuple[str, Answer]] = []
        failures: list[Failure] = []
        drawn = 0
        while wave := _next_wave([ballot for ballot, _ in answers], self.samples - drawn):
            samplings = [self._sampling(index) for index in range(drawn, drawn + wave)]
            for sample in await draw(self.planner, task, run, samplings):
                if isinstance(sample, Answer):
                    answers.append((self._ballot(sample.text, run), sample))
                else:
                    failures.append(sample)
            drawn += wave
            if answers:
                winner, votes = _leader(answers)
                await run.offer(winner.text, score=votes)
        if not answers:
            raise failures[0]
        return _leader(answers)[0]

    def _sampling(self, index: int) -> Sampling:
        seed = None if self.seed is None else self.seed + index
        return Sampling(temperature=self.temperature, seed=seed)

    def _ballot(self, text: str, run: Run) -> str:
        if self.normalise is not None and run.output_schema is None:
            return self.normalise(text)
        return ballot_of(text, run.output_schema)


def _leader(answers: Sequence[tuple[str, Answer]]) -> tuple[Answer, int]:
    """Return the first of the answers that have the most votes, and the votes."""
    votes = Counter(ballot for ballot, _ in answers)
    ballot, winner = max(answers, key=lambda answer: votes[answer[0]])  # the first of equals
    return winner, votes[ballot]


def _next_wave(ballots: list[str], left: int) -> int:
    """Return how many more samples could decide the vote; 0: it is decided, or none is left.

    With k more votes for the leader it is decided when the second cannot reach it with the others.
    """
    (_, leader), (_, second), *_ = [*Counter(ballots).most_common(2), ("", 0), ("", 0)]
    if leader - second > left:
        return 0
    return min(left, (second + left - leader) // 2 + 1)
