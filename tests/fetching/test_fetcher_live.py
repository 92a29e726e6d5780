"""The fetcher on real sockets, against servers of this machine."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agentcore.errors import ToolError
from agentcore.fetching import WebFetcher
from agentcore.fetching.addresses import Address

from .conftest import answer, redirect

pytestmark = pytest.mark.slow


def is_loopback(address: Address) -> bool:
    return address.is_loopback


@asynccontextmanager
async def serving(
    reply: bytes | Callable[[int], bytes], context: ssl.SSLContext | None = None
) -> AsyncGenerator[tuple[int, list[bytes]]]:
    """Serve one reply to all; gives the port and what the server was sent."""
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        port = int(server.sockets[0].getsockname()[1])
        writer.write(reply if isinstance(reply, bytes) else reply(port))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield int(server.sockets[0].getsockname()[1]), seen


async def test_a_server_of_this_machine_is_not_reached() -> None:
    async with serving(answer()) as (port, seen):
        for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.0.0.1."):
            with pytest.raises(ToolError):
                await WebFetcher(ports=[port]).fetch(f"http://{host}:{port}/")

    assert seen == []


async def test_a_redirect_to_another_server_of_this_machine_is_not_followed() -> None:
    def only_the_first(address: Address) -> bool:
        return str(address) == "127.0.0.1"

    async with serving(lambda port: redirect(f"http://127.0.0.2:{port}/")) as (port, seen):
        with pytest.raises(ToolError, match="not on the public internet"):
            await WebFetcher(ports=[port], allows=only_the_first).fetch(f"http://127.0.0.1:{port}/")

    assert len(seen) == 1


async def test_what_the_policy_allows_is_fetched() -> None:
    async with serving(answer(b"x" * 100_000)) as (port, seen):
        body, kind = await WebFetcher(ports=[port], allows=is_loopback).fetch(
            f"http://localhost:{port}/page"
        )

    assert (len(body), kind) == (100_000, "text/plain")
    assert f"host: localhost:{port}".encode() in seen[0].lower()


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(  # noqa: ASYNC221  nothing else runs in this loop yet
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async with serving(answer(b"secret"), context) as (port, seen):
        fetcher = WebFetcher(ports=[port], allows=is_loopback)
        with pytest.raises(ToolError, match=r"does not answer|cannot be fetched"):
            await fetcher.fetch(f"https://localhost:{port}/")

    assert seen == []
