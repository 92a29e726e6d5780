"""`python -m examples.coqa`: an agent reads stories and answers dialogues about them."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from agentcore import LLM, AgentCoreError, Result, TextDelta, load_llm

from .agent import CoQAAgent, CoQAAnswer, answer_so_far
from .data import STORIES, Story, load_stories
from .metric import score
from .report import (
    Scored,
    describe_answer,
    describe_event,
    describe_model,
    describe_story,
    describe_sums,
)

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None, *, llm: LLM | None = None) -> int:
    """Run the command; returns its exit code: 0, or 1 where something went wrong.

    Args:
        llm: Instead of the one that `--llm` names; it stays open.
    """
    options = _parser().parse_args(arguments)
    try:
        stories = load_stories(options.data)[: options.limit]
        asyncio.run(_run(stories, options, llm))
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
        "--data", default=STORIES, help="a file in the JSON format of CoQA (stories of our own)"
    )
    parser.add_argument("--limit", type=_count, metavar="N", help="only the first N stories")
    parser.add_argument(
        "--questions", type=_count, metavar="N", help="only the first N questions of each story"
    )
    parser.add_argument("--trace", action="store_true", help="print every event of every run")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


async def _run(stories: Sequence[Story], options: argparse.Namespace, given: LLM | None) -> None:
    llm = given or load_llm(options.llm)
    try:
        print(describe_model(llm.name))
        scored: list[Scored] = []
        for number, story in enumerate(stories, 1):
            print(describe_story(story, number, len(stories)))
            scored += await _discuss(story, llm, options)
        print(describe_sums(scored, llm.name))
    finally:
        if given is None:
            await llm.aclose()


async def _discuss(story: Story, llm: LLM, options: argparse.Namespace) -> list[Scored]:
    """Ask the questions of a story one after the other, in one conversation."""
    agent = CoQAAgent(story.text, llm=llm)
    scored: list[Scored] = []
    for number, turn in enumerate(story.turns[: options.questions], 1):
        print(f"{number:3}. {turn.question}")
        result = await _answer(agent, turn.question, session=story.id)
        if options.trace:
            print(*(describe_event(event) for event in result.trajectory), sep="\n")
        points = score(result.output.answer, turn.references)
        print(describe_answer(story, turn, result, points))
        scored.append(Scored(points, result.usage, result.duration_s))
    return scored


async def _answer(agent: CoQAAgent, question: str, *, session: str) -> Result[CoQAAnswer]:
    """Print an answer while the model writes it."""
    print("     ", end="")
    stream = agent.stream(question, session=session)
    written = shown = ""
    async for event in stream:
        if isinstance(event, TextDelta) and not event.thinking:
            written += event.text
            answer = answer_so_far(written)
            if answer.startswith(shown):
                print(answer[len(shown) :], end="", flush=True)
                shown = answer
    answer = stream.result.output.answer
    # A model that was not constrained may have written something else than what was taken of it.
    print(answer[len(shown) :] if answer.startswith(shown) else f" -> {answer}")
    return stream.result


if __name__ == "__main__":
    sys.exit(main())
