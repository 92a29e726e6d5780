"""Run the bench of agent frameworks with agentcore in it: `python -m benchmarks.peers`.

The harness lies beside the repository, in `../shared/bench`; it is copied to `build/peers`, with an
environment of its own for each peer. What it measures, and how, is in its README.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent
HARNESS = ROOT.parent / "shared" / "bench"
BUILD = ROOT / "build" / "peers"

PACKAGES: Mapping[str, Sequence[str]] = {
    "server": ("uvloop",),
    "raw_httpx2": ("httpx2",),
    "raw_openai": ("openai",),
    "agentcore": ("--constraint", str(ROOT / "constraints.txt"), "--editable", str(ROOT)),
    "pydantic_ai": ("pydantic-ai-slim[openai]",),
    "openai_agents": ("openai-agents",),
    "smolagents": ("smolagents[openai]",),
}
"""What pip is given for each peer; the bare clients are the floor."""

FLOOR = "raw_httpx2"
MOST_OVER_FLOOR = 1.7


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare the environments, run the harness, print its table and our ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    peers = ",".join(name for name in PACKAGES if name != "server")
    parser.add_argument("--peers", default=peers, help=f"of {peers} (default: all)")
    parser.add_argument("--groups", default="import,cold,fast,long")
    parser.add_argument("--reps", default="3", help="repetitions; the table has their medians")
    options = parser.parse_args(arguments)
    chosen: list[str] = options.peers.split(",")
    unknown = sorted(set(chosen) - set(PACKAGES))
    if unknown:
        parser.error(f"unknown peers {', '.join(unknown)}: choose from {peers}")
    missing = _missing()
    if missing:
        print(f"skipped: {missing}")
        return 0
    shutil.copytree(HARNESS, BUILD / "bench", dirs_exist_ok=True)
    for name in ("server", *chosen):
        _make_environment(name)
    results = BUILD / "results.json"
    _run(chosen, options.groups, options.reps, results)
    print(_ratios(json.loads(results.read_text()), chosen))
    return 0


def _missing() -> str:
    """Say what the harness needs and this machine does not have."""
    if not (HARNESS / "run.py").exists():
        return f"the harness is not at {HARNESS}"
    if shutil.which("taskset") is None or (os.cpu_count() or 1) < 2:  # noqa: PLR2004
        return "the harness pins its processes: it needs taskset (Linux) and two processors"
    return ""


def _make_environment(name: str) -> None:
    folder = BUILD / "venvs" / name
    stamp = folder / "complete"
    if stamp.exists():
        return
    print(f"installing {name}", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    pip = [folder / "bin" / "python", "-m", "pip", "-qq", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", *PACKAGES[name]], check=True)
    stamp.touch()


def _run(peers: Sequence[str], groups: str, reps: str, results: Path) -> None:
    environment = {
        **os.environ,
        "BENCH_ADAPTERS": str(ROOT / "benchmarks" / "peer"),
        "BENCH_VENVS": str(BUILD / "venvs"),
    }
    nice = "-10" if os.geteuid() == 0 else "0"  # only root may go before others
    command = [sys.executable, "run.py", "--peers", ",".join(peers), "--groups", groups]
    command += ["--reps", reps, "--heavy-reps", "1", f"--nice={nice}", "--out", str(results)]
    subprocess.run(command, cwd=BUILD / "bench", env=environment, check=True)


def _ratios(data: Mapping[str, Mapping[str, Mapping[str, list[float]]]], peers: list[str]) -> str:
    """Write what a step costs over the floor, and whether the cost grows with the history."""
    if FLOOR not in peers:
        return f"no ratios: {FLOOR} was not run"
    lines = [
        "",
        f"| CPU of a step over {FLOOR} | 10 steps | the 200th step | asked |",
        "|---|---|---|---|",
    ]
    for name in peers:
        cells = [_ratio(data, name, key) for key in ("k10_cpu_us", "at200_cpu_us")]
        asked = f"at most {MOST_OVER_FLOOR}, flat" if name == "agentcore" else ""
        lines.append(f"| {name} | {' | '.join(cells)} | {asked} |")
    return "\n".join(lines)


def _ratio(data: Mapping[str, Mapping[str, Mapping[str, list[float]]]], name: str, key: str) -> str:
    own, floor = (data[peer]["runs"].get(key) for peer in (name, FLOOR))
    return f"{median(own) / median(floor):.2f}" if own and floor else "not run"


if __name__ == "__main__":
    sys.exit(main())
