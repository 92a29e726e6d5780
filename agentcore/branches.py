"""The combinators: branches side by side, each under its own keys, where a replay finds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeVar

from .errors import ConfigurationError, DivergenceError
from .events import Settled
from .planning import Branch, Node, Run
from .scope import Scope
from .values import digest_of
from .wave import Wave

__all__ = ["Opener", "branch_node", "run_graph", "run_race"]

T = TypeVar("T")

Opener = Callable[[Scope], Run]
"""Makes the run that a branch is handed."""


async def run_graph(
    scope: Scope, kind: str, nodes: Mapping[str, Node[T]], open_run: Opener
) -> dict[str, T]:
    """Run each node as soon as the nodes before it are done; the first failure cancels the rest.

    A failure that discards branches writes one `Settled` record: a replay then starts the others
    only, and fails by the same branch.
    """
    _check_graph(nodes)
    key = scope.key(kind)
    digest = digest_of(kind, *(f"{name}<{','.join(node.after)}" for name, node in nodes.items()))
    settled = scope.find(key, Settled, digest)
    waiting = [name for name in nodes if settled is None or name not in settled.discarded]
    results: dict[str, T] = {}
    async with Wave[T](scope.state) as wave:
        while True:
            for name in [name for name in waiting if set(nodes[name].after) <= results.keys()]:
                waiting.remove(name)
                inputs = {earlier: results[earlier] for earlier in nodes[name].after}
                wave.start(
                    name, _run_node(nodes[name], scope.branch(f"{key}/{name}"), inputs, open_run)
                )
            if not wave:
                break
            for outcome in await wave.finished():
                if outcome.error is None:
                    results[outcome.label] = outcome.result()
                elif settled is None or settled.failed == outcome.label:
                    discarded = sorted(set(nodes) - results.keys() - {outcome.label})
                    end = Settled(
                        key=key,
                        request_digest=digest,
                        discarded=tuple(discarded),
                        failed=outcome.label,
                    )
                    await _settle(wave, scope, end, settled)
                    raise outcome.error
    if settled is not None:
        raise DivergenceError(
            f"branch {settled.failed!r} of {key!r} failed when it was recorded, and did not fail "
            "now"
        )
    return {name: results[name] for name in nodes}


async def run_race(scope: Scope, branches: Sequence[Branch[T]], open_run: Opener) -> T:
    """Run branches until one returns; the others are cancelled and discarded."""
    if not branches:
        raise ConfigurationError("run.race() was called without a branch")
    nodes = {str(index): branch_node(branch) for index, branch in enumerate(branches)}
    key = scope.key("race")
    digest = digest_of("race", str(len(nodes)))
    settled = scope.find(key, Settled, digest)
    errors: dict[str, BaseException] = {}
    async with Wave[T](scope.state) as wave:
        for name, node in nodes.items():
            if settled is None or name not in settled.discarded:
                wave.start(name, _run_node(node, scope.branch(f"{key}/{name}"), {}, open_run))
        while wave:
            for outcome in await wave.finished():
                if outcome.error is None:
                    discarded = sorted(set(nodes) - {outcome.label})
                    end = Settled(key=key, request_digest=digest, discarded=tuple(discarded))
                    await _settle(wave, scope, end, settled)
                    return outcome.result()
                errors[outcome.label] = outcome.error
    raise errors[min(errors, key=int)]


def branch_node(branch: Branch[T]) -> Node[T]:
    """Make a node without inputs of a branch."""

    async def action(run: Run, _: Mapping[str, Any]) -> T:
        return await branch(run)

    return Node(action)


async def _run_node(node: Node[T], scope: Scope, inputs: Mapping[str, Any], open_run: Opener) -> T:
    scope.claim()
    return await node.action(open_run(scope), inputs)


async def _settle(wave: Wave[T], scope: Scope, end: Settled, recorded: Settled | None) -> None:
    """End a combinator: stop what still runs, and record once which branches that discards."""
    await wave.stop()
    if recorded is None:
        scope.state.record(end)


def _check_graph(nodes: Mapping[str, Node[Any]]) -> None:
    for name, node in nodes.items():
        if not name or "/" in name:
            raise ConfigurationError(
                f"{name!r} cannot name a step of run.dag: it is empty or has a '/'"
            )
        unknown = [earlier for earlier in node.after if earlier not in nodes]
        if unknown:
            raise ConfigurationError(
                f"step {name!r} of run.dag is after {unknown}, which are no steps; the steps are "
                f"{sorted(nodes)}"
            )
    try:
        TopologicalSorter({name: node.after for name, node in nodes.items()}).prepare()
    except CycleError as error:
        raise ConfigurationError(
            f"the steps of run.dag wait for each other: {' -> '.join(error.args[1])}"
        ) from error
