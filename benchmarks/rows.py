"""A measured number beside its bound and its comparison."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

__all__ = ["Row", "spread", "table"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    measured: str
    asked: str
    comparison: str


def spread(samples: list[float], unit: str) -> str:
    """Write samples as `median unit (lowest to highest)`."""
    return f"{median(samples):.3g} {unit} ({min(samples):.3g} to {max(samples):.3g})"


def table(rows: list[Row]) -> str:
    """Write rows as a Markdown table."""
    lines = ["| what | measured | asked | beside it |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.measured} | {row.asked} | {row.comparison} |" for row in rows]
    return "\n".join(lines)
