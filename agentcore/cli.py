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

from . import Agent, AgentCoreError, ConfigurationError, Finished, TextDelta, __version__
from .doctor import examine

__all__ = ["load_agent", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: 0, or 1 where something went wrong."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "doctor":
            print(examine())
            return 0
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
    commands.add_parser("doctor", help="print what is installed and reachable")
    return parser


async def _run(options: argparse.Namespace) -> int:
    task = options.task if options.task is not None else _read_task()
    streamed, key = "", ""  # the text of one model call
    async with load_agent(options.agent, llm=options.llm) as agent:
        async for event in agent.stream(task):
            if isinstance(event, TextDelta):
                if event.thinking:
                    continue
                if event.key != key:
                    print(end="\n" if key else "")
                    streamed, key = "", event.key
                streamed += event.text
                print(event.text, end="", flush=True)
            elif isinstance(event, Finished):
                _print_end(event.result, streamed)
            elif options.trace:
                print(f"[{event.at_s:8.3f} s] {event.kind} {event.key}", file=sys.stderr)
    return 0


def _read_task() -> str:
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison]  closed by `<&-`
        raise ConfigurationError("there is no task: give one, or open the standard input")
    return sys.stdin.read()


def _print_end(result: Any, streamed: str) -> None:
    """Print the output where it is not the streamed text, and say what the run cost."""
    print(end="\n" if streamed else "")
    if result.finish == "paused":
        for item in result.pending:
            print(f"waits for {item.kind} {item.key}: {item.text}", file=sys.stderr)
        return
    output = result.output if isinstance(result.output, str) else repr(result.output)
    if output != streamed:
        print(output)
    used = result.usage
    print(
        f"{result.finish} in {result.duration_s:.1f} s: {used.steps} model calls, "
        f"{used.tool_calls} tool calls, {used.tokens} tokens",
        file=sys.stderr,
    )


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
