"""The connection to a server with the OpenAI interface; its vendor's exceptions end here."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from copy import copy
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from ..errors import AgentCoreError, AuthenticationError, ConfigurationError
from ..values import JsonValue
from .failures import Origin
from .openai_client import JSON, OpenAIClient
from .openai_errors import translated
from .per_loop import PerLoop
from .presets import COMPATIBLE, OPENAI, Server
from .reading import names_of

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

__all__ = ["OpenAIConnection"]

_CONNECT_S = 5.0
_LISTING_S = 5.0
_NO_KEY = "no-key"
"""Sent to a server that needs no key: the client insists on one."""


class OpenAIConnection:
    """Posts JSON through the official client, so its retries, proxies and timeouts hold.

    One object works from several event loops.

    Args:
        model: The model that is asked for, for errors.
        server: What kind of server it is; by default OpenAI, or with a `base_url` any other.
        client: A client of the user's own. It is used as it is, and never closed.

    Raises:
        ConfigurationError: the options contradict each other.
    """

    def __init__(  # noqa: PLR0913 - each is one thing that users of the official client know
        self,
        model: str,
        *,
        server: Server | None,
        base_url: str | None,
        api_key: str | None,
        client: AsyncOpenAI | None,
        timeout_s: float,
        max_retries: int,
    ) -> None:
        if not model.strip():
            raise ConfigurationError(f"model={model!r} is empty: write one, such as 'gpt-5-mini'")
        if client is not None and (base_url is not None or api_key is not None):
            raise ConfigurationError(
                "a client has its own address and key: pass either client, or base_url and api_key"
            )
        if base_url is not None:
            _checked_address(base_url)
        self.model = model
        self.kind = server or (OPENAI if base_url is None else COMPATIBLE)
        self._base_url = base_url
        self._api_key = api_key
        self._given = None if client is None else OpenAIClient(client)
        self._timeout_s = timeout_s
        self._max_retries = max_retries
        self._clients: PerLoop[OpenAIClient] = PerLoop(self._open, OpenAIClient.aclose)

    @property
    def name(self) -> str:
        """The server's name and the model's, such as `openai:gpt-5-mini`."""
        return f"{self.kind.name}:{self.model}"

    @property
    def origin(self) -> Origin:
        """Where answers come from, for errors."""
        client = self._given.official if self._given else None
        return Origin(
            backend=self.name,
            address=self._address if client is None else str(client.base_url),
            key=self._key if client is None else client.api_key,
            key_hint=self._key_hint,
            start=self.kind.start,
        )

    async def post(self, path: str, body: bytes) -> bytes:
        """Return the body of the answer.

        Raises:
            LLMError: see the tree in `agentcore.errors`.
        """
        with translated(self.origin):
            return await self._client.post(path, body)

    async def stream(self, path: str, body: bytes) -> AsyncGenerator[JsonValue | bytes]:
        """Yield the chunks of a streamed answer; one that came in one piece is yielded as bytes.

        Raises:
            LLMError: see the tree in `agentcore.errors`.
        """
        from openai import AsyncStream

        with translated(self.origin):
            stream = await self._client.official.post(
                path,
                cast_to=object,
                content=body,
                options=JSON,
                stream=True,
                stream_cls=AsyncStream[object],
            )
            try:
                if _is_document(stream.response):
                    yield await stream.response.aread()
                    return
                async for chunk in stream:
                    yield cast("JsonValue", chunk)  # the client has just read it from JSON
            finally:
                await stream.close()

    async def list_models(self) -> tuple[str, ...]:
        """Return the names of the server's models; none where it does not say."""
        import httpx2

        try:
            with translated(self.origin):
                response = await self._client.official.get(
                    "/models",
                    cast_to=httpx2.Response,
                    options={"max_retries": 0, "timeout": _LISTING_S},
                )
        except AgentCoreError:
            return ()  # what is said about the model does not depend on it
        return names_of(response.content, items="data", name="id")

    def without_retries(self) -> OpenAIConnection:
        """A connection to the same server whose client tries once. It is closed on its own."""
        twin = copy(self)
        twin._max_retries = 0
        twin._clients = PerLoop(twin._open, OpenAIClient.aclose)
        return twin

    async def aclose(self) -> None:
        """Close the connections. A client that was passed in stays open."""
        await self._clients.aclose()

    @property
    def _client(self) -> OpenAIClient:
        return self._given or self._clients.get()

    def _open(self) -> OpenAIClient:
        import httpx2
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        timeout = httpx2.Timeout(self._timeout_s, connect=min(self._timeout_s, _CONNECT_S))
        http = DefaultAsyncHttpxClient(timeout=timeout)
        client = AsyncOpenAI(
            api_key=self._checked_key(),
            base_url=_checked_address(self._address),
            timeout=timeout,
            max_retries=self._max_retries,
            http_client=http,
        )
        if self.kind.name != OPENAI.name:
            # Read from OPENAI_ORG_ID and OPENAI_PROJECT_ID, and no other server's business.
            client.organization = client.project = None
        return OpenAIClient(client, http)

    @property
    def _address(self) -> str:
        return self._base_url or self.kind.address

    @property
    def _key(self) -> str:
        return (self._api_key or self.kind.key).strip()

    def _checked_key(self) -> str:
        key = self._key
        if not key and self.kind.needs_key:
            raise AuthenticationError(
                f"{self.name} has no key: {self._key_hint}", backend=self.name
            )
        if not (key.isascii() and key.isprintable()):
            raise AuthenticationError(
                f"the key of {self.name} holds characters that no key has: paste it again",
                backend=self.name,
            )
        return key or _NO_KEY

    @property
    def _key_hint(self) -> str:
        if self._given is not None:
            return "look at the key of the client that was passed in"
        if not self.kind.key_env:
            return "pass api_key="
        return f"set the environment variable {self.kind.key_env}, or pass api_key="


def _is_document(response: httpx2.Response) -> bool:
    """Whether a server answered a request for a stream in one piece, or with a page."""
    media_type = response.headers.get("content-type", "")
    return "json" in media_type or "html" in media_type


def _checked_address(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(
            f"base_url={address!r} is no address: write one such as 'http://localhost:8000/v1'"
        )
    return address
