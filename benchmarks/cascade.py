"""What a cascade costs and how often it is right: `python -m benchmarks.cascade`.

A simulation: scripted models that are right on 70 and 90 % of the questions, and a confidence whose
AUROC is known, sent as the log-probability of the small model's answer. `Cascade`, its
`LogprobConfidence` and `calibrate` are the real ones, and each question of the second half is a
real run. Thresholds are chosen on the first half of the questions and reported on the second.

Two worlds bound what real models are: in one the large model's mistakes have nothing to do with the
small one's; in the other it knows all that the small one knows, so that what the small one does
not know is hard for it too. Beside each measured number stands what theory says for this curve:
scores of right and wrong answers are normal with the same variance (binormal), so that the AUROC
alone fixes the curve.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from statistics import NormalDist, fmean, stdev

from agentcore import Agent, AssistantMessage, Completion, LLMRequest, UserMessage
from agentcore.brain import Cascade, Labelled, LogprobConfidence, calibrate, label
from agentcore.completions import TokenLogprob
from agentcore.testing import FunctionLLM

__all__ = ["main"]

SMALL, LARGE = 0.70, 0.90
WITHIN = 0.005
MOST_CALLS = 0.40
MARGIN = 0.02
"""A share chosen on one half comes out a little higher on every other second half."""
SEEDS, QUESTIONS = 20, 1000
T_VALUE = 2.093  # Student's t: 95 %, 19 degrees of freedom
NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class World:
    """How the models and the confidence are related."""

    auroc: float
    is_nested: bool
    """Whether the large model is right wherever the small one is."""

    @property
    def large_where_small_fails(self) -> float:
        """How often the large model is right where the small one is wrong."""
        return (LARGE - SMALL) / (1 - SMALL) if self.is_nested else LARGE

    @property
    def large_where_small_knows(self) -> float:
        """How often the large model is right where the small one is right too."""
        return 1.0 if self.is_nested else LARGE

    def question(self, random: Random) -> Labelled:
        """Draw one question."""
        is_small_right = random.random() < SMALL
        share = self.large_where_small_knows if is_small_right else self.large_where_small_fails
        score = random.gauss(self.distance * is_small_right, 1)
        confidence = 0.001 + 0.998 * NORMAL.cdf(score / 3)  # any rising function has the same AUROC
        return Labelled(confidence, is_small_right, random.random() < share)

    @property
    def distance(self) -> float:
        """How far the scores of right and wrong answers are apart, in standard deviations."""
        return math.sqrt(2) * NORMAL.inv_cdf(self.auroc)

    def expected(self, cut: float) -> tuple[float, float]:
        """Share of large calls, and accuracy less the large model's; what is under a cut goes."""
        wrong_sent = NORMAL.cdf(cut)
        right_sent = NORMAL.cdf(cut - self.distance)
        sent = SMALL * right_sent + (1 - SMALL) * wrong_sent
        right = SMALL * (1 - right_sent) + SMALL * right_sent * self.large_where_small_knows
        right += (1 - SMALL) * wrong_sent * self.large_where_small_fails
        return sent, right - LARGE

    def best_within(self, most_calls: float) -> float:
        """The highest gap to the large model that so many calls allow."""
        return max(gap for sent, gap in map(self.expected, _CUTS) if sent <= most_calls)

    def fewest_calls(self, gap: float) -> float:
        """The lowest share of calls with which the gap is reached."""
        return min(sent for sent, found in map(self.expected, _CUTS) if found >= gap)


_CUTS = [number / 500 for number in range(-3000, 4501)]


class Models:
    """The two models of some questions; a question is asked by its number."""

    def __init__(self, questions: list[Labelled]) -> None:
        self.questions = questions
        self.small = FunctionLLM(lambda request: self._small(self._of(request)))
        self.large = FunctionLLM(lambda request: _word(self._of(request).is_large_right))

    async def labelled(self) -> list[Labelled]:
        """Ask both models every question."""
        examples = [(_request(number), "right") for number in range(len(self.questions))]
        return await label(
            (self.small, self.large), LogprobConfidence(), examples, lambda it, is_: it.text == is_
        )

    async def run(self, threshold: float) -> tuple[float, float]:
        """Run every question; return the share of large calls, and the accuracy."""
        self.large.requests.clear()
        llm = Cascade(self.small, self.large, confidence=LogprobConfidence(), threshold=threshold)
        agent, right = Agent(llm=llm), 0
        for number in range(len(self.questions)):
            right += (await agent.run(str(number))).output == "right"
        count = len(self.questions)
        return len(self.large.requests) / count, right / count

    def _of(self, request: LLMRequest) -> Labelled:
        return self.questions[int(str(request.messages[-1].content))]

    def _small(self, question: Labelled) -> Completion:
        message = AssistantMessage(content=_word(question.is_small_right))
        logprob = math.log(question.confidence)
        logprobs = (TokenLogprob(token=message.content, logprob=logprob),)
        return Completion(message=message, logprobs=logprobs)


