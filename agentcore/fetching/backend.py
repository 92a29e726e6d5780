"""Connects to the very address that was checked. The only way from a fetcher to the network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..errors import ToolError
from .addresses import Address, Resolve, checked

if TYPE_CHECKING:
    import httpcore2

__all__ = ["CheckedBackend"]


class CheckedBackend:
    """An `AsyncNetworkBackend` of httpcore2. It has no such base, whose import would take long.

    It resolves a name once, checks what came, and connects to that: no second answer is asked for.

    TLS is on top of it, and is verified against the name of the URL, for which the connection pool
    sees to it.
    """

    def __init__(
        self,
        *,
        resolve: Resolve,
        allows: Callable[[Address], bool],
        network: httpcore2.AsyncNetworkBackend,
    ) -> None:
        self._resolve, self._allows, self._network = resolve, allows, network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the signature of httpcore2
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address that answers.

        Raises:
            ToolError: the name is not on the public internet.
        """
        import httpcore2

        addresses = checked(host, await self._resolve(host, port), self._allows)
        refusal: Exception | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                refusal = error
        raise ToolError(f"the host {host!r} does not answer on port {port}") from refusal

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109  the signature of httpcore2
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Refuse: no URL of the web leads to a socket of this machine."""
        raise ToolError(f"{path!r} is a socket of this machine")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._network.sleep(seconds)
