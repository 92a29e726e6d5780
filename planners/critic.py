"""Who judges an answer: a model that is asked for a typed verdict, or a function."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from pydantic import Field, ValidationError

from ..completions import Completion, LLMRequest
from ..errors import ConfigurationError, OutputParseError
from ..jsontext import parse_json
from ..llms import LLM
from ..messages import AssistantMessage, Message, UserMessage
from ..planning import Run
from ..prompts import Prompt
from ..thoughts import split_thoughts
from ..transcripts import calls_as_text
from ..values import JsonObject, Value

__all__ = ["MOST", "VERDICT_SCHEMA", "Check", "Critic", "Judge", "Verdict", "read_verdict"]

_PROMPT = Path(__file__).with_name("critic.jinja2")
_ATTEMPTS = 2

MOST = 10
"""The highest score."""


class Verdict(Value):
    """What a judge says of one answer."""

    problems: tuple[str, ...] = ()
    """What is wrong, and how to mend it, each in words for the model."""
    score: float = Field(ge=0, le=MOST, allow_inf_nan=False)
    """0 (useless) to 10 (nothing to mend)."""


VERDICT_SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        # Before the score: a model that has named the problems scores by them.
        "problems": {"type": "array", "items": {"type": "string"}},
        "score": {"type": "integer", "minimum": 0, "maximum": MOST},
    },
    "required": ["problems", "score"],
    "additionalProperties": False,
}


class Judge(Protocol):
    """Judges an answer; it reaches models through the run only, and keeps no state.

    Example:
        >>> class Brevity:
        ...     async def judge(self, messages, run, /):
        ...         return Verdict(score=10 if len(messages[-1].content) < 80 else 3)
    """

    async def judge(self, messages: Sequence[Message], run: Run, /) -> Verdict | None:
        """Judge the conversation's last message; None: no verdict could be had."""
        ...


class Critic:
    """A model that names the problems of an answer, then scores it.

    It reads the whole conversation, results of tools included. A verdict that cannot be read, such
    as a score of 85, is asked for once more with the reason, and is never guessed.

    Costs one model call, two where the first verdict cannot be read.

    Args:
        llm: The judging model; None: the agent's own.
        criteria: What counts, in words.
        prompt: A template of your own instead of `critic.jinja2`: its `Path`, or its text. Its
            variable is `criteria`.
    """

    def __init__(
        self, llm: LLM | None = None, *, criteria: str = "", prompt: str | Path | None = None
    ) -> None:
        self.llm = llm
        self.criteria = criteria
        self._prompt = Prompt(_PROMPT if prompt is None else prompt)

    async def judge(self, messages: Sequence[Message], run: Run, /) -> Verdict | None:
        """Judge the conversation's last message."""
        question = self._prompt.render({"criteria": self.criteria})
        asked: list[Message] = [*calls_as_text(messages), UserMessage(content=question)]
        for _ in range(_ATTEMPTS):
            text = split_thoughts((await self._ask(asked, run)).text)[1]
            try:
                return read_verdict(text)
            except OutputParseError as error:
                remark = f"That verdict cannot be used: {error}\nWrite it again as one JSON object."
                asked += [AssistantMessage(content=text), UserMessage(content=remark)]
        return None

    async def _ask(self, messages: Sequence[Message], run: Run) -> Completion:
        if self.llm is None:
            schema = VERDICT_SCHEMA if run.abilities.json_schema else None
            # A verdict has no such property: nothing of it is streamed as if it were the answer.
            return await run.think(messages, output_schema=schema, answer_field="answer")
        schema = VERDICT_SCHEMA if self.llm.abilities.json_schema else None
        return await run.complete(self.llm, LLMRequest(tuple(messages), output_schema=schema))


class Check:
    """A function as the judge: tests, a validator, a metric. Costs no model call.

    Args:
        function: Gets the text of the answer and returns a `Verdict`, or the score alone. It does
            no I/O and returns the same for the same text: a resumed run calls it again.
    """

    def __init__(self, function: Callable[[str], Verdict | float]) -> None:
        self._function = function

    async def judge(self, messages: Sequence[Message], run: Run, /) -> Verdict | None:
        """Judge the text of the conversation's last message."""
        last = messages[-1]
        found = self._function(last.content if isinstance(last, AssistantMessage) else "")
        if isinstance(found, Verdict):
            return found
        try:
            return Verdict(score=found)
        except ValidationError as error:
            raise ConfigurationError(
                f"the check {self._function!r} returned {found!r}: a score is from 0 to 10"
            ) from error


def read_verdict(text: str) -> Verdict:
    """Read a verdict from what a model wrote.

    Raises:
        OutputParseError: there is none, or its score is not from 0 to 10; made for the model.

    Example:
        >>> read_verdict('Here: {"problems": "no source", "score": 6}')
        Verdict(problems=('no source',), score=6.0)
    """
    value = parse_json(text, repair=True)
    if not isinstance(value, dict) or "score" not in value:
        raise OutputParseError('it is no object with "problems" and "score"', text=text)
    listed, score = value.get("problems") or [], value["score"]
    problems = [str(problem) for problem in (listed if isinstance(listed, list) else [listed])]
    try:
        return Verdict.model_validate(
            {
                "problems": tuple(problem for problem in problems if problem.strip()),
                "score": None if isinstance(score, bool) else score,  # true is no 1 of 10
            }
        )
    except ValidationError as error:
        raise OutputParseError(
            f"score is {score!r:.50}: it must be a number from 0 to 10", text=text
        ) from error
