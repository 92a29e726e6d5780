"""`python -m examples.coqa`: an agent reads stories and answers dialogues about them."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from agentcore import (
    LLM,
    AgentCoreError,
    ConfigurationError,
    LLMRequest,
    Result,
    Sampling,
    UserMessage,
    load_llm,
)

from .agent import CoQAAgent
from .data import STORIES, Story, load_stories
from .metric import score
from .planner import AnswerFromEvidence, CoQAAnswer
from .reading import ChoosingReader, FirstReader, WritingReader
from .report import Scored, describe_answer, describe_model, describe_story, describe_sums
from .trace import Shown

__all__ = ["READERS", "main", "planner_for"]

READERS = {
    "choose": AnswerFromEvidence(ChoosingReader()),
    "write": AnswerFromEvidence(WritingReader(), sentences=4, is_able=True),
    "first": AnswerFromEvidence(FirstReader()),
}
"""choose: among phrases, for a small model. write: in its own words, for an able one. first: no
model at all."""


def planner_for(reader: str, model: str) -> AnswerFromEvidence:
    """Return the plan for a reader; `auto` lets models inside the process choose, others write."""
    if reader == "auto":
        reader = "choose" if model.startswith("local:") else "write"
    return READERS[reader]


def main(arguments: Sequence[str] | None = None, *, llm: LLM | None = None) -> int:
    """Run the command; returns its exit code: 0, or 1 where something went wrong.

    Args:
        llm: Instead of the one that `--llm` names; it stays open.
    """
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_run(_chosen(load_stories(options.data), options), options, llm))
    except AgentCoreError as error:
        print(f"\n{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.coqa",
        description="An agent reads stories and answers the questions of a dialogue about each.",
    )
    parser.add_argument(
        "--llm", default="local:smollm2", help="the model, such as ollama:qwen3:4b (%(default)s)"
    )
    parser.add_argument(
        "--reader",
        choices=["auto", *READERS],
        default="auto",
        help="choose among phrases (small models), write and quote (able ones), or take the first "
        "phrase without a model; %(default)s: choose for local models, else write",
    )
    parser.add_argument(
        "--data", default=STORIES, help="a file in the JSON format of CoQA (stories of our own)"
    )
    parser.add_argument("--limit", type=_count, metavar="N", help="only the first N stories")
    parser.add_argument("--story", type=_count, metavar="N", help="only story N")
    parser.add_argument(
        "--questions", type=_count, metavar="N", help="only the first N questions of each story"
    )
    parser.add_argument("--trace", action="store_true", help="print every event of every run")
    return parser


def _chosen(stories: Sequence[Story], options: argparse.Namespace) -> Sequence[Story]:
    if options.story is None:
        return stories[: options.limit]
    if options.story > len(stories):
        raise ConfigurationError(f"--story {options.story}: there are {len(stories)} stories")
    return stories[options.story - 1 : options.story]


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


async def _run(stories: Sequence[Story], options: argparse.Namespace, given: LLM | None) -> None:
    llm = given or load_llm(options.llm)
    try:
        print(describe_model(llm.name), flush=True)
        if given is None and options.reader != "first":
            await _check_reachable(llm)
        scored: list[Scored] = []
        for number, story in enumerate(stories, 1):
            print(describe_story(story, number, len(stories)))
            scored += await _discuss(story, llm, options)
        print(describe_sums(scored, llm.name))
    finally:
        if given is None:
            await llm.aclose()


async def _check_reachable(llm: LLM) -> None:
    """Ask for a word, so that a missing server, key or model shows before anything is printed."""
    hello = UserMessage(content="Say yes.")
    await llm.complete(LLMRequest((hello,), sampling=Sampling(max_tokens=16)))


async def _discuss(story: Story, llm: LLM, options: argparse.Namespace) -> list[Scored]:
    """Ask the questions of a story one after the other, in one conversation.

    The same agent without a model answers beside it: what the model is better at shows.
    """
    agent = CoQAAgent(story.text, llm=llm, planner=planner_for(options.reader, llm.name))
    baseline = CoQAAgent(story.text, llm=llm, planner=READERS["first"])
    scored: list[Scored] = []
    for number, turn in enumerate(story.turns[: options.questions], 1):
        print(f"{number:3}. {turn.question}", flush=True)
        result = await _answer(agent, turn.question, story.id, is_traced=options.trace)
        plain = await baseline.run(turn.question, session=story.id)
        points = score(result.output.answer, turn.references)
        without = score(plain.output.answer, turn.references)
        print(describe_answer(story, turn, result, points), flush=True)
        scored.append(Scored(points, without, result.usage, result.duration_s))
    return scored


async def _answer(
    agent: CoQAAgent, question: str, session: str, *, is_traced: bool
) -> Result[CoQAAnswer]:
    """Run the agent, and show what it reads and writes while it does so."""
    stream = agent.stream(question, session=session)
    shown = Shown(is_traced=is_traced)
    async for item in stream:
        print(shown.add(item), end="", flush=True)
    return stream.result


if __name__ == "__main__":
    sys.exit(main())
