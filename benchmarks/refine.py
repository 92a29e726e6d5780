"""What refining costs and how often it does harm: `python -m benchmarks.refine`.

A simulation whose truth is known. A task has twenty points; a draft has each right or wrong, and
its true quality is the share that is right. A revision mends some of the wrong points that are
within the model's reach, and breaks some right ones. The critic's score is the true quality with
normal noise of the given standard deviation (on a scale of 0 to 1), cut to the scale and rounded to
whole points of ten; at 1.0 it is all but blind. The same draft gets the same score from it, whoever
asks.

`SelfRefine`, with its defaults, stands beside the two loops that are commonly written, each as a
planner in a real run with the same prompts and the same most rounds: revise until the critic
passes the draft and return the last; and revise for all rounds and return the last. "Worse" is the
share of answers whose true quality is below that of their own first draft.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from dataclasses import dataclass, replace
from random import Random
from statistics import fmean

from agentcore import Abilities, Agent, Answer, Budget, LLMRequest, Planner, Run, Task, UserMessage
from agentcore.planners import Critic, SelfRefine, ToolCalling
from agentcore.testing import FunctionLLM

__all__ = ["main"]

NOISES = (0.1, 0.3, 0.5, 1.0)
POINTS = 20
FIRST_DRAFT = 0.7
"""How often the first draft has a point right that is within reach."""
ROUNDS = 4
OTHER_ROUNDS = (1, 2, 3, 4, 6, 8)
"""What the loop is given as well, to find the cheapest that has the score of `SelfRefine`."""
PASS_SCORE = 9.0
ASKED_SAVING = 0.40
_RIGHT = "holds: this sentence says what was asked for."
_WRONG = "fails: here stand other words, beside the matter."
_POINT = re.compile(r"Point (\d+) (holds|fails)")


@dataclass(frozen=True, slots=True)
class Writer:
    """How well a model revises."""

    name: str
    mends: float
    """Probability that a revision mends a wrong point that is within reach."""
    breaks: float
    """Probability that it breaks a right one."""


WRITERS = (Writer("able", 0.5, 0.02), Writer("clumsy", 0.25, 0.08), Writer("careless", 0.2, 0.15))


@dataclass(frozen=True, slots=True)
class World:
    """A writer and a critic whose every draft and score follows from the seed and what is asked."""

    writer: Writer
    noise: float
    seed: int

    def draft(self, request: LLMRequest) -> str:
        """Write a first draft, or revise the one in the conversation."""
        asked = str(request.messages[0].content)
        task = self._random(asked)
        reach = task.uniform(0.5, 1.0)
        reachable = [task.random() < reach for _ in range(POINTS)]
        if len(request.messages) == 1:
            return _write([within and task.random() < FIRST_DRAFT for within in reachable])
        random = self._random(*(message.digest for message in request.messages))
        before = _read(str(request.messages[-2].content))
        return _write(
            [
                random.random() >= self.writer.breaks
                if was_right
                else within and random.random() < self.writer.mends
                for was_right, within in zip(before, reachable, strict=True)
            ]
        )

    def verdict(self, request: LLMRequest) -> str:
        """Score the draft before the question, and name points of it."""
        task, text = str(request.messages[0].content), str(request.messages[-2].content)
        random = self._random(str(self.noise), task, text)
        seen = quality(text) + random.gauss(0, self.noise)
        wrong = [str(number) for number, is_right in enumerate(_read(text), 1) if not is_right]
        problems = ", ".join(f'"Point {number} is not met: see to it."' for number in wrong[:5])
        return f'{{"problems": [{problems}], "score": {round(10 * min(1.0, max(0.0, seen)))}}}'

    def _random(self, *parts: str) -> Random:
        return Random("/".join([str(self.seed), self.writer.name, *parts]))  # noqa: S311


class Loop:
    """Revise until the critic passes the draft, and return the last one."""

    def __init__(self, planner: Planner, judge: Critic, *, rounds: int, pass_score: float) -> None:
        self.planner = planner
        self.judge = judge
        self.rounds = rounds
        self.pass_score = pass_score

    async def solve(self, task: Task, run: Run, /) -> Answer:
        """Solve the task."""
        revising = SelfRefine(self.planner).request_for
        answer = await self.planner.solve(task, run.scope("draft"))
        for _ in range(self.rounds):
            verdict = await self.judge.judge(answer.messages, run.scope("verdict"))
            if verdict is None or verdict.score >= self.pass_score:
                break
            asked = (*answer.messages, UserMessage(content=revising(verdict)))
            revised = await self.planner.solve(replace(task, messages=asked), run.scope("draft"))
            answer = replace(revised, messages=(*answer.messages[:-1], revised.messages[-1]))
        return answer


@dataclass(frozen=True, slots=True)
class Measured:
    """What a planner did on all tasks."""

    score: float
    """Mean true quality."""
    worse: float
    """Share of the answers that are worse than their first draft."""
    tokens: float
    """Mean of a run."""


async def measure(world: World, planner: Planner, tasks: int) -> Measured:
    """Run the planner on every task."""
    agent = Agent(llm=FunctionLLM(world.draft), planner=planner, budget=Budget(max_steps=None))
    firsts: list[float] = []
    lasts: list[float] = []
    tokens: list[int] = []
    for number in range(tasks):
        result = await agent.run(f"Task {number}: write a report that meets twenty points.")
        drafts = (event for event in result.trajectory if event.kind == "thought")
        firsts.append(quality(next(drafts).completion.text))
        lasts.append(quality(result.output))
        tokens.append(result.usage.tokens)
    pairs = zip(firsts, lasts, strict=True)
    return Measured(fmean(lasts), fmean(last < first for first, last in pairs), fmean(tokens))


async def row(world: World, tasks: int) -> str:
    """Measure one line of the table."""
    judge = Critic(FunctionLLM(world.verdict, abilities=Abilities()))
    refined = await measure(world, SelfRefine(ToolCalling(), judge=judge), tasks)
    loops = {
        rounds: await measure(
            world, Loop(ToolCalling(), judge, rounds=rounds, pass_score=PASS_SCORE), tasks
        )
        for rounds in OTHER_ROUNDS
    }
    loop = loops[ROUNDS]
    last = await measure(world, Loop(ToolCalling(), judge, rounds=ROUNDS, pass_score=11), tasks)
    same = next((item for item in loops.values() if item.score >= refined.score), None)
    is_below = refined.worse < min(loop.worse, last.worse)
    saving = None if same is None else 1 - refined.tokens / same.tokens
    cells = [
        world.writer.name,
        f"{world.noise}",
        *(_cell(item) for item in (refined, loop, last)),
        "yes" if is_below else "MISSED",
        f"{1 - refined.tokens / loop.tokens:.0%}, {refined.score - loop.score:+.3f}",
        "no loop has it" if saving is None else f"{saving:.0%}",
        _verdict(saving),
    ]
    return f"| {' | '.join(cells)} |"


async def table(tasks: int, seed: int) -> str:
    """Measure all lines."""
    head = [
        "writer",
        "noise",
        "SelfRefine: worse, score, tokens",
        "until it passes",
        "last draft",
        "worse below both",
        f"fewer tokens than {ROUNDS} rounds, score beside them",
        "fewer tokens than the cheapest loop of its score",
        f">= {ASKED_SAVING:.0%}",
    ]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for writer in WRITERS:
        lines += [await row(World(writer, noise, seed), tasks) for noise in NOISES]
    return "\n".join(lines)


def quality(text: str) -> float:
    """Return the true quality of a draft, 0 to 1."""
    return fmean(_read(text))


def _write(points: list[bool]) -> str:
    return "\n".join(
        f"Point {number} {_RIGHT if is_right else _WRONG}"
        for number, is_right in enumerate(points, 1)
    )


def _read(text: str) -> list[bool]:
    return [found == "holds" for _, found in _POINT.findall(text)]


def _verdict(saving: float | None) -> str:
    """Whether the saving is what was asked; nothing is claimed where no loop has the score."""
    if saving is None:
        return "-"
    return "yes" if saving >= ASKED_SAVING else "MISSED"


def _cell(measured: Measured) -> str:
    return f"{measured.worse:.1%}, {measured.score:.3f}, {measured.tokens:,.0f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What refining costs, and how often it does harm.")
    parser.add_argument("--tasks", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(asyncio.run(table(given.tasks, given.seed)))


if __name__ == "__main__":
    main()
