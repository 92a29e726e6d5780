"""Relatives of the strangers: a remedy for one text or one status would not help them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.zoo.endpoint import Endpoint, Reply, Turn, View, Wire
from tests.zoo.keeper import visit
from tests.zoo.mind import honest
from tests.zoo.strangers import Eager, Stickler


class Crashing(Stickler):
    """llama.cpp answers what a template raises with HTTP 500."""

    name = "crashing"

    def answer(self, view: View) -> Reply:
        reply = super().answer(view)
        return replace(reply, status=500) if reply.status == 400 else reply


class Dropping:
    name, habit = "dropping", "leaves system and tool messages out, in silence"
    wire: Wire = "ollama"

    def answer(self, view: View) -> Reply:
        return honest(replace(view, turns=without("system", "tool", turns=view.turns)))


class Unguided:
    name, habit = "unguided", "leaves system messages out; ignores tools and schema"
    wire: Wire = "openai"

    def answer(self, view: View) -> Reply:
        turns = without("system", turns=view.turns)
        return honest(replace(view, tools=(), schema=None, turns=turns))


class Toolless:
    name, habit = "toolless", "calls tools, and refuses their results"
    wire: Wire = "openai"

    def answer(self, view: View) -> Reply:
        if any(turn.role == "tool" for turn in view.turns):
            return Reply(content="Unexpected role 'tool'", status=422)
        return honest(view)


class EagerToo(Eager):
    """The same on the other wire, where a call can be required."""

    name = "eager too"
    wire: Wire = "openai"


def without(*roles: str, turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    return tuple(turn for turn in turns if turn.role not in roles)


@pytest.mark.parametrize(
    "endpoint",
    [Crashing(), Dropping(), Unguided(), Toolless(), EagerToo()],
    ids=lambda endpoint: endpoint.name,
)
async def test_a_relative_is_helped_by_its_passport_alone(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    assert not (await visit(endpoint, folder=None)).is_solved

    visited = await visit(endpoint, folder=tmp_path)

    assert visited.is_solved, visited
