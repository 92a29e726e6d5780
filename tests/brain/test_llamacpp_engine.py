from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import cast

import pytest

from agentcore.brain.llamacpp_engine import Engine
from agentcore.errors import ConfigurationError
from agentcore.servers.reading import Body
from agentcore.values import JsonObject

PATIENCE_S = 10.0


class FakeServer:
    """Answers with numbers, as many as the body says; after the first it waits for the gate."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []
        self.sent = 0
        self.stopped = 0
        self.gate = threading.Event()

    def handle_chat_completions(
        self, body: Body, on_chunk: Callable[[JsonObject], bool], /
    ) -> object:
        self.bodies.append(body)
        if "fails" in body:
            raise ValueError(body["fails"])
        for number in range(int(str(body["count"]))):
            self.sent += 1
            if on_chunk({"number": number}):
                self.stopped += 1
                return None
            assert self.gate.wait(PATIENCE_S)
        return None


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def engine(server: FakeServer) -> Iterator[Engine]:
    engine = Engine(lambda: server, name="local:fake")
    yield engine
    server.gate.set()
    engine.close()


async def read(engine: Engine, body: Body) -> list[JsonObject]:
    async with aclosing(engine.chunks(body)) as chunks:
        return [chunk async for chunk in chunks]


async def begin(engine: Engine, body: Body) -> AsyncGenerator[JsonObject]:
    """A call whose first chunk has come, and which is held up after it."""
    chunks = engine.chunks(body)
    assert await anext(chunks) == {"number": 0}
    return chunks


async def test_chunks_arrive_in_order(engine: Engine, server: FakeServer) -> None:
    server.gate.set()

    assert await read(engine, {"count": 3}) == [{"number": 0}, {"number": 1}, {"number": 2}]


async def test_a_call_that_is_closed_stops_within_a_token(
    engine: Engine, server: FakeServer
) -> None:
    chunks = await begin(engine, {"count": 1000})

    await chunks.aclose()
    server.gate.set()

    assert await read(engine, {"count": 1}) == [{"number": 0}]
    assert server.stopped == 1
    assert server.sent == 3  # one read, one refused, one of the next call


async def test_a_cancelled_task_stops_its_call(engine: Engine, server: FakeServer) -> None:
    begun = asyncio.Event()

    async def read_on() -> None:
        async with aclosing(engine.chunks({"count": 1000})) as chunks:
            async for _ in chunks:
                begun.set()

    task = asyncio.create_task(read_on())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    server.gate.set()
    await read(engine, {"count": 1})

    assert server.stopped == 1


async def test_a_call_that_is_cancelled_while_it_waits_never_begins(
    engine: Engine, server: FakeServer
) -> None:
    running = await begin(engine, {"count": 2})
    waiting = asyncio.create_task(read(engine, {"count": 7}))
    await asyncio.sleep(0)

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    server.gate.set()
    await running.aclose()
    await read(engine, {"count": 1})

    assert [body["count"] for body in server.bodies] == [2, 1]


async def test_calls_are_answered_in_the_order_in_which_they_came(
    engine: Engine, server: FakeServer
) -> None:
    server.gate.set()

    answers = await asyncio.gather(*(read(engine, {"count": count}) for count in (3, 1, 2, 4)))

    assert [len(answer) for answer in answers] == [3, 1, 2, 4]
    assert [body["count"] for body in server.bodies] == [3, 1, 2, 4]


async def test_the_model_is_loaded_once_and_in_the_thread() -> None:
    loaded_in: list[str] = []
    server = FakeServer()
    server.gate.set()

    def load() -> FakeServer:
        loaded_in.append(threading.current_thread().name)
        return server

    engine = Engine(load, name="local:fake")
    await asyncio.gather(*(read(engine, {"count": 1}) for _ in range(3)))
    engine.close()

    assert loaded_in == ["local:fake"]


async def test_a_failed_load_is_raised_and_tried_again() -> None:
    attempts: list[int] = []
    server = FakeServer()
    server.gate.set()

    def load() -> FakeServer:
        attempts.append(len(attempts))
        if len(attempts) == 1:
            raise MemoryError("full")
        return server

    engine = Engine(load, name="local:fake")
    with pytest.raises(MemoryError, match="full"):
        await read(engine, {"count": 1})

    assert await read(engine, {"count": 1}) == [{"number": 0}]
    engine.close()


async def test_what_the_model_raises_reaches_the_caller(engine: Engine, server: FakeServer) -> None:
    server.gate.set()

    with pytest.raises(ValueError, match="odd"):
        await read(engine, {"fails": "odd"})

    assert await read(engine, {"count": 1}) == [{"number": 0}]


async def test_calls_from_two_event_loops_share_the_thread(
    engine: Engine, server: FakeServer
) -> None:
    running = await begin(engine, {"count": 2})
    other = asyncio.create_task(asyncio.to_thread(asyncio.run, read(engine, {"count": 3})))
    server.gate.set()

    assert [chunk async for chunk in running] == [{"number": 1}]
    assert await other == [{"number": 0}, {"number": 1}, {"number": 2}]


def test_a_loop_that_is_closed_under_a_call_stops_it(engine: Engine, server: FakeServer) -> None:
    loop = asyncio.new_event_loop()
    chunks = loop.run_until_complete(begin(engine, {"count": 1000}))
    loop.close()

    server.gate.set()

    assert asyncio.run(read(engine, {"count": 1})) == [{"number": 0}]
    assert server.stopped == 1
    del chunks


async def test_closing_stops_the_running_call_and_the_waiting_ones(
    engine: Engine, server: FakeServer
) -> None:
    running = await begin(engine, {"count": 10**9})
    waiting = asyncio.create_task(read(engine, {"count": 1}))
    await asyncio.sleep(0)

    server.gate.set()
    await asyncio.to_thread(engine.close)

    with pytest.raises(ConfigurationError, match="local:fake is closed"):
        _ = [chunk async for chunk in running]
    with pytest.raises(ConfigurationError, match="local:fake is closed"):
        await waiting
    assert len(server.bodies) == 1


async def test_a_closed_engine_refuses_calls_and_can_be_closed_again(engine: Engine) -> None:
    engine.close()
    engine.close()

    with pytest.raises(ConfigurationError, match="local:fake is closed"):
        await read(engine, {"count": 1})


@pytest.mark.parametrize("end", [Engine.close, Engine.abandon])
async def test_a_closed_engine_lets_go_of_the_model(end: Callable[[Engine], None]) -> None:
    server = FakeServer()
    server.gate.set()
    model = weakref.ref(server)
    engine = Engine(lambda: cast("FakeServer", model()), name="local:fake")
    await read(engine, {"count": 1})
    del server
    assert model() is not None

    end(engine)

    assert model() is None


async def test_an_abandoned_engine_does_not_wait_for_its_call(
    engine: Engine, server: FakeServer
) -> None:
    running = await begin(engine, {"count": 1000})

    engine.abandon()
    server.gate.set()

    with pytest.raises(ConfigurationError, match="closed"):
        _ = [chunk async for chunk in running]
    assert server.stopped == 1
