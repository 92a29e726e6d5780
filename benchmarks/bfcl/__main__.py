"""`python -m benchmarks.bfcl`: native, constrained and text calls of one model, side by side.

Each mode is the planner that an agent would use: `native` is `ToolCalling` on a model that is said
to call tools, `constrained` is `ReAct` under its schema, `text` is `ReAct` on a model of which it
is said that nothing can be constrained.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from agentcore import LLM, Abilities, AgentCoreError, ConfigurationError, Planner, load_llm
from agentcore.brain.llamacpp import LlamaCppLLM
from agentcore.brain.passport import Finding, Passport
from agentcore.brain.probed import Probed
from agentcore.planners import ReAct, ToolCalling

from .asking import Outcome, ask
from .data import CATEGORIES, DATA, load_questions

__all__ = ["main"]

MODES = ("native", "constrained", "text")
_NO = Finding(outcome="no", why="said so for the comparison")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a row for each mode and category."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bfcl", description=__doc__)
    parser.add_argument("--llm", default="local:smollm2", help="the model (%(default)s)")
    parser.add_argument("--limit", type=int, default=100, help="questions of each category")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    parser.add_argument("--categories", nargs="+", choices=CATEGORIES, default=[*CATEGORIES])
    parser.add_argument("--max-tokens", type=int, default=96, help="of each step (%(default)s)")
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args(arguments)
    try:
        asyncio.run(_run(options))
    except AgentCoreError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


async def _run(options: argparse.Namespace) -> None:
    print(f"{options.llm}, max_tokens={options.max_tokens}, temperature 0")
    print(
        "| mode | category | questions | calls | well-formed | right tool | right call | failed "
        "| steps | cut | s each |\n|---|---|---|---|---|---|---|---|---|---|---|"
    )
    for mode in options.modes:
        llm, planner = _prepared(options.llm, mode)
        for category in options.categories:
            questions = load_questions(category, folder=options.data, limit=options.limit)
            begun = time.perf_counter()
            outcomes = [
                await ask(question, llm, planner, max_tokens=options.max_tokens)
                for question in questions
            ]
            seconds = (time.perf_counter() - begun) / max(1, len(questions))
            print(_row(mode, category, outcomes, seconds), flush=True)
        await llm.aclose()


def _prepared(name: str, mode: str) -> tuple[LLM, Planner]:
    """The model as it is said to be, and the planner that goes with it."""
    if mode == "native" and name.startswith("local:"):
        return LlamaCppLLM(name.removeprefix("local:"), native_tools=True), ToolCalling(max_steps=5)
    llm = load_llm(name)
    if isinstance(llm, Probed):
        raise ConfigurationError("set AGENTCORE_PROBE=off: here each mode says what the model does")
    if mode == "native":
        return llm, ToolCalling(max_steps=5)
    if mode == "text":
        passport = Passport(
            name=name, identity="", claimed=_claimed(llm), tools=_NO, schema_enforced=_NO
        )
        return Probed(llm, passport=passport), ReAct(max_steps=5, thoughts=False)
    return llm, ReAct(max_steps=5, thoughts=False)


def _claimed(llm: LLM) -> Abilities:
    return llm.abilities


def _row(mode: str, category: str, outcomes: Sequence[Outcome], seconds: float) -> str:
    calls = [outcome for outcome in outcomes if outcome.is_call]
    well_formed = sum(outcome.is_well_formed for outcome in calls)
    counts = [
        f"{len(outcomes)}",
        f"{len(calls)}",
        f"{well_formed} ({100 * well_formed / len(calls):.0f} %)" if calls else "-",
        "-" if category == "irrelevance" else f"{sum(item.is_right_tool for item in outcomes)}",
        "-" if category == "irrelevance" else f"{sum(item.is_right_call for item in outcomes)}",
        f"{sum(bool(item.error) for item in outcomes)}",
        f"{sum(item.steps for item in outcomes)}",
        f"{sum(item.cuts for item in outcomes)}",
        f"{seconds:.2f}",
    ]
    return f"| {mode} | {category} | {' | '.join(counts)} |"


if __name__ == "__main__":
    sys.exit(main())
