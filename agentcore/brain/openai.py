"""Models behind the OpenAI API, and behind every server that speaks its chat completions."""

from __future__ import annotations

from contextlib import aclosing
from copy import copy
from typing import TYPE_CHECKING

from ..completions import Abilities, Completion, LLMRequest
from ..errors import ModelNotFoundError
from ..interfaces import DeltaSink
from ..servers.failures import model_not_found
from ..servers.openai import OpenAIConnection
from ..servers.presets import Server
from .checks import check_logprobs, check_request
from .deltas import deliver
from .openai_reply import StreamedReply, checked_reply, to_completion
from .openai_wire import to_payload

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["OpenAILLM"]

_PATH = "/chat/completions"


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
        max_retries: How often the client tries again before an error is raised. Give 0 to one that
            is handed to `Retrying` or `RateLimited`: each attempt would be up to three requests.

    Raises:
        ConfigurationError: the options contradict each other. A missing key is an
            `AuthenticationError`, but only when the model is first asked.

    Example:
        >>> from agentcore.servers.presets import VLLM
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
        self._server = OpenAIConnection(
            model,
            server=server,
            base_url=base_url,
            api_key=api_key,
            client=client,
            timeout_s=timeout_s,
            max_retries=max_retries,
        )
        self._abilities = abilities or self._server.kind.abilities

    def __repr__(self) -> str:
        server = self._server
        place = server.origin.place
        return f"OpenAILLM({server.model!r}, server={server.kind.name!r}, base_url={place!r})"

    @property
    def name(self) -> str:
        """The server's name and the model's, such as `openai:gpt-5-mini`."""
        return self._server.name

    @property
    def abilities(self) -> Abilities:
        """What the server takes; what the model can do on top of it is not asked."""
        return self._abilities

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request.

        Raises:
            ConfigurationError: the request asks for what `abilities` do not hold.
            LLMError: see the tree in `agentcore.errors`.
        """
        server = self._server
        check_request(request, self.abilities, backend=self.name)
        is_streamed = on_delta is not None and server.kind.streams
        body = to_payload(request, model=server.model, server=server.kind, stream=is_streamed)
        try:
            if on_delta is not None and is_streamed:
                completion = await self._stream(body, on_delta)
            else:
                reply = checked_reply(await server.post(_PATH, body), server.origin)
                completion = to_completion(reply)
                if on_delta is not None:
                    await deliver(completion, on_delta)
        except ModelNotFoundError as error:
            known = await server.list_models()
            hint = "" if known else "Does the base_url lack its /v1?"
            raise model_not_found(error, server.model, known, hint=hint) from error.__cause__
        check_logprobs(request.sampling, completion, backend=self.name)
        return completion

    def without_retries(self) -> OpenAILLM:
        """A copy whose client tries once: for what tries again itself. It is closed on its own."""
        twin = copy(self)
        twin._server = self._server.without_retries()
        return twin

    def payload(self, request: LLMRequest) -> bytes:
        """Return the body that is sent where nobody listens to a stream."""
        return to_payload(request, model=self._server.model, server=self._server.kind)

    async def aclose(self) -> None:
        """Close the connections. A client that was passed in stays open."""
        await self._server.aclose()

    async def _stream(self, body: bytes, on_delta: DeltaSink) -> Completion:
        server, reply = self._server, StreamedReply()
        async with aclosing(server.stream(_PATH, body)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, bytes):
                    chunk = checked_reply(chunk, server.origin)  # noqa: PLW2901  from now on a chunk
                for delta in reply.add(chunk):
                    await on_delta(delta)
        for delta in reply.end():
            await on_delta(delta)
        if not reply.is_finished:
            raise server.origin.unavailable("the stream ended before the answer did")
        return to_completion(reply.to_reply())
