"""How much longer `import agentcore` takes than `import pydantic`: whole processes, in turn."""

from __future__ import annotations

import subprocess
import sys
import time

from .rows import Row, spread

__all__ = ["import_row"]

RUNS = 11


def import_row() -> Row:
    """Measure both in turn, so that a slow moment of the machine meets both."""
    nothing, pydantic, ours = ([0.0] * RUNS for _ in range(3))
    for run in range(RUNS):
        nothing[run] = _seconds("pass")
        pydantic[run] = _seconds("import pydantic")
        ours[run] = _seconds("import agentcore")
    over = [(one - other) * 1000 for one, other in zip(ours, pydantic, strict=True)]
    base = [(one - other) * 1000 for one, other in zip(pydantic, nothing, strict=True)]
    return Row(
        what="`import agentcore` over `import pydantic`",
        measured=spread(over, "ms"),
        asked="at most 100 ms",
        comparison=f"`import pydantic` itself: {spread(base, 'ms')}",
    )


def _seconds(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start
