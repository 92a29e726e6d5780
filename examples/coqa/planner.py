"""The plan: understand the question, find sentences, answer from them, check, or say unknown."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import BaseModel, TypeAdapter

from agentcore import (
    Answer,
    AssistantMessage,
    MemoryHit,
    Message,
    PlanningError,
    Run,
    Sampling,
    Span,
    SystemMessage,
    Task,
    ToolCall,
    UserMessage,
)
from agentcore.values import JsonObject, JsonValue

from .candidates import Candidate
from .checking import Verdict, checking_prompt
from .data import UNKNOWN
from .reading import (
    ChoosingReader,
    Draft,
    Found,
    Reader,
    answer_of,
    constrained,
    fields_of,
    span_of,
)
from .rewriting import Dialogue, refers_back, rewriting_prompt

__all__ = [
    "OPTIONS",
    "REWRITING",
    "REWRITTEN",
    "AnswerFromEvidence",
    "CoQAAnswer",
    "dialogue_of",
]


class CoQAAnswer(BaseModel, frozen=True):
    """A short answer, and where the story says so."""

    answer: str
    evidence: Span | None
    """The sentence that supports the answer; None where it is unknown."""


class AnswerFromEvidence:
    """Five steps; each leaves an event, so that a trace shows why an answer came about.

    Args:
        reader: Gets the answer out of the sentences; by default the one for a small model.
        sentences: How many sentences are read.
        is_able: Whether the model is good enough to rewrite questions and to check answers itself,
            at two more calls. `python -m benchmarks.coqa --rewriting` compares it with the rules.
    """

    def __init__(
        self, reader: Reader | None = None, *, sentences: int = 2, is_able: bool = False
    ) -> None:
        self.reader = reader or ChoosingReader()
        self.sentences = sentences
        self.is_able = is_able

    async def solve(self, task: Task, run: Run, /) -> Answer:
        """Answer the last question of the dialogue."""
        # 1. A question such as "Who was she?" is made to stand alone.
        question = await self._stand_alone(task.text, dialogue_of(task.messages), run)

        # 2. The sentences that may answer it are found in the story.
        hits = await run.recall(question, top_k=self.sentences)

        # 3. What could be the answer is listed, and the reader takes one, or writes its own.
        sentences: list[JsonValue] = [hit.text for hit in hits]
        listed = await _use(run, "find_options", question=question, sentences=sentences)
        told = tuple(message for message in task.messages if isinstance(message, SystemMessage))
        found = Found(question, told, hits, tuple(OPTIONS.validate_json(listed)))
        draft = await self.reader.read(found, run.scope("read"))

        # 4. It is checked against the sentences. 5. What they do not support is unknown.
        output = CoQAAnswer(answer=UNKNOWN, evidence=None)
        if draft is not None and await self._is_supported(question, draft, hits, run):
            output = CoQAAnswer(answer=draft.answer, evidence=span_of(draft.evidence))
        final = AssistantMessage(content=output.model_dump_json())
        return await run.answer([*task.messages, final])

    async def _stand_alone(self, question: str, dialogue: Dialogue, run: Run) -> str:
        """Resolve by rules; an able model does it where the question refers back."""
        if self.is_able and dialogue and refers_back(question):
            prompt = rewriting_prompt(question, dialogue)
            reply = await run.scope("rewrite").think(
                prompt, output_schema=constrained(REWRITTEN, run), sampling=REWRITING
            )
            if rewritten := fields_of(reply.text).get("question"):
                return str(rewritten)
        turns: list[JsonValue] = [[earlier, answer] for earlier, answer in dialogue]
        return await _use(run, "stand_alone", question=question, dialogue=turns)

    async def _is_supported(
        self, question: str, draft: Draft, hits: Sequence[MemoryHit], run: Run
    ) -> bool:
        """Compare words; an able model is asked whether the text says so as well."""
        sentences = [hit.text for hit in hits]
        said = await _use(
            run,
            "check",
            question=question,
            answer=draft.answer,
            evidence=draft.evidence.text,
            sentences=[*sentences],
        )
        is_supported = Verdict.model_validate_json(said).is_supported
        if not is_supported or not self.is_able:
            return is_supported
        prompt = checking_prompt(question, draft.answer, sentences)
        reply = await run.scope("check").think(prompt, output_schema=constrained(_SUPPORTED, run))
        return fields_of(reply.text).get("supported") is True


OPTIONS = TypeAdapter(list[Candidate])
"""Reads what the tool `find_options` found."""


def _schema(name: str, kind: str) -> JsonObject:
    return {
        "type": "object",
        "properties": {name: {"type": kind}},
        "required": [name],
        "additionalProperties": False,
    }


REWRITTEN = _schema("question", "string")
_SUPPORTED = _schema("supported", "boolean")

REWRITING = Sampling(temperature=0, max_tokens=64)


def dialogue_of(messages: Sequence[Message]) -> list[tuple[str, str]]:
    """Return the earlier questions and answers of a conversation, oldest first."""
    questions = [message.text for message in messages if isinstance(message, UserMessage)]
    answers = [message.content for message in messages if isinstance(message, AssistantMessage)]
    return [
        (question, answer_of(answer))
        for question, answer in zip(questions, answers, strict=False)  # the last has none yet
    ]


async def _use(run: Run, tool: str, /, **arguments: JsonValue) -> str:
    """Use a tool of the agent oneself: no model asked for it, but it is recorded and traced.

    Raises:
        PlanningError: the agent does not have it.
    """
    call = ToolCall(id=tool, name=tool, arguments=json.dumps(arguments, ensure_ascii=False))
    (observation,) = await run.act([call])
    if observation.is_error:
        raise PlanningError(f"the plan needs the tools of CoQAAgent: {observation.percept.text}")
    return observation.percept.text
