"""Pages of the web as readable text.

Safety: pages come through a `Fetcher`, by default one that reaches nothing but the public internet
(see `agentcore.fetching`); characters and seconds are bounded. What a page says is untrusted, and a
URL can carry out what the model knows: give private data and this tool to one agent only where that
is meant.
"""

from __future__ import annotations

import math
from email.message import Message

from ..action import ToolSet, tool
from ..action.threads import run_in_thread
from ..errors import ConfigurationError, MissingExtraError, ToolError
from ..fetching import WebFetcher
from ..interfaces import Fetcher

__all__ = ["WebPages"]

_MARKUP = frozenset({"text/html", "application/xhtml+xml"})
_TEXT = frozenset({"application/json", "application/xml", "application/x-ndjson"})


class WebPages(ToolSet):
    """A tool that reads pages of the web: `tools=[WebPages()]`. HTML needs the extra `web`.

    Args:
        fetcher: Brings the documents; None: a `WebFetcher`.
        max_chars: The most characters that the model is shown of a page at once.
        timeout_s: The most seconds of a fetch.

    Raises:
        ConfigurationError: a bound is not above 0.

    Example:
        >>> import asyncio
        >>> class Canned:
        ...     async def fetch(self, url, *, timeout_s=20.0): return b"hello", "text/plain"
        >>> asyncio.run(WebPages(Canned()).read_page("https://example.org"))
        'hello'
    """

    def __init__(
        self, fetcher: Fetcher | None = None, *, max_chars: int = 20_000, timeout_s: float = 20.0
    ) -> None:
        if max_chars < 1 or not 0 < timeout_s < math.inf:
            raise ConfigurationError(
                f"max_chars is {max_chars}, timeout_s {timeout_s}: both must be over 0"
            )
        self._fetcher = fetcher or WebFetcher()
        self._max_chars, self._timeout_s = max_chars, timeout_s

    @tool
    async def read_page(self, url: str, start: int = 0) -> str:
        """Read the text of a page of the web.

        Args:
            url: the whole address, with https://
            start: from which character of the text on; more than 0 to read on.

        Raises:
            ToolError: the address is refused, or there is no text to be had.
        """
        body, media_type = await self._fetcher.fetch(url, timeout_s=self._timeout_s)
        text = await run_in_thread(lambda: _readable(body, media_type))
        if not 0 <= start < len(text):
            raise ToolError(f"the text has {len(text)} characters, and start is {start}")
        end = start + self._max_chars
        more = f"\n(the page goes on; read it with start={end})" if end < len(text) else ""
        return f"{text[start:end]}{more}"


def _readable(body: bytes, media_type: str) -> str:
    """Return the text of a document.

    Raises:
        ToolError: it has none.
        MissingExtraError: trafilatura is not installed.
    """
    header = Message()
    header["Content-Type"] = media_type
    kind = header.get_content_type()
    charset = header.get_content_charset("utf-8")
    if kind in _MARKUP:
        text = _extract(body)
    elif kind.startswith("text/") or kind in _TEXT or kind.endswith(("+json", "+xml")):
        text = _decode(body, charset)
    else:
        raise ToolError(f"the document is {kind}, and has no text that can be read here")
    if not text.strip():
        raise ToolError("the page has no readable text; it may need a browser with scripts")
    return text


def _decode(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset, errors="replace")
    except LookupError:  # the server names a charset that there is not
        return body.decode(errors="replace")


def _extract(body: bytes) -> str:
    try:
        import trafilatura
    except ImportError as error:
        raise MissingExtraError("reading HTML", "pip install 'agentcore-framework[web]'") from error
    text = trafilatura.extract(
        body, output_format="markdown", include_links=True, include_tables=True
    )
    return text or ""
