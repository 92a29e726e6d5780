"""Serves an endpoint, and has an agent solve the zoo's task with it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import respx

from agentcore import LLM, Agent, AgentCoreError, ContextLengthError, Finished, tool
from agentcore.brain.ollama import OllamaLLM
from agentcore.brain.openai import OpenAILLM
from agentcore.brain.probed import Probed
from tests.httpcore2 import HTTPCore2Mocker

from .endpoint import Endpoint, View
from .wires import pieces_of, to_body, to_view

__all__ = ["TASK", "Shop", "Visit", "read_long", "served", "visit"]

TASK = "What would all the lamps in stock cost together? Look up how many there are, and the price."
_OK = 200
ANSWER = "All the lamps cost 300 €."
_ADDRESSES = {"openai": "http://zoo.test/v1", "ollama": "http://zoo.test"}


class _Pieces(httpx.AsyncByteStream):
    """A body cut into pieces of five bytes, wherever that is."""

    def __init__(self, pieces: Iterator[bytes], *, breaks_off: bool) -> None:
        self._content = b"".join(pieces)
        self._breaks_off = breaks_off

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), 5):
            yield self._content[start : start + 5]
        if self._breaks_off:
            raise httpx.RemoteProtocolError("the peer closed the connection")


@contextmanager
def served(endpoint: Endpoint) -> Generator[list[View]]:
    """Let the endpoint answer at its address; what it read is listed."""
    views: list[View] = []

    def answer(request: httpx.Request) -> httpx.Response:
        attempt = int(request.headers.get("x-stainless-retry-count", 0))
        view = to_view(json.loads(request.content), wire=endpoint.wire, attempt=attempt)
        views.append(view)
        reply = endpoint.answer(view)
        if reply.status != _OK:
            error = {"error": {"message": reply.content}}
            return httpx.Response(reply.status, json=error, headers=reply.headers)
        if not view.is_streamed:
            return httpx.Response(200, json=to_body(reply, view, wire=endpoint.wire))
        media_type = "text/event-stream" if endpoint.wire == "openai" else "application/x-ndjson"
        stream = _Pieces(pieces_of(reply, view, wire=endpoint.wire), breaks_off=reply.breaks_off)
        return httpx.Response(200, headers={"content-type": media_type}, stream=stream)

    base_url = _ADDRESSES[endpoint.wire]
    using = HTTPCore2Mocker.name if endpoint.wire == "openai" else "httpcore"
    with respx.mock(base_url=base_url, using=using, assert_all_called=False) as router:
        router.post("/chat/completions").mock(side_effect=answer)
        router.post("/api/chat").mock(side_effect=answer)
        router.get("/models").respond(json={"data": []})
        router.get("/api/tags").respond(json={"models": [{"name": "animal", "digest": "d"}]})
        router.post("/api/show").respond(json={"capabilities": ["completion", "tools"]})
        yield views


def _llm(endpoint: Endpoint) -> LLM:
    address = _ADDRESSES[endpoint.wire]
    if endpoint.wire == "ollama":
        return OllamaLLM("animal", host=address)
    return OpenAILLM("animal", base_url=address)


@dataclass
class Shop:
    """The three tools of the task, and what they were asked."""

    asked: list[str]

    @tool
    async def stock(self, item: str) -> int:
        """How many of an item there are."""
        self.asked.append(f"stock({item})")
        return 12

    @tool
    async def price(self, item: str) -> int:
        """What one item costs, in euros."""
        self.asked.append(f"price({item})")
        return 25

    @tool
    async def multiply(self, a: int, b: int) -> int:
        """Multiply two numbers."""
        self.asked.append(f"multiply({a}, {b})")
        return a * b


@dataclass(frozen=True)
class Visit:
    """How the task went."""

    output: str
    asked: tuple[str, ...]
    error: str = ""
    probes: int = 0
    """Model calls that the probes cost."""

    @property
    def is_solved(self) -> bool:
        """Whether the answer is right, and each tool was asked for it once."""
        wanted = ["multiply(12, 25)", "price(lamp)", "stock(lamp)"]
        return self.is_right and sorted(self.asked) == wanted

    @property
    def is_right(self) -> bool:
        """Whether the answer is right, whatever was asked for it."""
        return self.output == ANSWER


async def visit(endpoint: Endpoint, *, folder: Path | None) -> Visit:
    """Have an agent solve the task, streaming; with a folder for passports the model is probed."""
    shop = Shop([])
    with served(endpoint):
        bare = _llm(endpoint)
        llm = bare if folder is None else Probed(bare, cache_dir=folder, context_up_to=4096)
        agent = Agent(llm=llm, tools=[shop.stock, shop.price, shop.multiply])
        output, error = "", ""
        try:
            async for event in agent.stream(TASK):
                if isinstance(event, Finished):
                    output = event.result.output
        except AgentCoreError as raised:
            error = type(raised).__name__
        finally:
            await bare.aclose()
    passport = llm.passport if isinstance(llm, Probed) else None
    return Visit(output, tuple(shop.asked), error, passport.usage.steps if passport else 0)


async def read_long(endpoint: Endpoint, *, folder: Path | None) -> str:
    """Ask for a word at the beginning of 3,000 tokens of text: `read`, `cut` or `refused`.

    `cut` is an answer to a prompt that was not read whole.
    """
    text = (
        f"The code word is heron.\n{'The boats lay still that day. ' * 400}\nWhat is the code word?"
    )
    with served(endpoint) as views:
        bare = _llm(endpoint)
        llm: Any = bare if folder is None else Probed(bare, cache_dir=folder, context_up_to=4096)
        try:
            output = (await Agent(llm=llm).run(text)).output
        except ContextLengthError:
            return "refused"
        except AgentCoreError as raised:
            return type(raised).__name__
        finally:
            await bare.aclose()
    return "read" if "heron" in output and views else "cut"
