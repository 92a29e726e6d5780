"""The agent: it finds the sentences that matter, and the model chooses among what they offer."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel
from pydantic_core import from_json
from typing_extensions import Unpack

from agentcore import (
    Agent,
    AgentOptions,
    Answer,
    AssistantMessage,
    MemoryHit,
    Message,
    Run,
    Sampling,
    Span,
    Task,
    UserMessage,
)
from agentcore.values import JsonObject

from .candidates import candidates
from .data import UNKNOWN
from .metric import f1
from .passage import PassageMemory, content_words

__all__ = ["AnswerFromEvidence", "CoQAAgent", "CoQAAnswer", "answer_so_far"]


class CoQAAnswer(BaseModel, frozen=True):
    """A short answer, and where the story says so."""

    answer: str
    evidence: Span | None
    """The sentence that supports the answer; None where it is unknown."""


class AnswerFromEvidence:
    """Finds evidence, asks the model to choose among the answers that it offers, checks the choice.

    A small model writes fluent nonsense when it may write anything. So its answer is constrained to
    phrases of the evidence; where there is none the answer is `unknown`, and costs no model call.

    Args:
        sentences: How many sentences the model reads.
        options: How many answers it may choose from.
    """

    def __init__(self, *, sentences: int = 2, options: int = 3) -> None:
        self.sentences = sentences
        self.options = options

    async def solve(self, task: Task, run: Run, /) -> Answer:
        """Answer the last question of the dialogue."""
        question, dialogue = task.text, dialogue_of(task.messages)
        hits = await run.recall(resolve(question, dialogue), top_k=self.sentences)
        options = candidates(question, [hit.text for hit in hits], limit=self.options)
        output = CoQAAnswer(answer=UNKNOWN, evidence=None)
        if options:
            passage = " ".join(hit.text for hit in in_order_of_text(hits))
            prompt = [
                task.messages[0],
                *EXAMPLES,
                UserMessage(content=f"Text: {passage}\nQuestion: {question}"),
            ]
            schema = choice_of([text for text, _ in options]) if run.abilities.json_schema else None
            reply = await run.think(prompt, output_schema=schema)
            text, index = max(options, key=lambda option: f1(answer_so_far(reply.text), option[0]))
            if f1(answer_so_far(reply.text), text):  # else the model wrote what nobody can check
                output = CoQAAnswer(answer=text, evidence=span_of(hits[index]))
        final = AssistantMessage(content=output.model_dump_json())
        return await run.answer([*task.messages, final])


class CoQAAgent(Agent[CoQAAnswer]):
    """You answer questions about a text in a few words, with words of the text."""

    planner = AnswerFromEvidence()
    sampling = Sampling(temperature=0, max_tokens=48)

    def __init__(self, story: str, **options: Unpack[AgentOptions]) -> None:
        options["memory"] = PassageMemory(story, source="story")  # what `run.recall` searches
        super().__init__(**options)
        self.story = story

    def validate_output(self, output: CoQAAnswer, /) -> CoQAAnswer:
        """Refuse evidence that is not in the story, or has not the words of the answer."""
        if output.evidence is not None and output.answer not in {"yes", "no"}:
            quoted = self.story[output.evidence.start : output.evidence.end]
            if output.answer not in quoted:
                raise ValueError(f"{output.answer!r} is not in its evidence, {quoted!r}")
        return output


_EXAMPLE = "Anna Berg bought a red bicycle in Oslo for 90 euros. She rode it to school."

EXAMPLES: tuple[Message, ...] = (
    UserMessage(content=f"Text: {_EXAMPLE}\nQuestion: Where did she buy it?"),
    AssistantMessage(content='{"answer": "Oslo"}'),
    UserMessage(content=f"Text: {_EXAMPLE}\nQuestion: What did she buy?"),
    AssistantMessage(content='{"answer": "a red bicycle"}'),
)
"""They show the form of an answer; the same in every prompt, so that a server reads them once."""


def dialogue_of(messages: Sequence[Message]) -> list[tuple[str, str]]:
    """Return the earlier questions and answers of a conversation, oldest first."""
    questions = [message.text for message in messages if isinstance(message, UserMessage)]
    answers = [message.content for message in messages if isinstance(message, AssistantMessage)]
    return [
        (question, answer_so_far(answer))
        for question, answer in zip(questions, answers, strict=False)  # the last has none yet
    ]


def resolve(question: str, dialogue: Sequence[tuple[str, str]]) -> str:
    """Return a question that can be searched for without the dialogue before it.

    One that has no word of its own to go by, such as `By whom?`, goes on from the one before.
    """
    if content_words(question) or not dialogue:
        return question
    return " ".join((question, *dialogue[-1]))


def choice_of(options: Sequence[str]) -> JsonObject:
    """Return the JSON Schema of an object whose `answer` is one of the options."""
    return {
        "type": "object",
        "properties": {"answer": {"enum": list(options)}},
        "required": ["answer"],
        "additionalProperties": False,
    }


def answer_so_far(text: str) -> str:
    """Return as much of `answer` as a model has written of its JSON; free text as it is."""
    if not text.lstrip().startswith("{"):
        return text.strip()
    try:
        value: JsonObject = from_json(text, allow_partial="trailing-strings")
    except ValueError:
        return ""
    return str(value.get("answer", ""))


def in_order_of_text(hits: Sequence[MemoryHit]) -> list[MemoryHit]:
    """Sort sentences as they stand in the story."""
    return sorted(hits, key=lambda hit: span_of(hit).start)


def span_of(hit: MemoryHit) -> Span:
    """Return where a sentence stands in the story."""
    return Span.model_validate(hit.metadata)
