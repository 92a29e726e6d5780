"""What the user sees: the story, each answer with its evidence, and the sums at the end."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from agentcore import Result, Usage

from .data import Story, Turn
from .metric import Score, normalise
from .planner import CoQAAnswer

__all__ = [
    "Scored",
    "describe_answer",
    "describe_model",
    "describe_story",
    "describe_sums",
]

_INDENT = "     "

_METRIC = (
    "F1 counts the words shared with people's answers. Each person's is left out in turn and the "
    "best of the others counts, so that 1 needs two people who agree."
)


@dataclass(frozen=True, slots=True)
class Scored:
    """One answer that was given and measured."""

    score: Score
    without: Score
    """Of the answer that the agent gives without a model."""
    usage: Usage
    duration_s: float


def describe_model(name: str) -> str:
    """Say which model runs, and where."""
    if name.startswith("local:"):
        return f"The model {name} runs inside this process. Nothing leaves this machine."
    return f"The model is {name}. What it is asked is sent to its server."


def describe_story(story: Story, number: int, count: int) -> str:
    """Return the heading and the text of a story."""
    paragraphs = [_wrap(paragraph, "  ") for paragraph in re.split(r"\n+", story.text)]
    return "\n\n".join((f"\n{_bold(f'Story {number} of {count}: {story.name}')}", *paragraphs, ""))


def describe_answer(story: Story, turn: Turn, result: Result[CoQAAnswer], score: Score) -> str:
    """Return the evidence for an answer, and how it compares with what was expected."""
    output = result.output
    expected: dict[str, str] = {}  # those that differ for the metric
    for reference in turn.references:
        expected.setdefault(normalise(reference), reference)
    if output.evidence is None:
        evidence = f"{_INDENT}The story does not say."
    else:
        start, end = output.evidence.start, output.evidence.end
        evidence = _highlight(
            _wrap(f"evidence (characters {start}-{end}): {story.text[start:end]}", _INDENT),
            output.answer,
        )
    compared = f"F1 {score.f1:.2f}; expected: {' / '.join(expected.values())}"
    return f"{_INDENT}{output.answer}\n{evidence}\n{_wrap(compared, _INDENT)}\n"


def describe_sums(scored: Sequence[Scored], name: str) -> str:
    """Return the averages and what they cost."""
    if not scored:
        return "No question was asked."
    f1 = sum(item.score.f1 for item in scored) / len(scored)
    exact = sum(item.score.exact_match for item in scored) / len(scored)
    used = sum((item.usage for item in scored), Usage())
    seconds = sum(item.duration_s for item in scored)
    tokens = f"{used.input_tokens} tokens read and {used.output_tokens} written"
    without = sum(item.without.f1 for item in scored) / len(scored)
    lines = [
        f"{len(scored)} questions: F1 {f1:.2f}, exact match {exact:.2f} (1 is perfect)",
        f"The same agent without a model, taking the likeliest phrase: F1 {without:.2f}",
        _METRIC,
        f"{used.steps} model calls, {tokens}, {seconds:.1f} s",
    ]
    if name == "local:smollm2":
        lines.append(
            "SmolLM2-135M is among the smallest models there are: it often chooses wrong, and its "
            "yes and no are guesses. The same agent runs on a larger one: --llm ollama:qwen3:4b"
        )
    return "\n".join((_bold("Result"), *(_wrap(line, "") for line in lines)))


def _wrap(text: str, indent: str) -> str:
    width = min(shutil.get_terminal_size().columns, 92)
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent)


def _highlight(text: str, answer: str) -> str:
    """Mark the answer in the wrapped evidence, or all of it where the answer is not its words."""
    phrase = r"\s+".join(re.escape(word) for word in answer.split())
    found = [*re.finditer(rf"(?<!\w){phrase}(?!\w)", text)] if phrase else []
    start, end = found[-1].span() if found else (0, len(text))
    return f"{text[:start]}{_bold(text[start:end])}{text[end:]}"


def _bold(text: str) -> str:
    """Return the text in bold on a terminal, and as it is elsewhere."""
    is_plain = "NO_COLOR" in os.environ or not sys.stdout.isatty()
    return text if is_plain else f"\x1b[1m{text}\x1b[0m"
