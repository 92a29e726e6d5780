"""Self-Refine: draft, have it judged, revise, and return the best of the drafts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from re import findall

from ..errors import ConfigurationError
from ..messages import AssistantMessage, Message, UserMessage
from ..planning import Planner, Run, Task
from ..prompts import Prompt
from ..results import Answer
from ..sameness import plain
from .critic import MOST, Critic, Judge, Verdict
from .samples import attempt

__all__ = ["SelfRefine", "is_nearly_same"]

_PROMPT = Path(__file__).with_name("self_refine.jinja2")
_NEARLY = 0.95
_UNJUDGED = -1.0
"""The offer of a draft without a verdict: it stands where no other does."""
_NO_PROBLEM_NAMED = "It is not good enough yet: check every part of it against what was asked."


@dataclass(frozen=True, slots=True)
class _Draft:
    answer: Answer
    """Its conversation holds no remark on an earlier draft."""
    verdict: Verdict


class SelfRefine:
    """A planner drafts, a judge names problems, the planner mends them; the best draft is returned.

    A later draft replaces an earlier one only where its score is higher: what is returned was never
    scored lower than a draft before it. Each revision starts from the best draft. The loop ends
    when the judge accepts (a score of `accept_score`, or all that it could still gain is less than
    `min_gain`); when a draft comes back, or nearly the same one does and is no better; after
    `patience` rounds of which none gained `min_gain`, since the next is then not expected to be
    worth its calls; after `max_rounds`; when a draft or a verdict cannot be read. Each better draft
    is offered, so that a bound of the budget returns the best one.

    Costs the planner's calls once, and once more in each round; a verdict (one call, with `Critic`)
    for each draft that is new.

    Args:
        planner: Makes the drafts; a revision may call tools again.
        judge: The agent's own model by default. A `Check` costs nothing and does not flatter.
        max_rounds: Revisions, at least 0.
        accept_score: From 0 to 10.
        min_gain: Points of the score, of 10, that a round must gain to be worth another.
        patience: Rounds in a row without such a gain that end the loop, at least 1.

    References:
        Madaan et al. 2023, Self-Refine: Iterative Refinement with Self-Feedback, arXiv:2303.17651.
        The paper returns the last draft and goes on for a fixed number of rounds or until the model
        says stop; here the best is kept, and the loop ends where it does not pay. The paper shows
        the model all earlier drafts; here it sees the best one and its problems.

    Example:
        >>> from agentcore import Agent
        >>> from agentcore.planners import Check, SelfRefine, ToolCalling
        >>> from agentcore.testing import ScriptedLLM
        >>> shorter = Check(lambda text: max(0, 10 - len(text.split())))
        >>> planner = SelfRefine(ToolCalling(), judge=shorter, max_rounds=1)
        >>> llm = ScriptedLLM("It is Paris, of course.", "Well, that would be Paris, I think.")
        >>> Agent(llm=llm, planner=planner).run_sync("The capital of France?").output
        'It is Paris, of course.'
    """

    def __init__(
        self,
        planner: Planner,
        *,
        judge: Judge | None = None,
        max_rounds: int = 4,
        accept_score: float = 9.0,
        min_gain: float = 0.5,
        patience: int = 1,
    ) -> None:
        are_scores = 0 <= accept_score <= MOST and 0 <= min_gain <= MOST
        if max_rounds < 0 or patience < 1 or not are_scores:
            raise ConfigurationError(
                f"SelfRefine with max_rounds={max_rounds}, patience={patience}, accept_score="
                f"{accept_score}, min_gain={min_gain}: rounds are at least 0, patience at least 1, "
                "and scores from 0 to 10"
            )
        self.planner = planner
        self.judge = Critic() if judge is None else judge
        self.max_rounds = max_rounds
        self.accept_score = accept_score
        self.min_gain = min_gain
        self.patience = patience
        self._prompt = Prompt(_PROMPT)

    def request_for(self, verdict: Verdict, failed: Sequence[str] = ()) -> str:
        """Write what the model is told to revise.

        Args:
            failed: Problems of an earlier revision that was no better.
        """
        problems = verdict.problems or (_NO_PROBLEM_NAMED,)
        return self._prompt.render({"problems": problems, "failed": failed})

    async def solve(self, task: Task, run: Run, /) -> Answer:
        """Solve the task."""
        first = await self.planner.solve(task, run.scope("draft"))
        await run.offer(first.text, score=_UNJUDGED)
        verdict = await self.judge.judge(first.messages, run.scope("verdict"))
        if verdict is None:
            return first
        best = _Draft(first, verdict)
        seen = [first.text]
        failed: tuple[str, ...] = ()
        rounds_left, patience_left = self.max_rounds, self.patience
        while rounds_left and patience_left and not self._accepts(best.verdict):
            await run.offer(best.answer.text, score=best.verdict.score)
            rounds_left -= 1
            answer = await self._revise(task, best, failed, run)
            if answer is None or answer.text in seen:
                break
            verdict = await self.judge.judge(answer.messages, run.scope("verdict"))
            if verdict is None:
                break
            gain = verdict.score - best.verdict.score
            if gain > 0:
                best, failed = _Draft(answer, verdict), ()
            elif any(is_nearly_same(answer.text, text) for text in seen):
                break
            else:
                failed = verdict.problems
            is_worth_it = gain > 0 and gain >= self.min_gain
            patience_left = self.patience if is_worth_it else patience_left - 1
            seen.append(answer.text)
        return best.answer

    def _accepts(self, verdict: Verdict) -> bool:
        return verdict.score >= self.accept_score or MOST - verdict.score < self.min_gain

    async def _revise(
        self, task: Task, best: _Draft, failed: Sequence[str], run: Run
    ) -> Answer | None:
        """Have the best draft revised; None: the planner found no valid answer."""
        before = best.answer.messages
        asked = (*before, UserMessage(content=self.request_for(best.verdict, failed)))
        revising = replace(task, messages=asked)
        answer = await attempt(self.planner, revising, run.scope("draft"))
        if not isinstance(answer, Answer):
            return None
        return replace(answer, messages=_without_remark(task, before, asked, answer))


def _without_remark(
    task: Task, before: Sequence[Message], asked: Sequence[Message], answer: Answer
) -> tuple[Message, ...]:
    """The conversation as if the revision had been written at once: the user never saw the rest.

    What tools returned for the earlier draft stays: the revision was written from it.
    """
    if answer.messages[: len(asked)] == tuple(asked):
        return (*before[:-1], *answer.messages[len(asked) :])
    return (*task.messages, AssistantMessage(content=answer.text))


def is_nearly_same(text: str, other: str) -> bool:
    """Whether two drafts say the same: 95 % of the words in their order, and every number.

    Example:
        >>> is_nearly_same("It is Paris.", "it  is paris"), is_nearly_same("It is 4.", "It is 5.")
        (True, False)
    """
    text, other = plain(text), plain(other)
    if text == other:
        return True
    if findall(r"\d+", text) != findall(r"\d+", other):
        return False
    matcher = SequenceMatcher(None, text.split(), other.split())
    return matcher.quick_ratio() >= _NEARLY and matcher.ratio() >= _NEARLY
