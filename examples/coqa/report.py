"""What the user sees: the story, each answer with its evidence, and the sums at the end."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from agentcore import Event, Result, Usage
from agentcore.events import Answered, Recalled, Thought

from .agent import CoQAAnswer
from .data import Story, Turn
from .metric import Score, normalise

__all__ = [
    "Scored",
    "describe_answer",
    "describe_event",
    "describe_model",
    "describe_story",
    "describe_sums",
]

_INDENT = "     "


@dataclass(frozen=True, slots=True)
class Scored:
    """One answer that was given and measured."""

    score: Score
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
            _wrap(f"story[{start}:{end}] {story.text[start:end]}", _INDENT), output.answer
        )
    compared = f"F1 {score.f1:.2f}; expected: {' / '.join(expected.values())}"
    return f"{evidence}\n{_wrap(compared, _INDENT)}\n"


def describe_event(event: Event) -> str:
    """Return an event of a run on one line."""
    detail = ""
    if isinstance(event, Recalled):
        detail = f"{event.query!r}: {'; '.join(f'{hit.score:.2f} {hit.why}' for hit in event.hits)}"
    elif isinstance(event, Thought):
        usage = event.completion.usage
        detail = f"{event.completion.text!r}: {usage.input_tokens} + {usage.output_tokens} tokens"
    elif isinstance(event, Answered):
        detail = event.text
    return f"{_INDENT}[{event.at_s:6.3f} s] {event.kind} {event.key} {' '.join(detail.split())}"


def describe_sums(scored: Sequence[Scored], name: str) -> str:
    """Return the averages and what they cost."""
    if not scored:
        return "No question was asked."
    f1 = sum(item.score.f1 for item in scored) / len(scored)
    exact = sum(item.score.exact_match for item in scored) / len(scored)
    used = sum((item.usage for item in scored), Usage())
    seconds = sum(item.duration_s for item in scored)
    tokens = f"{used.input_tokens} tokens read and {used.output_tokens} written"
    lines = [
        f"{len(scored)} questions: F1 {f1:.2f}, exact match {exact:.2f} (1 is perfect)",
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
