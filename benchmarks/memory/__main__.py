"""Measure memory and retrieval: `python -m benchmarks.memory [--vectors] [--kill POINTS]`.

Without an option: the table of retrieval, on the data that `--data` names.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
from pathlib import Path

from benchmarks.rows import table

__all__ = ["main"]


def main() -> None:
    """Print the table that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--vectors", action="store_true", help="220,000 vectors of 256 numbers")
    parser.add_argument("--count", type=int, default=220_000, help="so many vectors instead")
    parser.add_argument("--kill", type=int, metavar="POINTS", help="kill -9 at so many points")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    if options.vectors:
        from .vectors import vector_rows

        print(table(asyncio.run(vector_rows(options.count))))
    elif options.kill:
        from .kill import kill_row

        print(table([kill_row(options.kill)]))
    else:
        importlib.import_module(f"{__package__}.retrieval").main(options.data)


if __name__ == "__main__":
    main()
