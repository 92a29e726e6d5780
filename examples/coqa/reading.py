"""How an answer is got out of the sentences that were found: three readers, each for its model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agentcore import (
    AssistantMessage,
    MemoryHit,
    Message,
    OutputParseError,
    Run,
    Sampling,
    Span,
    UserMessage,
)
from agentcore.jsontext import parse_json
from agentcore.values import JsonObject

from .candidates import Candidate
from .metric import f1
from .passage import WORD, content_words

__all__ = [
    "ChoosingReader",
    "Draft",
    "FirstReader",
    "Found",
    "Reader",
    "WritingReader",
    "answer_of",
    "constrained",
    "fields_of",
    "schema_of",
    "span_of",
]

_CHOICE = Sampling(temperature=0, max_tokens=64)


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to answer a question from."""

    question: str
    """It stands alone."""
    instructions: tuple[Message, ...]
    """What the agent is told about itself; empty where it is told nothing."""
    hits: tuple[MemoryHit, ...]
    """The sentences that were found, the best first."""
    options: tuple[Candidate, ...]
    """The phrases that may be the answer, the likeliest first."""

    def draft(self, option: Candidate) -> Draft:
        """Return an option as an answer."""
        return Draft(option.text, self.hits[option.sentence])

    def to_message(self) -> UserMessage:
        """Show the sentences as they follow one another in the story, and the question."""
        ordered = sorted(self.hits, key=lambda hit: span_of(hit).start)
        text = " ".join(hit.text for hit in ordered)
        return UserMessage(content=f"Text: {text}\nQuestion: {self.question}")


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer that is not checked yet."""

    answer: str
    evidence: MemoryHit
    """The sentence that it rests on."""


class Reader(Protocol):
    """Gets an answer out of sentences. What it asks of a model it asks through the run."""

    async def read(self, found: Found, run: Run, /) -> Draft | None:
        """Return an answer; None where there is none."""
        ...


class FirstReader:
    """Takes the likeliest option, and asks no model: what a model has to be better than."""

    async def read(self, found: Found, run: Run, /) -> Draft | None:
        """Return the first option."""
        return found.draft(found.options[0]) if found.options else None


class ChoosingReader:
    """Has a small model choose among the options.

    A small model writes fluent nonsense where it may write anything, and even among options its
    first token decides too early. But it knows which of two whole answers is the likelier one. So
    each option is written under a schema that allows nothing else, which costs one call of some ten
    tokens, and the sum of its log-probabilities is taken; an option further down the list pays for
    that. A model that gives no log-probabilities chooses once among all.
    """

    async def read(self, found: Found, run: Run, /) -> Draft | None:
        """Return the option that the model finds likeliest."""
        prompt = [*found.instructions, *EXAMPLES, found.to_message()]
        if "logprobs" not in run.abilities.sampling:
            return await self._choose_once(found, prompt, run)
        best: tuple[float, Candidate] | None = None
        for rank, option in enumerate(found.options):
            reply = await run.think(
                prompt,
                output_schema=schema_of([option.text]),
                sampling=_CHOICE.merged(Sampling(logprobs=0)),
                answer_field="answer",
            )
            likelihood = sum(token.logprob for token in reply.logprobs or ())
            score = likelihood - _COST_OF_RANK * rank
            if best is None or score > best[0]:
                best = score, option
        return found.draft(best[1]) if best else None

    async def _choose_once(self, found: Found, prompt: Sequence[Message], run: Run) -> Draft | None:
        if not found.options:
            return None
        texts = [option.text for option in found.options]
        schema = constrained(schema_of(texts), run)
        reply = await run.think(
            prompt, output_schema=schema, sampling=_CHOICE, answer_field="answer"
        )
        answer = answer_of(reply.text)
        nearest = max(found.options, key=lambda option: f1(answer, option.text))
        return found.draft(nearest) if f1(answer, nearest.text) else None


_COST_OF_RANK = 0.4
"""Nats for each place in the list. On 191 development questions 0.2 to 0.8 gave F1 0.39 to 0.40."""


class WritingReader:
    """Has an able model write a short answer, and quote the words that it rests on."""

    async def read(self, found: Found, run: Run, /) -> Draft | None:
        """Return what the model wrote; None where it found nothing, or quoted what is not there."""
        asked = UserMessage(content=f"{_RULES}\n\n{found.to_message().text}")
        prompt = [*found.instructions, asked]
        schema = constrained(_QUOTED, run)
        reply = await run.think(prompt, output_schema=schema, answer_field="answer")
        written = fields_of(reply.text)
        answer, quote = str(written.get("answer", "")).strip(), str(written.get("quote", ""))
        hit = _sentence_of(quote, found.hits)
        if hit is None or answer.strip(".").lower() in {"", "unknown"}:
            return None
        return Draft(answer, hit)


_EXAMPLE = "Anna Berg bought a red bicycle in Oslo for 90 euros. She rode it to school."

EXAMPLES: tuple[Message, ...] = (
    UserMessage(content=f"Text: {_EXAMPLE}\nQuestion: Where did she buy it?"),
    AssistantMessage(content='{"answer": "Oslo"}'),
    UserMessage(content=f"Text: {_EXAMPLE}\nQuestion: What did she buy?"),
    AssistantMessage(content='{"answer": "a red bicycle"}'),
)
"""They show the form of an answer; the same in every prompt, so that a server reads them once."""

_RULES = (
    "Answer the question about the text below in at most six words, and quote the words "
    'of the text that say so, as {"quote": "...", "answer": "..."}. Where the text does not say it '
    'the answer is "unknown".'
)

_QUOTED: JsonObject = {
    "type": "object",
    "properties": {"quote": {"type": "string"}, "answer": {"type": "string"}},
    "required": ["quote", "answer"],
    "additionalProperties": False,
}
"""The quote comes first: what is written first is what the answer can rest on."""


def constrained(schema: JsonObject, run: Run) -> JsonObject | None:
    """Return the schema where the model can be held to it; else the prompt has to do."""
    return schema if run.abilities.json_schema else None


def schema_of(options: Sequence[str]) -> JsonObject:
    """Return the JSON Schema of an object whose `answer` is one of the options."""
    return {
        "type": "object",
        "properties": {"answer": {"enum": list(options)}},
        "required": ["answer"],
        "additionalProperties": False,
    }


def fields_of(text: str) -> JsonObject:
    """Return the JSON object in what a model wrote; empty where there is none."""
    try:
        value = parse_json(text)
    except OutputParseError:
        return {}
    return value if isinstance(value, dict) else {}


def answer_of(text: str) -> str:
    """Return the `answer` of a model's JSON; free text as it is."""
    fields = fields_of(text)
    return str(fields.get("answer", "")) if fields else text.strip()


def span_of(hit: MemoryHit) -> Span:
    """Return where a sentence stands in the story."""
    return Span.model_validate(hit.metadata)


def _sentence_of(quote: str, hits: Sequence[MemoryHit]) -> MemoryHit | None:
    """Return the sentence that a quote is from, which may be told by most of its words."""
    words = content_words(quote) or [word[0].lower() for word in WORD.finditer(quote)]
    shares = [
        (sum(word in hit.text.lower() for word in words) / max(1, len(words)), hit) for hit in hits
    ]
    share, hit = max(shares, key=lambda item: item[0], default=(0.0, None))
    return hit if share > 1 / 2 else None
