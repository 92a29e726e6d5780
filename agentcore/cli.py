"""The `agentcore` command: run an agent from a module; see what is installed and reachable."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import inspect
import os
import sys
from collections.abc import Sequence
from typing import Any, cast

from pydantic_core import to_json

from . import (
    Agent,
    AgentCoreError,
    ConfigurationError,
    Event,
    Finished,
    Partial,
    Result,
    TextDelta,
    __version__,
)
from .doctor import examine
from .probing import probe_model, table_of

__all__ = ["PAUSED", "load_agent", "main"]

PAUSED = 3
"""The exit code of a run that waits for a person."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code.

    It is 0, or 1 where something went wrong, or 3 where the run waits for a person.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.command == "doctor":
            print(examine())
            return 0
        if options.command == "probe":
            return asyncio.run(_probe(options))
        return asyncio.run(_run(options))
    except AgentCoreError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `agentcore run ... | head`: the reader has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="agentcore", description="Run agents; look what is there."
    )
    parser.add_argument("--version", action="version", version=f"agentcore {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run an agent on a task")
    run.add_argument(
        "agent", help="module:name of an Agent class or object, such as my.agents:Clerk"
    )
    run.add_argument("task", nargs="?", help="what to do; read from standard input where left out")
    run.add_argument("--llm", help="the model, such as ollama:qwen3:4b or local:smollm2")
    run.add_argument("--trace", action="store_true", help="print every event to standard error")
    probe = commands.add_parser("probe", help="find out what a model really does")
    probe.add_argument("llm", help="the model, such as ollama:qwen3:4b")
    probe.add_argument("--fresh", action="store_true", help="probe again what was probed before")
    probe.add_argument("--json", action="store_true", help="print the passport as JSON")
    commands.add_parser("doctor", help="print what is installed and reachable")
    return parser


async def _probe(options: argparse.Namespace) -> int:
    print(
        f"Asking {options.llm} what it can do: some 20 short calls, if it is new.", file=sys.stderr
    )
    passport = await probe_model(options.llm, is_fresh=options.fresh)
    print(passport.to_json().rstrip() if options.json else table_of(passport))
    return 0


async def _run(options: argparse.Namespace) -> int:
    task = options.task if options.task is not None else _read_task()
    async with load_agent(options.agent, llm=options.llm) as agent:
        async for event in agent.stream(task):
            if isinstance(event, Finished):
                return _print_end(event.result)
            if options.trace and not isinstance(event, TextDelta | Partial):
                line = f"[{event.at_s:8.3f} s] {event.kind} {event.key} {_summary(event)}"
                print(line.rstrip()[:200], file=sys.stderr)
    return 0


def _summary(event: Event) -> str:
    """What a person wants to see of an event, in a line."""
    if event.kind == "thought":
        message = event.completion.message
        calls = [f"{call.name}({call.arguments})" for call in message.tool_calls]
        return " ".join([*message.content.split(), *calls])
    if event.kind == "acted":
        seen = event.observation
        return f"{seen.call.name}({seen.call.arguments}) -> {seen.percept.text}"
    return f"{event.error}: {event.message}" if event.kind == "failed" else ""


def _read_task() -> str:
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison]  closed by `<&-`
        raise ConfigurationError("there is no task: give one, or open the standard input")
    return sys.stdin.read()


def _print_end(result: Result[object]) -> int:
    """Print the output, text as it is and anything else as JSON; say what the run cost."""
    used = result.usage
    if result.finish == "paused":
        for item in result.pending:
            print(f"waits for {item.kind} {item.key}: {item.text}", file=sys.stderr)
        print("A paused run is taken up from Python: run(..., decisions=...).", file=sys.stderr)
        return PAUSED
    output = result.output
    print(output if isinstance(output, str) else to_json(output, fallback=repr).decode())
    print(
        f"{result.finish} in {result.duration_s:.1f} s: {used.steps} model calls, "
        f"{used.tool_calls} tool calls, {used.tokens} tokens",
        file=sys.stderr,
    )
    return 0


def load_agent(path: str, *, llm: str | None) -> Agent[Any]:
    """Find `module:name`; a class is instantiated with the model, an object is taken as it is."""
    module_name, _, name = path.partition(":")
    if not module_name or not name or module_name.startswith("."):
        raise ConfigurationError(
            f"{path!r} is no agent: write module:name, such as my.agents:Clerk"
        )
    sys.path.insert(0, "")  # like `python -m`: modules of the current folder
    try:
        found: object = getattr(importlib.import_module(module_name), name)
    except AttributeError as error:
        raise ConfigurationError(f"{path!r} is no agent: {error}") from error
    except (Exception, SystemExit) as error:
        hint = f"; write {module_name[:-3]}:{name}" if module_name.endswith(".py") else ""
        raise ConfigurationError(
            f"the module {module_name!r} cannot be imported: {type(error).__name__}: {error}{hint}"
        ) from error
    if inspect.isclass(found) and issubclass(found, Agent):
        kind = cast("type[Agent[object]]", found)
        try:
            return kind(llm=llm) if llm else kind()
        except TypeError as error:
            raise ConfigurationError(
                f"{path} cannot be made without arguments ({error}): name an agent object instead"
            ) from error
    if isinstance(found, Agent) and llm is None:
        return cast("Agent[object]", found)
    if isinstance(found, Agent):
        raise ConfigurationError(f"{path} is an agent that has its model: leave --llm out")
    raise ConfigurationError(
        f"{name!r} in {module_name} is {found!r}, not an Agent class or object"
    )
