"""Tree of Thoughts: several next steps are proposed and judged; the best lines are followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import ConfigurationError, OutputParseError
from ..jsontext import parse_json
from ..messages import AssistantMessage, UserMessage
from ..planning import Branch, Run, Task
from ..prompts import Prompt
from ..results import Answer
from ..thoughts import split_thoughts
from ..values import JsonObject
from .critic import Critic, Judge

__all__ = ["TreeSearch"]

_PROMPT = Path(__file__).with_name("tree_search.jinja2")
_CRITERIA = (
    "these are steps of a solution that may be unfinished; the score is for how surely they lead "
    "to the right answer."
)
_UNJUDGED = -1.0
_ROOT = 0.0


@dataclass(frozen=True, slots=True)
class _Line:
    """A way through the tree."""

    steps: tuple[str, ...] = ()
    score: float = _ROOT
    is_done: bool = False


class TreeSearch:
    """Breadth-first search over steps of reasoning, with a beam.

    On each level every line that is kept has up to `breadth` next steps proposed, each longer line
    is judged, and the best `beam` are kept; of lines with the same score the one proposed first.
    A line for which nothing is proposed is done, and competes with the score that it has. At the
    end the model answers with the best line before it. For puzzles and plans, where a first step
    can be wrong without showing it. Tools are not used.

    Costs at most 1 + breadth calls on the first level, beam * (1 + breadth) on each other, and one
    for the answer: 21 by default. Under a bound of the budget there is no answer before the last.

    Args:
        judge: The value of a line, from 0 to 10; the agent's own model by default. `Check` is
            handed the steps, one a line.
        breadth: Steps proposed from each line, at least 1.
        beam: Lines that are kept, at least 1.
        depth: Levels, at least 1.
        prompt: A template of your own instead of `tree_search.jinja2`: its `Path`, or its text. Its
            variables are `steps` (texts) and `breadth` (0: the answer is asked for).

    References:
        Yao et al. 2023, Tree of Thoughts: Deliberate Problem Solving with Large Language Models,
        arXiv:2305.10601. The paper writes prompts for each task and also searches depth-first; here
        one prompt serves all, only breadth-first is done, and a line may end early.

    Example:
        >>> from agentcore import Agent
        >>> from agentcore.planners import Check, TreeSearch
        >>> from agentcore.testing import ScriptedLLM
        >>> planner = TreeSearch(judge=Check(lambda steps: len(steps)), depth=1)
        >>> llm = ScriptedLLM('{"steps": ["a", "bbb"]}', "done")
        >>> Agent(llm=llm, planner=planner).run_sync("?").output
        'done'
        >>> llm.requests[1].messages[-1].content.splitlines()[1]
        '1. bbb'
    """

    def __init__(
        self,
        *,
        judge: Judge | None = None,
        breadth: int = 3,
        beam: int = 2,
        depth: int = 3,
        prompt: str | Path | None = None,
    ) -> None:
        if min(breadth, beam, depth) < 1:
            raise ConfigurationError(
                f"TreeSearch with breadth={breadth}, beam={beam}, depth={depth}: each must be at "
                "least 1"
            )
        self.judge = Critic(criteria=_CRITERIA) if judge is None else judge
        self.breadth = breadth
        self.beam = beam
        self.depth = depth
        self._prompt = Prompt(_PROMPT if prompt is None else prompt)

    async def solve(self, task: Task, run: Run, /) -> Answer:
        """Solve the task."""
        lines = [_Line()]
        for _ in range(self.depth):
            open_lines = [line for line in lines if not line.is_done]
            if not open_lines:
                break
            grown = await run.all(*(self._growing(task, line) for line in open_lines))
            longer = list(dict.fromkeys(line for group in grown for line in group))
            new = [line for line in longer if not line.is_done]
            scores = await run.all(*(self._judging(task, line) for line in new))
            judged = [replace(line, score=score) for line, score in zip(new, scores, strict=True)]
            done = [line for line in (*lines, *longer) if line.is_done]
            # sorted() is stable: of equals the first stays first.
            lines = sorted([*done, *judged], key=lambda line: -line.score)[: self.beam]
        request = self._prompt.render({"steps": lines[0].steps, "breadth": 0})
        asked = (*task.messages, UserMessage(content=request))
        answer = await run.answer(asked)
        return replace(answer, messages=(*task.messages, AssistantMessage(content=answer.text)))

    def _growing(self, task: Task, line: _Line) -> Branch[Sequence[_Line]]:
        """Propose what comes next; the line itself, done, where nothing does."""

        async def grow(own: Run) -> Sequence[_Line]:
            request = self._prompt.render({"steps": line.steps, "breadth": self.breadth})
            reply = await own.think(
                [*task.messages, UserMessage(content=request)],
                output_schema=_proposals(self.breadth) if own.abilities.json_schema else None,
                answer_field="answer",  # there is none yet: no step is streamed
            )
            steps = _read_steps(split_thoughts(reply.text)[1])[: self.breadth]
            if not steps:
                return [replace(line, is_done=True)]
            return [_Line((*line.steps, step)) for step in steps]

        return grow

    def _judging(self, task: Task, line: _Line) -> Branch[float]:
        async def judge(own: Run) -> float:
            said = AssistantMessage(content="\n".join(line.steps))
            verdict = await self.judge.judge([*task.messages, said], own.scope("verdict"))
            return _UNJUDGED if verdict is None else verdict.score

        return judge


def _proposals(breadth: int) -> JsonObject:
    steps: JsonObject = {"type": "array", "items": {"type": "string"}, "maxItems": breadth}
    return {
        "type": "object",
        "properties": {"steps": steps},
        "required": ["steps"],
        "additionalProperties": False,
    }


def _read_steps(text: str) -> list[str]:
    """Return the steps in what a model wrote; none where it wrote no such list."""
    try:
        value = parse_json(text, repair=True)
    except OutputParseError:
        return []
    steps = value.get("steps") if isinstance(value, dict) else value
    if not isinstance(steps, list):
        return []
    texts = (step.strip() for step in steps if isinstance(step, str))
    return list(dict.fromkeys(filter(None, texts)))
