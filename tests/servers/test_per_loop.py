from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

from agentcore.servers.per_loop import PerLoop


class Client:
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.closed_in: asyncio.AbstractEventLoop | None = None
        self.closed = asyncio.Event()

    async def close(self) -> None:
        self.closed_in = asyncio.get_running_loop()
        self.closed.set()


def test_each_loop_has_an_object_of_its_own() -> None:
    clients = PerLoop(Client, Client.close)

    async def twice() -> tuple[Client, Client]:
        return clients.get(), clients.get()

    first = asyncio.run(twice())
    second = asyncio.run(twice())

    assert first[0] is first[1]
    assert second[0] is second[1]
    assert first[0] is not second[0]


def test_the_object_of_a_closed_loop_is_forgotten() -> None:
    made: list[Client] = []

    def make() -> Client:
        made.append(Client())
        return made[-1]

    clients = PerLoop(make, Client.close)

    async def use() -> None:
        clients.get()

    async def use_and_close() -> None:
        clients.get()
        await clients.aclose()

    asyncio.run(use())
    asyncio.run(use_and_close())

    assert made[0].closed_in is None
    assert made[1].closed_in is made[1].loop


async def test_after_closing_a_new_object_is_made() -> None:
    clients = PerLoop(Client, Client.close)
    first = clients.get()

    await clients.aclose()
    await clients.aclose()

    assert first.closed_in is first.loop
    assert clients.get() is not first


async def test_the_object_of_another_running_loop_is_closed_there() -> None:
    clients = PerLoop(Client, Client.close)
    opened: Future[Client] = Future()

    async def elsewhere() -> None:
        client = clients.get()
        opened.set_result(client)
        await client.closed.wait()

    thread = threading.Thread(target=asyncio.run, args=(elsewhere(),))
    thread.start()
    client = await asyncio.wrap_future(opened)
    await clients.aclose()
    await asyncio.to_thread(thread.join)

    assert client.closed_in is client.loop is not asyncio.get_running_loop()
