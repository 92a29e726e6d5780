"""The connection to an Ollama server; its vendor's exceptions end here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, cast

from ..errors import AgentCoreError, ConfigurationError, ModelNotFoundError
from ..values import JsonObject
from .failures import Failure, Origin, model_not_found, to_error
from .per_loop import PerLoop
from .reading import (
    Body,
    count_of,
    encode_body,
    names_of,
    object_of,
    parse_reply,
    retry_after_s,
    text_of,
)

if TYPE_CHECKING:
    import httpx
    from ollama import AsyncClient

__all__ = ["OllamaConnection"]

_CONNECT_S = 5.0
_JSON = {"Content-Type": "application/json"}
_START = "start it with `ollama serve`"


class OllamaConnection:
    """Posts JSON to an Ollama server. One object works from several event loops.

    Args:
        model: The model that is asked for, for errors.
        host: Where the server is; by default what `OLLAMA_HOST` says, or this machine.
        client: A client of the user's own. It is used as it is, and never closed.

    Raises:
        ConfigurationError: the options contradict each other.
    """

    def __init__(
        self, model: str, *, host: str | None, client: AsyncClient | None, timeout_s: float
    ) -> None:
        if not model.strip():
            raise ConfigurationError(f"model={model!r} is empty: write one, such as 'qwen3:4b'")
        if client is not None and host is not None:
            raise ConfigurationError("a client has its own address: pass either client or host")
        self.model = model
        self._host = host
        self._client = client
        self._timeout_s = timeout_s
        self._clients: PerLoop[AsyncClient] = PerLoop(self._open, _close)

    @property
    def name(self) -> str:
        """The model's name after `ollama:`."""
        return f"ollama:{self.model}"

    @property
    def origin(self) -> Origin:
        """Where answers come from, for errors. Needs a running event loop."""
        http = self._http
        return Origin(
            backend=self.name,
            address=str(http.base_url),
            key=http.headers.get("authorization", "").removeprefix("Bearer "),
            key_hint="set the environment variable OLLAMA_API_KEY",
            start=_START,
        )

    async def post(self, path: str, body: Body) -> JsonObject:
        """Return the object that is answered.

        Raises:
            LLMError: see the tree in `agentcore.errors`.
        """
        origin = self.origin
        async with self._explained():
            with _translated(origin):
                response = await self._http.post(path, content=encode_body(body), headers=_JSON)
            if response.is_error:
                raise _refusal(response, origin)
            return _checked(response.content, origin)

    async def get(self, path: str) -> JsonObject:
        """Return the object at a path.

        Raises:
            LLMError: see the tree in `agentcore.errors`.
        """
        origin = self.origin
        with _translated(origin):
            response = await self._http.get(path, timeout=_CONNECT_S)
        if response.is_error:
            raise _refusal(response, origin)
        return _checked(response.content, origin)

    async def stream(self, path: str, body: Body) -> AsyncGenerator[JsonObject]:
        """Yield the objects of a streamed answer.

        Raises:
            LLMError: see the tree in `agentcore.errors`.
        """
        origin = self.origin
        async with self._explained():
            with _translated(origin):
                content = encode_body(body)
                async with self._http.stream(
                    "POST", path, content=content, headers=_JSON
                ) as response:
                    if response.is_error:
                        await response.aread()
                        raise _refusal(response, origin)
                    rest = b""
                    # Not aiter_lines: that also ends a line at characters which JSON leaves in a
                    # text.
                    async for piece in response.aiter_bytes():
                        *lines, rest = (rest + piece).split(b"\n")
                        for line in lines:
                            yield _checked(line, origin)
                    if rest.strip():
                        yield _checked(rest, origin)

    async def aclose(self) -> None:
        """Close the connections. A client that was passed in stays open."""
        await self._clients.aclose()

    @asynccontextmanager
    async def _explained(self) -> AsyncGenerator[None]:
        """Say which models there are where the one that was asked for is not among them."""
        try:
            yield
        except ModelNotFoundError as error:
            known = await self._list_models()
            hint = f"Get it with `ollama pull {self.model}`."
            raise model_not_found(error, self.model, known, hint=hint) from error.__cause__

    async def _list_models(self) -> tuple[str, ...]:
        try:
            with _translated(self.origin):
                response = await self._http.get("/api/tags", timeout=_CONNECT_S)
        except AgentCoreError:
            return ()  # what is said about the model does not depend on it
        return names_of(response.content, items="models", name="name")

    @property
    def _http(self) -> httpx.AsyncClient:
        """The connection inside the client.

        The client's own methods are not used: its `chat` reads tools into a model of its own that
        drops what it does not know of JSON Schema (`anyOf`, `$ref`, nested properties), and drops
        the ids of calls.
        """
        return _http_of(self._client or self._clients.get())

    def _open(self) -> AsyncClient:
        import httpx
        from ollama import AsyncClient

        timeout = httpx.Timeout(self._timeout_s, connect=min(self._timeout_s, _CONNECT_S))
        return AsyncClient(host=self._host, timeout=timeout)


async def _close(client: AsyncClient) -> None:
    await _http_of(client).aclose()


def _http_of(client: AsyncClient) -> httpx.AsyncClient:
    # The attribute has no type of its own.
    return cast("httpx.AsyncClient", client._client)  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType]


@contextmanager
def _translated(origin: Origin) -> Generator[None]:
    """Turn what httpx raises inside into the errors of this library."""
    import httpx

    try:
        yield
    except httpx.ConnectError:
        # What httpx and its parts raise, one from the other, says no more, on a hundred lines.
        raise origin.refused() from None
    except httpx.TimeoutException:
        raise origin.timed_out() from None
    except httpx.HTTPError as error:
        raise origin.unavailable(f"the connection broke ({error!r})") from error


def _checked(content: bytes, origin: Origin) -> JsonObject:
    """Read one JSON object."""
    reply = parse_reply(content)
    if not isinstance(reply, dict):
        raise origin.not_an_answer(content.decode(errors="replace"))
    if reply.get("error"):
        status = count_of(reply.get("status")) or None
        raise to_error(Failure(message=text_of(reply["error"]), status=status), origin)
    return reply


def _refusal(response: httpx.Response, origin: Origin) -> AgentCoreError:
    said = text_of(object_of(parse_reply(response.content)).get("error"))
    return to_error(
        Failure(
            message=said or response.text[:200],
            status=response.status_code,
            retry_after_s=retry_after_s(response.headers),
        ),
        origin,
    )
