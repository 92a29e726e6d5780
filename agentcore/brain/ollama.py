"""Models that Ollama runs, over its native chat."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, cast

from ..completions import Abilities, Completion, LLMRequest
from ..errors import AgentCoreError, ConfigurationError, ModelNotFoundError
from ..interfaces import DeltaSink
from ..values import JsonObject
from .checks import check_logprobs, check_sampling
from .failures import Failure, Origin, model_not_found, to_error
from .ollama_wire import (
    ModelFacts,
    StreamedChat,
    to_body,
    to_completion,
    to_facts,
    to_model_names,
)
from .per_loop import PerLoop
from .wire import Body, object_of, parse_reply, text_of

if TYPE_CHECKING:
    import httpx
    from ollama import AsyncClient

__all__ = ["OllamaLLM"]

_CONNECT_S = 5.0
_MOST_CONTEXT_TOKENS = 16_384
_START = "start it with `ollama serve`"


class OllamaLLM:
    """A model that an Ollama server runs. One object works from several event loops.

    Before the first answer, or by `probe`, the server is asked once what the model can do. Until
    then `abilities` says what is usual: tools and JSON Schema, no images.

    The window is set with every request, because Ollama's own default is small: to the window that
    the model was trained for, but at most `context_tokens`. Where the server does not know it, it
    is set to `context_tokens` if that was given, and else left to the server. A conversation that
    does not fit is a `ContextLengthError`; Ollama itself would drop its beginning in silence.

    Args:
        model: The model's name, with its tag, such as `qwen3:4b`.
        host: Where the server is; by default what `OLLAMA_HOST` says, or this machine.
        client: A client of your own. It is used as it is, and never closed.
        keep_alive: How long the model stays in memory after a call: seconds, or text such as `10m`.
        context_tokens: The most tokens of the window, input and output together; by default 16,384,
            because memory grows with the window.
        think: Whether, or how hard (`low`, `medium`, `high`), a model thinks that can.
        timeout_s: Seconds until the answer begins, and between two pieces of it; loading the model
            counts.

    Raises:
        ConfigurationError: the options contradict each other.
    """

    def __init__(  # noqa: PLR0913 - each is one thing that users of Ollama know
        self,
        model: str,
        *,
        host: str | None = None,
        client: AsyncClient | None = None,
        keep_alive: float | str | None = None,
        context_tokens: int | None = None,
        think: bool | str | None = None,
        timeout_s: float = 600.0,
    ) -> None:
        if not model.strip():
            raise ConfigurationError(f"model={model!r} is empty: write one, such as 'qwen3:4b'")
        if client is not None and host is not None:
            raise ConfigurationError("a client has its own address: pass either client or host")
        if context_tokens is not None and context_tokens < 1:
            raise ConfigurationError(f"context_tokens={context_tokens} must be at least 1")
        self._model = model
        self._host = host
        self._client = client
        self._extras = {
            name: value
            for name, value in (("keep_alive", keep_alive), ("think", think))
            if value is not None
        }
        self._context_tokens = context_tokens
        self._timeout_s = timeout_s
        self._facts: ModelFacts | None = None
        self._clients: PerLoop[AsyncClient] = PerLoop(self._open, _close)

    def __repr__(self) -> str:
        return f"OllamaLLM({self._model!r})"

    @property
    def name(self) -> str:
        """The model's name after `ollama:`."""
        return f"ollama:{self._model}"

    @property
    def abilities(self) -> Abilities:
        """What the model can do; before the first answer what is usual."""
        return (self._facts or ModelFacts()).abilities(self._window)

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request.

        Raises:
            ConfigurationError: an image is given by its address only, or the server is too old for
                log-probabilities.
            LLMError: see the tree in `agentcore.errors`.
        """
        check_sampling(request.sampling, self.abilities, backend=self.name)
        http = _http_of(self._client or self._clients.get())
        async with self._explained(http):
            await self._learn(http)
            body = self._body(request, stream=on_delta is not None)
            if on_delta is None:
                completion = await self._ask(http, body)
            else:
                completion = await self._stream(http, body, on_delta)
        check_logprobs(request.sampling, completion, backend=self.name)
        return completion

    async def probe(self) -> Abilities:
        """Ask the server what the model can do; once."""
        http = _http_of(self._client or self._clients.get())
        async with self._explained(http):
            await self._learn(http)
        return self.abilities

    async def aclose(self) -> None:
        """Close the connections. A client that was passed in stays open."""
        await self._clients.aclose()

    @property
    def _window(self) -> int | None:
        trained = self._facts.context_tokens if self._facts else None
        if trained is None:
            return self._context_tokens
        return min(trained, self._context_tokens or _MOST_CONTEXT_TOKENS)

    def _body(self, request: LLMRequest, *, stream: bool) -> Body:
        body = to_body(request, model=self._model, window=self._window, stream=stream)
        return body | self._extras

    async def _learn(self, http: httpx.AsyncClient) -> None:
        if self._facts is None:
            self._facts = to_facts(await self._post(http, "/api/show", {"model": self._model}))

    @asynccontextmanager
    async def _explained(self, http: httpx.AsyncClient) -> AsyncGenerator[None]:
        """Say which models there are where the one that was asked for is not among them."""
        try:
            yield
        except ModelNotFoundError as error:
            known = await self._list_models(http)
            hint = f"Get it with `ollama pull {self._model}`."
            raise model_not_found(error, self._model, known, hint=hint) from error.__cause__

    async def _ask(self, http: httpx.AsyncClient, body: Body) -> Completion:
        reply = await self._post(http, "/api/chat", body)
        if not isinstance(reply.get("message"), dict):
            raise self._origin(http).not_an_answer(str(reply))
        return to_completion(reply)

    async def _stream(self, http: httpx.AsyncClient, body: Body, on_delta: DeltaSink) -> Completion:
        chat = StreamedChat()
        async with aclosing(self._lines(http, body)) as lines:
            async for line in lines:
                for delta in chat.add(line):
                    await on_delta(delta)
        for delta in chat.end():
            await on_delta(delta)
        if not chat.is_finished:
            raise self._origin(http).unavailable("the stream ended before the answer did")
        return to_completion(chat.to_reply())

    async def _lines(self, http: httpx.AsyncClient, body: Body) -> AsyncGenerator[JsonObject]:
        origin = self._origin(http)
        with _translated(origin):
            async with http.stream("POST", "/api/chat", json=body) as response:
                if response.is_error:
                    await response.aread()
                    raise _refusal(response, origin)
                rest = b""
                # Not aiter_lines: that also ends a line at characters which JSON leaves in a text.
                async for piece in response.aiter_bytes():
                    *lines, rest = (rest + piece).split(b"\n")
                    for line in lines:
                        yield _checked(line, origin)
                if rest.strip():
                    yield _checked(rest, origin)

    async def _post(self, http: httpx.AsyncClient, path: str, body: Body) -> JsonObject:
        origin = self._origin(http)
        with _translated(origin):
            response = await http.post(path, json=body)
        if response.is_error:
            raise _refusal(response, origin)
        return _checked(response.content, origin)

    async def _list_models(self, http: httpx.AsyncClient) -> tuple[str, ...]:
        origin = self._origin(http)
        try:
            with _translated(origin):
                response = await http.get("/api/tags", timeout=_CONNECT_S)
        except AgentCoreError:
            return ()  # what is said about the model does not depend on it
        return to_model_names(object_of(parse_reply(response.content)))

    def _open(self) -> AsyncClient:
        import httpx
        from ollama import AsyncClient

        timeout = httpx.Timeout(self._timeout_s, connect=min(self._timeout_s, _CONNECT_S))
        return AsyncClient(host=self._host, timeout=timeout)

    def _origin(self, http: httpx.AsyncClient) -> Origin:
        return Origin(
            backend=self.name,
            address=str(http.base_url),
            key=http.headers.get("authorization", "").removeprefix("Bearer "),
            key_hint="set the environment variable OLLAMA_API_KEY",
            start=_START,
        )


async def _close(client: AsyncClient) -> None:
    await _http_of(client).aclose()


def _http_of(client: AsyncClient) -> httpx.AsyncClient:
    """The connection inside the client.

    Its `chat` is not used: it reads tools into a model of its own that drops what it does not know
    of JSON Schema (`anyOf`, `$ref`, nested properties), and drops the ids of calls.
    """
    # The attribute has no type of its own.
    return cast("httpx.AsyncClient", client._client)  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType]


@contextmanager
def _translated(origin: Origin) -> Generator[None]:
    """Turn what httpx raises inside into the errors of this library."""
    import httpx

    try:
        yield
    except httpx.ConnectError as error:
        raise origin.refused() from error
    except httpx.TimeoutException as error:
        raise origin.timed_out() from error
    except httpx.HTTPError as error:
        raise origin.unavailable(f"the connection broke ({error!r})") from error


def _checked(content: bytes, origin: Origin) -> JsonObject:
    """Read one JSON object."""
    reply = parse_reply(content)
    if not isinstance(reply, dict):
        raise origin.not_an_answer(content.decode(errors="replace"))
    if reply.get("error"):
        raise to_error(Failure(message=text_of(reply["error"])), origin)
    return reply


def _refusal(response: httpx.Response, origin: Origin) -> AgentCoreError:
    said = text_of(object_of(parse_reply(response.content)).get("error"))
    retry_after = response.headers.get("retry-after", "")
    return to_error(
        Failure(
            message=said or response.text[:200],
            status=response.status_code,
            retry_after_s=float(retry_after) if retry_after.isdecimal() else None,
        ),
        origin,
    )
