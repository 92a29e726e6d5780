"""respx for openai 3.x, which sends over httpcore2: `respx.mock(using="httpcore2")`."""

from __future__ import annotations

from respx.mocks import HTTPCoreMocker

__all__ = ["HTTPCore2Mocker"]


class HTTPCore2Mocker(HTTPCoreMocker):
    """Registers itself under its name."""

    name = "httpcore2"
    targets = [  # noqa: RUF012 - respx wants a list
        "httpcore2._sync.connection.HTTPConnection",
        "httpcore2._sync.connection_pool.ConnectionPool",
        "httpcore2._sync.http_proxy.HTTPProxy",
        "httpcore2._async.connection.AsyncHTTPConnection",
        "httpcore2._async.connection_pool.AsyncConnectionPool",
        "httpcore2._async.http_proxy.AsyncHTTPProxy",
    ]
