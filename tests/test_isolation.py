"""What tests/conftest.py promises: no network, no keys, a place of its own for what is stored."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest
from pytest_socket import SocketBlockedError, SocketConnectBlockedError


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_a_fast_test_cannot_open_a_socket() -> None:
    with pytest.raises(SocketBlockedError):
        socket.create_connection(("127.0.0.1", 9))


@pytest.mark.slow
async def test_a_slow_test_reaches_loopback() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]

    reader, writer = await asyncio.open_connection("localhost", port)

    assert await reader.read() == b""
    writer.close()
    server.close()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_a_slow_test_reaches_nothing_but_loopback() -> None:
    with pytest.raises(SocketConnectBlockedError):
        socket.create_connection(("192.0.2.1", 9))  # an address reserved for documentation


def test_keys_and_servers_of_the_user_are_hidden() -> None:
    assert [name for name in os.environ if name.endswith("_API_KEY")] == []
    assert "OLLAMA_HOST" not in os.environ


def test_state_is_kept_apart(tmp_path: Path) -> None:
    assert Path(os.environ["XDG_STATE_HOME"]).is_relative_to(tmp_path)