def _request(number: int) -> LLMRequest:
    return LLMRequest(messages=(UserMessage(content=str(number)),))


def _word(is_right: bool) -> str:  # noqa: FBT001 - the only thing there is to say
    return "right" if is_right else "wrong"


@dataclass(frozen=True, slots=True)
class Half:
    """What was measured on the second half of one seed's questions."""

    small: float
    large: float
    calls: float
    accuracy: float
    auroc: float


Rule = Callable[[list[Labelled]], float]


def by_calls(examples: list[Labelled]) -> float:
    """The most accurate threshold within the calls."""
    return calibrate(examples, max_large_share=MOST_CALLS - MARGIN).threshold


def by_accuracy(examples: list[Labelled]) -> float:
    """The threshold with the fewest calls that is as good as the large model, but for WITHIN."""
    large = fmean(example.is_large_right for example in examples)
    return calibrate(examples, min_accuracy=large - WITHIN).threshold


async def measure(world: World, rule: Rule, seed: int) -> Half:
    """Choose the threshold on one half of the questions, and run the other."""
    random = Random(seed)  # noqa: S311 - a simulation
    first, second = (Models([world.question(random) for _ in range(QUESTIONS)]) for _ in range(2))
    threshold = rule(await first.labelled())
    calls, accuracy = await second.run(threshold)
    held_out = second.questions
    return Half(
        small=fmean(one.is_small_right for one in held_out),
        large=fmean(one.is_large_right for one in held_out),
        calls=calls,
        accuracy=accuracy,
        auroc=auroc_of(held_out),
    )


def auroc_of(questions: list[Labelled]) -> float:
    """How often a right answer has the higher confidence than a wrong one."""
    ordered = sorted(questions, key=lambda one: one.confidence)
    wrong = pairs = 0
    for one in ordered:
        wrong += not one.is_small_right
        pairs += wrong * one.is_small_right
    return pairs / (wrong * (len(ordered) - wrong))


def interval(values: list[float]) -> str:
    """Mean over the seeds and its 95 % interval by Student's t, in percent."""
    half = T_VALUE * stdev(values) / math.sqrt(len(values))
    return f"{100 * fmean(values):.2f} ± {100 * half:.2f}"


def row(world: World, name: str, halves: list[Half]) -> str:
    """One line of the table, in percent and points."""
    gaps = [half.accuracy - half.large for half in halves]
    is_within = fmean(gaps) >= -WITHIN and fmean(half.calls for half in halves) <= MOST_CALLS
    theory = (
        f"{100 * world.best_within(MOST_CALLS):+.1f} at {100 * MOST_CALLS:.0f} % of calls; "
        f"within {100 * WITHIN:.1f} from {100 * world.fewest_calls(-WITHIN):.0f} %"
    )
    cells = [
        f"{world.auroc:.2f} ({fmean(half.auroc for half in halves):.3f})",
        "nested" if world.is_nested else "independent",
        name,
        interval([half.small for half in halves]),
        interval([half.large for half in halves]),
        interval([half.accuracy for half in halves]),
        interval(gaps),
        interval([half.calls for half in halves]),
        "yes" if is_within else "no",
        theory,
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    print(
        f"{SEEDS} seeds; thresholds chosen on {QUESTIONS} questions, measured on {QUESTIONS} "
        f"others, each a run. Asked at AUROC 0.89: within {100 * WITHIN:.1f} points of the large "
        f"model at no more than {100 * MOST_CALLS:.0f} % of its calls.\n"
    )
    print(
        "| AUROC (measured) | mistakes | threshold by | small alone % | large alone % | cascade % "
        "| points to the large | large calls % | within both | theory |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    rules: dict[str, Rule] = {"calls": by_calls, "accuracy": by_accuracy}
    for auroc in (0.89, 0.80):
        for is_nested in (False, True):
            world = World(auroc, is_nested)
            for name, rule in rules.items():
                halves = [asyncio.run(measure(world, rule, seed)) for seed in range(SEEDS)]
                print(row(world, name, halves), flush=True)


if __name__ == "__main__":
    main()
