from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ollama import ChatResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.zoo.animals import ANIMALS
from tests.zoo.endpoint import Endpoint, Reply, View
from tests.zoo.keeper import TASK, read_long, visit
from tests.zoo.wires import pieces_of, to_body, to_view

FAIL_WITHOUT = frozenset(
    (
        *("comma", "deaf", "dreamer", "dropper", "fencer", "forgetful", "freehand", "muser"),
        *("eager", "smasher", "stickler", "thinker"),
    )
)
"""Who fails the task where nobody has probed it."""

ROOT = Path(__file__).parents[2]

each_animal = pytest.mark.parametrize("endpoint", ANIMALS, ids=lambda animal: animal.name)


@each_animal
async def test_with_a_passport_the_task_is_solved(endpoint: Endpoint, tmp_path: Path) -> None:
    visited = await visit(endpoint, folder=tmp_path)

    assert visited.is_solved, visited


@each_animal
async def test_without_a_passport_it_is_known_who_fails(endpoint: Endpoint) -> None:
    visited = await visit(endpoint, folder=None)

    assert visited.is_solved is (endpoint.name not in FAIL_WITHOUT), visited


@each_animal
async def test_no_prompt_is_cut_in_silence(endpoint: Endpoint, tmp_path: Path) -> None:
    assert await read_long(endpoint, folder=tmp_path) in {"read", "refused"}


QUESTIONS: dict[str, dict[str, Any]] = {
    "plain": {"messages": [{"role": "user", "content": "What is 17 + 25? Say it."}]},
    "task": {
        "messages": [{"role": "user", "content": TASK}],
        "tools": [
            {"function": {"name": name, "parameters": {"type": "object"}}}
            for name in ("stock", "price", "multiply")
        ],
    },
}


def replies(endpoint: Endpoint, *, is_streamed: bool) -> Iterator[tuple[Reply, View]]:
    for body in QUESTIONS.values():
        sent = body | {"stream": is_streamed}
        view = to_view(sent, wire=endpoint.wire, attempt=1)
        yield endpoint.answer(view), view


@each_animal
def test_an_answer_parses_with_the_vendors_own_types(endpoint: Endpoint) -> None:
    for reply, view in replies(endpoint, is_streamed=False):
        body = json.dumps(to_body(reply, view, wire=endpoint.wire))
        if endpoint.wire == "openai":
            read: Any = ChatCompletion.model_validate_json(body, strict=True).choices[0].message
        else:
            read = ChatResponse.model_validate_json(body).message

        assert (read.content or "") == (reply.content or "")
        assert len(read.tool_calls or ()) == len(reply.calls)


@each_animal
def test_a_streamed_answer_parses_with_the_vendors_own_types(endpoint: Endpoint) -> None:
    for reply, view in replies(endpoint, is_streamed=True):
        for piece in pieces_of(reply, view, wire=endpoint.wire):
            text = piece.decode().removeprefix("data: ").strip()
            if text != "[DONE]" and not reply.halves_characters:  # pydantic takes no half of one
                kind: Any = ChatCompletionChunk if endpoint.wire == "openai" else ChatResponse
                kind.model_validate_json(text)


def test_the_zoo_is_large_and_its_names_are_unknown_to_the_library() -> None:
    library = [
        path.read_text(encoding="utf-8")
        for folder in ("agentcore", "planners")
        for path in (ROOT / folder).rglob("*.py")
    ]

    assert len(ANIMALS) >= 12
    assert len({animal.name for animal in ANIMALS}) == len(ANIMALS)
    assert not [a.name for a in ANIMALS if any(f'"{a.name}"' in text for text in library)]


def test_the_same_request_is_always_answered_alike() -> None:
    for animal in ANIMALS:
        first = list(replies(animal, is_streamed=True))

        assert list(replies(animal, is_streamed=True)) == first
