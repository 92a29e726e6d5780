"""The agent: a story that it can search, three tools that its plan uses, and the plan."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import Unpack

from agentcore import Agent, AgentOptions, Sampling, tool

from .candidates import Candidate, candidates
from .checking import Verdict, check, is_said
from .data import UNKNOWN
from .passage import PassageMemory
from .planner import AnswerFromEvidence, CoQAAnswer
from .rewriting import stand_alone

__all__ = ["CoQAAgent"]


class CoQAAgent(Agent[CoQAAnswer]):
    """You answer questions about a text in a few words, with words of the text."""

    planner = AnswerFromEvidence()
    sampling = Sampling(temperature=0, max_tokens=256)

    def __init__(self, story: str, **options: Unpack[AgentOptions]) -> None:
        options["memory"] = PassageMemory(story, source="story")  # what `run.recall` searches
        super().__init__(**options)
        self.story = story

    @tool
    async def stand_alone(self, question: str, dialogue: list[tuple[str, str]]) -> str:
        """Put names in place of the pronouns of a question."""
        return stand_alone(question, dialogue)

    @tool
    async def find_options(self, question: str, sentences: list[str]) -> Sequence[Candidate]:
        """List the phrases of sentences that may be the answer, the likeliest first."""
        return candidates(question, sentences)

    @tool
    async def check(
        self, question: str, answer: str, evidence: str, sentences: list[str]
    ) -> Verdict:
        """Say whether sentences speak of what is asked, and evidence has the answer's words."""
        return check(question, answer, evidence, sentences)

    def validate_output(self, output: CoQAAnswer, /) -> CoQAAnswer:
        """Refuse an answer without evidence, and evidence that has not its words."""
        if output.answer == UNKNOWN and output.evidence is None:
            return output
        if output.evidence is None:
            raise ValueError(f"{output.answer!r} has no evidence: only {UNKNOWN!r} has none")
        quoted = self.story[output.evidence.start : output.evidence.end]
        if not is_said(output.answer, quoted):
            raise ValueError(f"{output.answer!r} is not in its evidence, {quoted!r}")
        return output
