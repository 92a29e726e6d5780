"""Ask several times and take the answer that most agree on, or that a judge prefers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from ..completions import Abilities, Completion, LLMRequest
from ..errors import ConfigurationError, OutputParseError
from ..interfaces import LLM, DeltaSink, ModelCalls
from ..jsontext import parse_json
from ..messages import UserMessage
from ..usage import Usage
from .ballots import Count, majority
from .deltas import deliver
from .direct import DirectCalls
from .members import Members
from .polling import poll, resampled, total_usage

__all__ = ["Variant", "Vote"]

Variant: TypeAlias = Callable[[LLMRequest], LLMRequest]
"""Asks the same in another way, with another instruction for example; a pure function."""

_QUESTION = (
    "Above are a conversation and several candidate replies to its last message. Which reply is "
    'the best: correct, complete, and to the point? Answer with JSON: {"best": its number}'
)


class Vote:
    """Asks side by side, and returns the answer that was given most often.

    Models, prompts and samples vary: sample i goes to the model number i modulo their number, each
    round of all models with the next of `variants`. One model and no variants is self-consistency
    (Wang et al. 2022, arXiv:2203.11171), which needs a `temperature` above 0; the paper samples
    reasoning and counts the final answers: give `count=majority_by(...)` that finds them. Of
    answers with as many votes the one sampled first wins. A seed that the request sets is counted
    up by one from sample to sample.

    A `judge` is shown the conversation and the candidates that differ, and names the best by its
    number; what names none, and candidates that are all the same, leave it to `count`.

    Costs `samples` model calls, and one with a judge. Only the result is streamed, in one piece.
    Its `usage` is that of all calls together.

    Args:
        samples: Answers in all; by default 5, or one from each of several models.
        count: Chooses among the answers: `majority`, `majority_by`, `majority_by_field`, or yours.
        variants: Ways to ask; by default the request as it is.
        min_answers: How many must come, where single calls may fail; by default all.

    Example:
        >>> import asyncio
        >>> from agentcore import LLMRequest, UserMessage
        >>> from agentcore.testing import ScriptedLLM
        >>> llm = Vote(ScriptedLLM("Paris", "Lyon", "paris."), samples=3)
        >>> asyncio.run(llm.complete(LLMRequest(messages=(UserMessage(content="?"),)))).text
        'Paris'
    """

    def __init__(
        self,
        *llms: LLM | str,
        samples: int | None = None,
        judge: LLM | str | None = None,
        count: Count = majority,
        variants: Sequence[Variant] = (),
        temperature: float | None = None,
        min_answers: int | None = None,
    ) -> None:
        self._samples = samples if samples is not None else max(len(llms), 5 * (len(llms) == 1))
        self._min_answers = self._samples if min_answers is None else min_answers
        if not llms or not 1 <= self._min_answers <= self._samples:
            raise ConfigurationError(
                f"Vote of {len(llms)} models with samples={samples}, min_answers={min_answers}: "
                "give a model, and at least one sample, of which min_answers may not be more"
            )
        self._voters = Members(*llms)
        self._judge = None if judge is None else Members(judge)
        self._count = count
        self._variants = tuple(variants)
        self._temperature = temperature

    @property
    def name(self) -> str:
        """`vote(...)` of the models' names with the number of samples."""
        judge = "" if self._judge is None else f"; {self._judge.names}"
        return f"vote({self._voters.names} x{self._samples}{judge})"

    @property
    def abilities(self) -> Abilities:
        """What all of the voters can do."""
        return self._voters.abilities

    async def probe(self, *, calls: ModelCalls | None = None) -> Abilities:
        """Ask each voter, once."""
        return await self._voters.probe(calls=calls)

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request outside of a run."""
        return await self.compose(request, DirectCalls(), on_delta=on_delta)

    async def compose(
        self, request: LLMRequest, calls: ModelCalls, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request.

        Raises:
            LLMError: of the first call that failed, unchanged, where `min_answers` did not come.
        """
        answers = await poll(calls, self._asked(request), min_answers=self._min_answers)
        usage = total_usage(answers)
        winner = self._count(answers)
        if self._judge is not None:
            winner, judged = await _judged(self._judge.llms[0], request, answers, winner, calls)
            usage += judged
        winner = winner.model_copy(update={"usage": usage})
        await deliver(winner, on_delta)
        return winner

    async def aclose(self) -> None:
        """Close the models that were loaded by their names."""
        await self._voters.aclose()
        if self._judge is not None:
            await self._judge.aclose()

    def _asked(self, request: LLMRequest) -> list[tuple[LLM, LLMRequest]]:
        llms = self._voters.llms
        asked: list[tuple[LLM, LLMRequest]] = []
        for index in range(self._samples):
            ways = self._variants or (_as_it_is,)
            sent = ways[index // len(llms) % len(ways)](request)
            sent = resampled(sent, index, temperature=self._temperature)
            asked.append((llms[index % len(llms)], sent))
        return asked


def _as_it_is(request: LLMRequest) -> LLMRequest:
    return request


async def _judged(
    judge: LLM,
    request: LLMRequest,
    answers: Sequence[Completion],
    winner: Completion,
    calls: ModelCalls,
) -> tuple[Completion, Usage]:
    """Return the judge's choice, or the winner where it makes none, and what the judge took."""
    candidates = _different([winner, *answers])
    if len(candidates) == 1:
        return winner, Usage()
    shown = [f"Reply {number}:\n{_shown(item)}" for number, item in enumerate(candidates, 1)]
    question = UserMessage(content="\n\n".join([*shown, _QUESTION]))
    # No schema: whether the judge takes one may be known only after it was first asked, and a run
    # that is taken up again has to ask the same.
    verdict = await calls.complete(judge, LLMRequest((*request.messages, question)))
    best = _named(verdict.text)
    if 1 <= best <= len(candidates):
        winner = candidates[best - 1]
    return winner, verdict.usage


def _named(verdict: str) -> int:
    """The number that a judge names; 0: none."""
    try:
        value = parse_json(verdict, repair=True)
    except OutputParseError:
        return 0
    best = value.get("best") if isinstance(value, dict) else None
    return best if isinstance(best, int) else 0


def _different(answers: Sequence[Completion]) -> list[Completion]:
    """The answers that no earlier one shows as well."""
    first: dict[str, Completion] = {}
    for answer in answers:
        first.setdefault(_shown(answer), answer)
    return list(first.values())


def _shown(answer: Completion) -> str:
    calls = [f"calls {call.name}({call.arguments})" for call in answer.message.tool_calls]
    return "\n".join([*filter(None, [answer.text]), *calls])
