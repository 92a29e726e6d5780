"""The table of the benchmark, and what it says in words; both follow from the measured points."""

from __future__ import annotations

from collections.abc import Sequence

from .answers import Measured
from .intervals import Interval, difference, mean

__all__ = ["rows_table", "verdicts"]


def rows_table(rows: dict[str, Measured], groups: Sequence[str]) -> str:
    """Write a row for each system, and one for the best of the agent's options."""
    lines = [
        "| what answers | F1 (95 % interval) | says unknown | model calls | s per question |",
        "|---|---|---|---|---|",
    ]
    count = len(groups)
    for name, row in rows.items():
        lines.append(
            f"| {name} | {mean(row.f1, groups)} | {sum(row.unknown) / count:.0%} | "
            f"{row.calls / count:.1f} | {row.duration_s / count:.2f} |"
        )
    ceiling = next(row.ceiling for row in rows.values() if row.ceiling)
    lines.append(f"| oracle: the best of the agent's options | {mean(ceiling, groups)} | | | |")
    return "\n".join(lines)


def verdicts(
    bare: Measured, free: Measured, agent: Measured, better: Measured, groups: Sequence[str]
) -> list[str]:
    """Say whether the agent does what is asked of it, and what the model is worth."""
    over_bare = difference(agent.f1, [2 * value for value in bare.f1], groups)
    over_free = difference(agent.f1, free.f1, groups)
    worth = difference(better.f1, agent.f1, groups)
    return [
        f"agent - 2 x bare: {over_bare}: {_met(over_bare, 0)}",
        f"agent - without a model: {over_free}; asked at least 0.05: {_met(over_free, 0.05)}",
        _adds(over_free),
        f"A better model in its place, with the same code, would be worth up to {worth} more.",
    ]


def _met(found: Interval, asked: float) -> str:
    if found.value < asked:
        return "missed"
    return "met, and for the whole interval" if found.low >= asked else "met, not for the interval"


def _adds(found: Interval) -> str:
    if found.low > 0:
        return f"The model adds {found.value:.3f} to what the code does alone."
    if found.high < 0:
        return f"The model takes {-found.value:.3f} away: the code alone is better."
    return "The model adds nothing that these questions can show: the interval holds 0."
