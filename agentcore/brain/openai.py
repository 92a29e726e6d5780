"""Models behind the OpenAI API, and behind every server that speaks its chat completions."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from ..completions import Abilities, Completion, LLMRequest, TextDelta
from ..errors import (
    AgentCoreError,
    AuthenticationError,
    ConfigurationError,
    ModelNotFoundError,
)
from ..interfaces import DeltaSink
from ..values import JsonValue
from .checks import check_logprobs, check_sampling
from .failures import Origin, model_not_found
from .openai_errors import checked_reply, translated
from .openai_reply import StreamedReply, to_completion, to_model_names
from .openai_wire import to_payload
from .per_loop import PerLoop
from .presets import COMPATIBLE, OPENAI, Server

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI, RequestOptions

__all__ = ["OpenAILLM"]

_PATH = "/chat/completions"
_JSON: RequestOptions = {"headers": {"Content-Type": "application/json"}}
_CONNECT_S = 5.0
_LISTING_S = 5.0
_NO_KEY = "no-key"
"""Sent to a server that needs no key: the client insists on one."""


class OpenAILLM:
    """A model behind an OpenAI-compatible API.

    It sends chat completions through the official client, so its retries, proxies and timeouts
    hold. One object works from several event loops.

    Args:
        model: The model's name on the server.
        base_url: Where the server is; by default where `server` listens.
        api_key: By default what the server's environment variable holds.
        client: A client of your own. It is used as it is, and never closed.
        server: What kind of server it is. By default OpenAI itself; with a `base_url` a server of
            which nothing is known, which is sent no key from the environment.
        abilities: What the model can do, where you know better than `server`.
        timeout_s: Seconds until the answer begins, and between two pieces of it.
        max_retries: How often the client tries again before an error is raised.

    Raises:
        ConfigurationError: the options contradict each other. A missing key is an
            `AuthenticationError`, but only when the model is first asked.

    Example:
        >>> from agentcore.brain.presets import VLLM
        >>> OpenAILLM("qwen3", server=VLLM).name
        'vllm:qwen3'
    """

    def __init__(  # noqa: PLR0913 - each is one thing that users of the official client know
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        client: AsyncOpenAI | None = None,
        server: Server | None = None,
        abilities: Abilities | None = None,
        timeout_s: float = 600.0,
        max_retries: int = 2,
    ) -> None:
        if not model.strip():
            raise ConfigurationError(f"model={model!r} is empty: write one, such as 'gpt-5-mini'")
        if client is not None and (base_url is not None or api_key is not None):
            raise ConfigurationError(
                "a client has its own address and key: pass either client, or base_url and api_key"
            )
        if base_url is not None:
            _checked_address(base_url)
        self._model = model
        self._base_url = base_url
        self._api_key = api_key
        self._client = client
        self._server = server or (OPENAI if base_url is None else COMPATIBLE)
        self._abilities = abilities or self._server.abilities
        self._timeout_s = timeout_s
        self._max_retries = max_retries
        self._clients: PerLoop[AsyncOpenAI] = PerLoop(self._open, _close)

    def __repr__(self) -> str:
        place = self._origin().place
        return f"OpenAILLM({self._model!r}, server={self._server.name!r}, base_url={place!r})"

    @property
    def name(self) -> str:
        """The server's name and the model's, such as `openai:gpt-5-mini`."""
        return f"{self._server.name}:{self._model}"

    @property
    def abilities(self) -> Abilities:
        """What the server takes; what the model can do on top of it is not asked."""
        return self._abilities

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request.

        Raises:
            ConfigurationError: the sampling holds what the server does not support.
            LLMError: see the tree in `agentcore.errors`.
        """
        check_sampling(request.sampling, self.abilities, backend=self.name)
        is_streamed = on_delta is not None and self._server.streams
        body = to_payload(request, model=self._model, server=self._server, stream=is_streamed)
        client = self._client or self._clients.get()
        try:
            if on_delta is not None and is_streamed:
                completion = await self._stream(client, body, on_delta)
            else:
                completion = await self._ask(client, body)
                if on_delta is not None:
                    await _deliver(completion, on_delta)
        except ModelNotFoundError as error:
            known = await self._list_models(client)
            hint = "" if known else "Does the base_url lack its /v1?"
            raise model_not_found(error, self._model, known, hint=hint) from error.__cause__
        check_logprobs(request.sampling, completion, backend=self.name)
        return completion

    async def aclose(self) -> None:
        """Close the connections. A client that was passed in stays open."""
        await self._clients.aclose()

    async def _ask(self, client: AsyncOpenAI, body: bytes) -> Completion:
        import httpx2

        origin = self._origin()
        with translated(origin):
            # Not client.chat.completions.create: that walks the whole history, and costs double.
            response = await client.post(
                _PATH, cast_to=httpx2.Response, content=body, options=_JSON
            )
        return to_completion(checked_reply(response.content, origin))

    async def _stream(self, client: AsyncOpenAI, body: bytes, on_delta: DeltaSink) -> Completion:
        reply = StreamedReply()
        async with aclosing(self._chunks(client, body)) as chunks:
            async for chunk in chunks:
                for delta in reply.add(chunk):
                    await on_delta(delta)
        for delta in reply.end():
            await on_delta(delta)
        if not reply.is_finished:
            raise self._origin().unavailable("the stream ended before the answer did")
        return to_completion(reply.to_reply())

    async def _chunks(self, client: AsyncOpenAI, body: bytes) -> AsyncGenerator[JsonValue]:
        from openai import AsyncStream

        origin = self._origin()
        with translated(origin):
            stream = await client.post(
                _PATH,
                cast_to=object,
                content=body,
                options=_JSON,
                stream=True,
                stream_cls=AsyncStream[object],
            )
            try:
                if _is_document(stream.response):
                    yield checked_reply(await stream.response.aread(), origin)
                    return
                async for chunk in stream:
                    yield cast("JsonValue", chunk)  # the client has just read it from JSON
            finally:
                await stream.close()

    async def _list_models(self, client: AsyncOpenAI) -> tuple[str, ...]:
        import httpx2

        try:
            with translated(self._origin()):
                response = await client.get(
                    "/models",
                    cast_to=httpx2.Response,
                    options={"max_retries": 0, "timeout": _LISTING_S},
                )
        except AgentCoreError:
            return ()  # what is said about the model does not depend on it
        return to_model_names(response.content)

    def _open(self) -> AsyncOpenAI:
        import httpx2
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        timeout = httpx2.Timeout(self._timeout_s, connect=min(self._timeout_s, _CONNECT_S))
        client = AsyncOpenAI(
            api_key=self._checked_key(),
            base_url=_checked_address(self._address),
            timeout=timeout,
            max_retries=self._max_retries,
            http_client=DefaultAsyncHttpxClient(timeout=timeout),
        )
        if self._server.name != OPENAI.name:
            # Read from OPENAI_ORG_ID and OPENAI_PROJECT_ID, and no other server's business.
            client.organization = client.project = None
        return client

    @property
    def _address(self) -> str:
        return self._base_url or self._server.address

    @property
    def _key(self) -> str:
        return (self._api_key or self._server.key).strip()

    def _checked_key(self) -> str:
        key = self._key
        if not key and self._server.needs_key:
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
        if self._client is not None:
            return "look at the key of the client that was passed in"
        if not self._server.key_env:
            return "pass api_key="
        return f"set the environment variable {self._server.key_env}, or pass api_key="

    def _origin(self) -> Origin:
        client = self._client
        return Origin(
            backend=self.name,
            address=self._address if client is None else str(client.base_url),
            key=self._key if client is None else client.api_key,
            key_hint=self._key_hint,
            start=self._server.start,
        )


async def _close(client: AsyncOpenAI) -> None:
    await client.close()


async def _deliver(completion: Completion, on_delta: DeltaSink) -> None:
    """Hand over an answer that came in one piece."""
    if completion.message.thinking:
        await on_delta(TextDelta(text=completion.message.thinking, thinking=True))
    if completion.text:
        await on_delta(TextDelta(text=completion.text))


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
