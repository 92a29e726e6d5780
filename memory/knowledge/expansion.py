"""Query expansion: the model of the run writes what else to search for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ...completions import Sampling
from ...errors import ConfigurationError, OutputParseError
from ...jsontext import parse_json
from ...messages import Message, SystemMessage, UserMessage
from ...planning import Run
from ...values import JsonObject, JsonValue
from .fusion import Fusion, RankFusion

__all__ = ["Expanded", "HyDE", "MultiQuery", "QueryExpansion", "RAGFusion"]


@dataclass(frozen=True, slots=True)
class Expanded:
    """What is searched for in place of one query."""

    queries: tuple[str, ...]
    """Each is searched for by words and by meaning."""
    passages: tuple[str, ...] = ()
    """Texts as an answer might read; their vectors are averaged with that of the first query."""
    fusion: Fusion | None = None
    """What joins the results of the queries; None: the best score that a text has for any."""


class QueryExpansion(Protocol):
    """Turns a query into several, through the run.

    Example:
        >>> class Plural:
        ...     async def expand(self, query, run):
        ...         return Expanded(queries=(query, query + "s"))
    """

    async def expand(self, query: str, run: Run) -> Expanded:
        """Return what to search for; the query itself should be the first of `queries`."""
        ...


class MultiQuery:
    """The query and `count` others that say it in other words; the best score counts. One call.

    Args:
        count: How many others are asked for; fewer are taken where the model writes fewer.
        sampling: What goes over the agent's own sampling.
    """

    def __init__(self, *, count: int = 3, sampling: Sampling | None = None) -> None:
        self._count, self._sampling = _at_least_one(count), sampling

    async def expand(self, query: str, run: Run) -> Expanded:
        """Ask the model for other words."""
        others = await _ask(run, _OTHER_WORDS, query, self._count, self._sampling)
        return Expanded(queries=(query, *others))


class RAGFusion:
    """Queries on several sides of the question, joined by reciprocal ranks. One call.

    Rackauckas 2024, arXiv:2402.03367; here the question itself is searched for too.

    Args:
        count: How many queries are asked for beside the question.
        fusion: What joins their results.
        sampling: What goes over the agent's own sampling.
    """

    def __init__(
        self, *, count: int = 3, fusion: Fusion | None = None, sampling: Sampling | None = None
    ) -> None:
        self._count, self._sampling = _at_least_one(count), sampling
        self._fusion = fusion or RankFusion()

    async def expand(self, query: str, run: Run) -> Expanded:
        """Ask the model for the sides of the question."""
        others = await _ask(run, _SIDES, query, self._count, self._sampling)
        return Expanded(queries=(query, *others), fusion=self._fusion)


class HyDE:
    """Searches with the vector of a passage that the model makes up as an answer. One call.

    A passage that is wrong in its facts is still near the right ones, in the words of the subject.
    Gao et al. 2022, arXiv:2212.10496: there too the vectors of the passages and the query are
    averaged. Unlike the paper the words of the query are searched for as well.

    Args:
        count: How many passages are asked for.
        sampling: What goes over the agent's own sampling.
    """

    def __init__(self, *, count: int = 1, sampling: Sampling | None = None) -> None:
        self._count, self._sampling = _at_least_one(count), sampling

    async def expand(self, query: str, run: Run) -> Expanded:
        """Ask the model for passages."""
        passages = await _ask(run, _PASSAGES, query, self._count, self._sampling)
        return Expanded(queries=(query,), passages=passages)


_OTHER_WORDS = (
    "Write {count} search queries that ask for the same as the user's, in other words: synonyms, "
    "full names for abbreviations, the words that a document on it would use."
)
_SIDES = (
    "Write {count} search queries that together find what is needed to answer the user's question, "
    "each on another side of it."
)
_PASSAGES = (
    "Write {count} short passages, of about 60 words each, as they might stand in a document that "
    "answers the user's question. Make up what you do not know."
)
_FORM = 'Answer with one JSON object: {"texts": ["...", "..."]}.'
_SCHEMA: JsonObject = {
    "type": "object",
    "properties": {"texts": {"type": "array", "items": {"type": "string"}}},
    "required": ["texts"],
    "additionalProperties": False,
}


def _at_least_one(count: int) -> int:
    if count < 1:
        raise ConfigurationError(f"count is {count}: it must be at least 1")
    return count


async def _ask(
    run: Run, instruction: str, query: str, count: int, sampling: Sampling | None
) -> tuple[str, ...]:
    """Return at most `count` texts that differ from each other and from the query."""
    messages: list[Message] = [
        SystemMessage(content=f"{instruction.format(count=count)} {_FORM}"),
        UserMessage(content=query),
    ]
    completion = await run.think(messages, output_schema=_SCHEMA, sampling=sampling)
    texts = dict.fromkeys(text.strip() for text in _read(completion.text))
    return tuple(text for text in texts if text and text != query)[:count]


def _read(text: str) -> list[str]:
    """Read the texts; what is no such object stands for one text a line, as small models write."""
    try:
        value: JsonValue = parse_json(text)
    except OutputParseError:
        return [line.strip().lstrip("-*•0123456789.) ") for line in text.splitlines()]
    texts = value.get("texts") if isinstance(value, dict) else value
    return [item for item in texts if isinstance(item, str)] if isinstance(texts, list) else []
