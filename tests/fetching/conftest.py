"""A network that is played: names with their addresses, and servers by address."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpcore2
import pytest

from agentcore.fetching import WebFetcher


def answer(body: bytes = b"hello", *, status: str = "200 OK", **headers: str) -> bytes:
    """What a server sends; `content_type` and so on become headers."""
    given = {"content_length": str(len(body)), "content_type": "text/plain", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in given.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + body


def redirect(place: str) -> bytes:
    return answer(b"", status="302 Found", location=place)


class PlayedStream(httpcore2.AsyncMockStream):
    """Answers with bytes, and notes what it is sent."""

    def __init__(self, net: PlayedNet, reply: bytes) -> None:
        super().__init__([reply])
        self._net = net

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        self._net.sent += buffer

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore2.AsyncNetworkStream:
        self._net.verified.append((server_hostname, ssl_context))
        return self


@dataclass
class PlayedNet(httpcore2.AsyncNetworkBackend):
    """Resolver and network in one. A name with several lists of addresses gives them in turn."""

    names: Mapping[str, Sequence[Sequence[str]]]
    replies: list[bytes] = field(default_factory=list[bytes])
    resolved: list[str] = field(default_factory=list[str])
    connected: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    verified: list[tuple[str | None, ssl.SSLContext]] = field(
        default_factory=list[tuple[str | None, ssl.SSLContext]]
    )
    sent: bytes = b""
    dead: tuple[str, ...] = ()

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.resolved.append(host)
        return self.names[host][min(self.resolved.count(host), len(self.names[host])) - 1]

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.connected.append((host, port))
        if host in self.dead:
            raise httpcore2.ConnectError("refused")
        return PlayedStream(self, self.replies.pop(0))

    def fetcher(self, *, max_bytes: int = 1000) -> WebFetcher:
        return WebFetcher(max_bytes=max_bytes, resolve=self.resolve, network=self)


@pytest.fixture
def net() -> PlayedNet:
    return PlayedNet(
        names={
            "site.example": [["93.184.215.14"]],
            "other.example": [["2606:2800:21f:cb07:6820:80da:af6b:8b2c"]],
            "two.example": [["93.184.215.15", "93.184.215.14"]],
            "mixed.example": [["93.184.215.14", "10.0.0.1"]],
            "inner.example": [["10.0.0.1"]],
            "changing.example": [["93.184.215.14"], ["127.0.0.1"]],
            "empty.example": [[]],
            "odd.example": [["no address"]],
        }
    )
