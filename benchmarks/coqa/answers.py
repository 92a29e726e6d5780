"""The rows of the table: each answers the same questions."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from agentcore import LLM, Abilities, Agent, LLMRequest, Sampling
from agentcore.events import Acted
from agentcore.testing import FunctionLLM
from examples.coqa.agent import CoQAAgent
from examples.coqa.data import UNKNOWN, Story, Turn
from examples.coqa.metric import f1
from examples.coqa.planner import OPTIONS, AnswerFromEvidence
from examples.coqa.reading import FirstReader

__all__ = ["Measured", "Oracle", "best_f1", "measure_agent", "measure_bare", "measure_unsaid"]


@dataclass
class Measured:
    """The points of one row, question by question."""

    f1: list[float] = field(default_factory=list[float])
    ceiling: list[float] = field(default_factory=list[float])
    """Of the best of all options, where the row has options."""
    unknown: list[bool] = field(default_factory=list[bool])
    duration_s: float = 0.0
    calls: int = 0


def best_f1(answer: str, turn: Turn) -> float:
    """Return the F1 with the best reference, as SQuAD has it."""
    return max(f1(answer, reference) for reference in turn.references)


async def measure_bare(
    stories: Sequence[Story], llm: LLM, on_turn: Callable[[Turn], None] = lambda _: None
) -> Measured:
    """Ask the model plainly: the paragraph, the question."""
    measured = Measured()
    agent = Agent(
        llm=llm,
        instructions="Answer the question about the text in a few words.",
        sampling=Sampling(temperature=0, max_tokens=48),
    )
    for story in stories:
        for turn in story.turns:
            on_turn(turn)
            result = await agent.run(f"{story.text}\n\n{turn.question}")
            measured.f1.append(best_f1(result.output, turn))
            measured.unknown.append(UNKNOWN in result.output.lower())
            measured.duration_s += result.duration_s
            measured.calls += result.usage.steps
    return measured


async def measure_agent(
    stories: Sequence[Story],
    llm: LLM,
    planner: AnswerFromEvidence,
    on_turn: Callable[[Turn], None] = lambda _: None,
) -> Measured:
    """Run the agent over each dialogue, in one conversation."""
    measured = Measured()
    for story in stories:
        agent = CoQAAgent(story.text, llm=llm, planner=planner)
        for turn in story.turns:
            on_turn(turn)
            result = await agent.run(turn.question, session=story.id)
            measured.f1.append(best_f1(result.output.answer, turn))
            options = [
                option
                for event in result.trajectory
                if isinstance(event, Acted) and event.observation.call.name == "find_options"
                for option in OPTIONS.validate_json(event.observation.percept.text)
            ]
            measured.ceiling.append(max((best_f1(o.text, turn) for o in options), default=0.0))
            measured.unknown.append(result.output.answer == UNKNOWN)
            measured.duration_s += result.duration_s
            measured.calls += result.usage.steps
    return measured


async def measure_unsaid(stories: Sequence[Story], others: Sequence[Story]) -> Measured:
    """Ask the questions of each dialogue about another paragraph of the same article.

    The check needs no model, so none is asked; nearly all of these questions have no answer there.
    """
    measured = Measured()
    planner = AnswerFromEvidence(FirstReader())
    for story in stories:
        other = next((one for one in others if one.name == story.name and one.id != story.id), None)
        if other is None:
            continue
        agent = CoQAAgent(other.text, llm=FunctionLLM(lambda _: ""), planner=planner)
        for turn in story.turns:
            result = await agent.run(turn.question)
            measured.unknown.append(result.output.answer == UNKNOWN)
    return measured


class Oracle:
    """Stands in for a better model: of the options that it is shown it takes the best.

    It goes through the same code as the small model, and is held up by the same sentences, options
    and checks. It gives no log-probabilities, so it chooses once among all.
    """

    def __init__(self) -> None:
        self.llm = FunctionLLM(self._choose, abilities=Abilities(sampling=frozenset(_SETTINGS)))
        self._turn: Turn | None = None

    def hear(self, turn: Turn) -> None:
        """Learn what will be asked next, and the right answers to it."""
        self._turn = turn

    def _choose(self, request: LLMRequest) -> str:
        assert self._turn is not None
        turn, schema = self._turn, cast("Any", request.output_schema)
        options: list[str] = schema["properties"]["answer"]["enum"]
        return json.dumps({"answer": max(options, key=lambda option: best_f1(option, turn))})


_SETTINGS = ("temperature", "max_tokens")
