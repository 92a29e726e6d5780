"""`python -m benchmarks.coqa`: the agent of examples/coqa beside what it has to be better than."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from agentcore import LLM, AgentCoreError, load_llm
from agentcore.testing import FunctionLLM
from examples.coqa.__main__ import READERS, planner_for
from examples.coqa.data import Turn

from .answers import Oracle, measure_agent, measure_bare, measure_unsaid
from .rewriting import COQAR, rewriting_table
from .squad import EVALUATION_QUESTIONS, SQUAD, draw, load_dialogues
from .table import rows_table, verdicts

__all__ = ["main"]

SEED = 2026
"""Of the evaluation; what was tuned has seen none of its paragraphs."""


def main(arguments: Sequence[str] | None = None, *, llm: LLM | None = None) -> int:
    """Run the command; returns its exit code: 0, or 1 where something went wrong.

    Args:
        llm: Instead of the one that `--llm` names; it stays open.
    """
    options = _parser().parse_args(arguments)
    path = options.data or (COQAR if options.rewriting else SQUAD)
    if not path.exists():
        print(f"skipped: {str(path)!r} is not there; name the file with --data")
        return 0
    try:
        asyncio.run(_run(path, options, llm))
    except AgentCoreError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coqa", description=__doc__)
    parser.add_argument("--llm", default="local:smollm2", help="the model (%(default)s)")
    parser.add_argument(
        "--reader", choices=["auto", *READERS], default="auto", help="how the model answers"
    )
    parser.add_argument("--data", type=Path, help="squad11_dev.jsonl.zst, or CoQAR's .jsonl")
    parser.add_argument(
        "--limit", type=int, default=EVALUATION_QUESTIONS, metavar="N", help="so many questions"
    )
    parser.add_argument("--seed", type=int, default=SEED, help="of the draw (%(default)s)")
    parser.add_argument(
        "--development",
        action="store_true",
        help="draw from the paragraphs that the evaluation leaves over: tune on these only",
    )
    parser.add_argument("--rewriting", action="store_true", help="measure the rewriting instead")
    return parser


async def _run(path: Path, options: argparse.Namespace, given: LLM | None) -> None:
    llm = given or load_llm(options.llm)
    try:
        if options.rewriting:
            print(await rewriting_table(path, llm, limit=options.limit, seed=options.seed))
        else:
            await _measure(path, options, llm)
    finally:
        if given is None:
            await llm.aclose()


async def _measure(path: Path, options: argparse.Namespace, llm: LLM) -> None:
    dialogues = load_dialogues(path)
    stories = draw(
        dialogues, questions=options.limit, seed=options.seed, development=options.development
    )
    groups = [story.id for story in stories for _ in story.turns]
    articles = len({story.name for story in stories})
    print(f"{len(groups)} questions in {len(stories)} dialogues about {articles} articles;")
    print(f"seed {options.seed}, {'development' if options.development else 'evaluation'} draw.\n")
    oracle, planner = Oracle(), planner_for(options.reader, llm.name)
    nobody = FunctionLLM(lambda _: "")
    free = await measure_agent(stories, nobody, READERS["first"])
    better = await measure_agent(stories, oracle.llm, READERS["choose"], oracle.hear)
    bare = await measure_bare(stories, llm, _progress("bare", len(groups)))
    agent = await measure_agent(stories, llm, planner, _progress("agent", len(groups)))
    rows = {
        f"{llm.name}, asked plainly": bare,
        "the agent's code without a model": free,
        f"the agent with {llm.name}": agent,
        "the agent with a better model (scripted oracle)": better,
    }
    print(rows_table(rows, groups), *verdicts(bare, free, agent, better, groups), sep="\n")
    unsaid = await measure_unsaid(stories, dialogues)
    print(
        f"Asked about another paragraph of the article, the check alone says unknown to "
        f"{sum(unsaid.unknown) / max(1, len(unsaid.unknown)):.0%} of {len(unsaid.unknown)}."
    )
    if options.seed == SEED and not options.development:
        print("What was tuned was tuned on --development, which has none of these paragraphs.")
    else:
        print("The code may have been tuned on these questions: no evaluation.")


def _progress(name: str, count: int) -> Callable[[Turn], None]:
    """Count on stderr, where somebody watches."""
    done = 0

    def tick(_: Turn) -> None:
        nonlocal done
        done += 1
        if sys.stderr.isatty():
            print(f"\r{name}: {done} of {count}", end="", file=sys.stderr)

    return tick


if __name__ == "__main__":
    sys.exit(main())
