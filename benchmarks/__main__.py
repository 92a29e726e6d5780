"""Measure what the project promises of itself: `python -m benchmarks`, or `make bench`.

Every row stands beside its comparison, measured in the same run. Quote ratios and medians: machines
are shared, and absolute times are not comparable between runs.
"""

from __future__ import annotations

from .concurrency import concurrency_row
from .import_time import import_row
from .loop import loop_rows
from .rows import Row, table

__all__ = ["main"]


def main() -> None:
    """Print the table."""
    rows: list[Row] = [import_row(), *loop_rows(), concurrency_row()]
    print(table(rows))


if __name__ == "__main__":
    main()
