"""Fetches documents of the public web.

Safety: the addresses of a host are checked after they are resolved, for each redirect anew, and the
connection goes to the address that was checked; TLS is verified against the name. So no name, no
odd way to write an address, no redirect, and no DNS that answers otherwise the second time leads
into a private network. No cookie, no credential and no proxy is used, and nothing is
kept from one request for the next. Bytes and seconds are bounded.
"""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import Callable, Collection
from functools import cached_property
from typing import TYPE_CHECKING, cast

from ..errors import ConfigurationError, ToolError, ToolTimeoutError
from .addresses import Address, Resolve, is_public, resolve

if TYPE_CHECKING:
    import httpcore2
    import httpx2

__all__ = ["WebFetcher"]

_MOST_CHARS = 4_000
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FAILED = 400


class WebFetcher:
    """A `Fetcher` of `http` and `https` documents. It keeps nothing: runs and loops may share it.

    Args:
        max_bytes: The most bytes of a document, compressed or not.
        ports: Those that a URL may name.
        allows: Which addresses may be reached; another function than `is_public` may let a model
            into your own network.
        resolve: Finds the addresses of a name.
        network: Connects; None: through sockets.

    Raises:
        ConfigurationError: `max_bytes` is not above 0.
    """

    def __init__(
        self,
        *,
        max_bytes: int = 5_000_000,
        ports: Collection[int] = (80, 443, 8080, 8443),
        allows: Callable[[Address], bool] = is_public,
        resolve: Resolve = resolve,
        network: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        if max_bytes < 1:
            raise ConfigurationError(f"max_bytes is {max_bytes}, and must be over 0")
        self._max_bytes, self._ports = max_bytes, frozenset(ports)
        self._allows, self._resolve, self._network = allows, resolve, network

    async def fetch(self, url: str, *, timeout_s: float = 20.0) -> tuple[bytes, str]:
        """Return the body, unpacked, and its media type with its parameters, in lower case.

        Args:
            url: absolute.
            timeout_s: for all of it, redirects too.

        Raises:
            ToolTimeoutError: it took longer.
            ToolError: the URL is refused, or the document cannot be had.
            ConfigurationError: `timeout_s` is not above 0.
        """
        import httpcore2

        if not 0 < timeout_s < math.inf:
            raise ConfigurationError(f"timeout_s is {timeout_s}, and must be over 0")
        deadline = asyncio.timeout(timeout_s)
        try:
            async with deadline:
                return await self._follow(url)
        except TimeoutError as error:
            raise ToolTimeoutError(f"{url} did not answer within {timeout_s:g} s") from error
        except (
            httpcore2.NetworkError,
            httpcore2.ProtocolError,
            httpcore2.TimeoutException,
            httpcore2.UnsupportedProtocol,
        ) as error:
            raise ToolError(f"{url} cannot be fetched: {error or type(error).__name__}") from error

    async def _follow(self, url: str) -> tuple[bytes, str]:
        import httpx2

        target = self._checked(httpx2.URL(), url)
        for _ in range(_MOST_REDIRECTS + 1):
            answer = await self._ask(target)
            if isinstance(answer, tuple):
                return answer
            target = self._checked(target, answer)
        raise ToolError(
            f"{url} leads from one address to the next more than {_MOST_REDIRECTS} times"
        )

    async def _ask(self, target: httpx2.URL) -> tuple[bytes, str] | str:
        """Return body and media type, or where the document is instead."""
        import httpcore2

        from .body import ACCEPTED, read_body

        headers = [
            (b"Host", target.netloc),
            (b"Accept", b"text/html, text/*;q=0.9, application/json;q=0.9, */*;q=0.5"),
            (b"Accept-Encoding", ACCEPTED),
            (b"User-Agent", b"Mozilla/5.0 (compatible; agentcore)"),
        ]
        place = httpcore2.URL(
            scheme=target.raw_scheme,
            host=target.raw_host,
            port=target.port,
            target=target.raw_path,
        )
        async with (
            self._pool(target.scheme) as pool,
            pool.stream("GET", place, headers=headers) as response,
        ):
            got = {name.lower(): value.decode("latin-1") for name, value in response.headers}
            if response.status in _REDIRECTS and b"location" in got:
                return got[b"location"]
            if response.status >= _FAILED:
                raise ToolError(f"{target} answered with status {response.status}")
            body = await read_body(
                response.aiter_stream(),
                encoding=got.get(b"content-encoding", ""),
                max_bytes=self._max_bytes,
            )
        return body, got.get(b"content-type", "application/octet-stream").lower()

    def _checked(self, base: httpx2.URL, url: str) -> httpx2.URL:
        """Read a URL, seen from another.

        Whom it leads to is not checked here, but where the connection is made.
        """
        import httpx2

        if len(url) > _MOST_CHARS:
            raise ToolError(f"the URL has {len(url)} characters, and {_MOST_CHARS} are the most")
        try:
            target = base.join(url)
        except (httpx2.InvalidURL, ValueError) as error:
            raise ToolError(f"{url!r} is no URL: {error}") from error
        if target.scheme not in {"http", "https"} or not target.host:
            raise ToolError(f"{url!r} is no address of the web; it begins with https:// and a host")
        if target.userinfo:
            raise ToolError("a URL with a user name or a password in it is not fetched")
        port = target.port or (443 if target.scheme == "https" else 80)
        if port not in self._ports:
            raise ToolError(f"port {port} is not one of {', '.join(map(str, sorted(self._ports)))}")
        return target

    def _pool(self, scheme: str) -> httpcore2.AsyncConnectionPool:
        """Make a pool for one request."""
        import httpcore2

        from .backend import CheckedBackend

        # The cast: httpcore2 declares a second class of this name, for where anyio is missing.
        network = self._network or cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())
        backend = CheckedBackend(resolve=self._resolve, allows=self._allows, network=network)
        return httpcore2.AsyncConnectionPool(
            # Who is trusted takes long to load; the other trusts nobody.
            ssl_context=self._trusting
            if scheme == "https"
            else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            network_backend=cast("httpcore2.AsyncNetworkBackend", backend),  # it has its methods
        )

    @cached_property
    def _trusting(self) -> ssl.SSLContext:
        import httpx2

        return httpx2.create_ssl_context()
