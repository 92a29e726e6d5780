"""Models that Ollama runs, over its native chat."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from ..completions import Abilities, Completion, LLMRequest
from ..errors import ConfigurationError
from ..interfaces import DeltaSink
from ..servers.ollama import OllamaConnection
from ..servers.reading import Body, encode_body
from .checks import check_logprobs, check_request
from .ollama_wire import ModelFacts, StreamedChat, to_body, to_completion, to_facts

if TYPE_CHECKING:
    from ollama import AsyncClient

__all__ = ["OllamaLLM"]

_MOST_CONTEXT_TOKENS = 16_384


class OllamaLLM:
    """A model that an Ollama server runs. One object works from several event loops.

    Before the first answer, or by `probe`, the server is asked once what the model can do. Until
    then `abilities` says what is usual: tools and JSON Schema, no images.

    A model that can think does so, and its thinking is kept apart from the answer; under a schema
    it answers at once, because servers lose the answer or the schema where both are asked for.
    `think` decides otherwise.

    The window is set with every request, because Ollama's own default is small: to the window that
    the model was trained for, but at most `context_tokens`. Where the server does not know it, it
    is set to `context_tokens` if that was given, and else left to the server. A conversation that
    does not fit is a `ContextLengthError`; Ollama itself would drop its beginning in silence.

    Args:
        model: The model's name, with its tag, such as `qwen3:4b`.
        host: Where the server is; by default what `OLLAMA_HOST` says, or this machine.
        client: A client of your own. It is used as it is, and never closed.
        keep_alive: How long the model stays in memory after a call: seconds, or text such as `10m`.
        context_tokens: The most tokens of the window, input and output together; by default what
            the model's Modelfile sets as `num_ctx`, or 16,384, because memory grows with the
            window.
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
        if context_tokens is not None and context_tokens < 1:
            raise ConfigurationError(f"context_tokens={context_tokens} must be at least 1")
        self._server = OllamaConnection(model, host=host, client=client, timeout_s=timeout_s)
        self._keep_alive = keep_alive
        self._think = think
        self._context_tokens = context_tokens
        self._facts: ModelFacts | None = None

    def __repr__(self) -> str:
        return f"OllamaLLM({self._server.model!r})"

    @property
    def name(self) -> str:
        """The model's name after `ollama:`."""
        return self._server.name

    @property
    def abilities(self) -> Abilities:
        """What the model can do; before the first answer what is usual."""
        return (self._facts or ModelFacts()).abilities(self._window)

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request.

        Raises:
            ConfigurationError: the request asks for what the model cannot do, an image is given by
                its address only, or the server is too old for log-probabilities.
            LLMError: see the tree in `agentcore.errors`.
        """
        await self.probe()
        self._check(request)
        body = self._body(request, stream=on_delta is not None)
        if on_delta is None:
            completion = await self._ask(body)
        else:
            completion = await self._stream(body, on_delta)
        check_logprobs(request.sampling, completion, backend=self.name)
        return completion

    async def probe(self) -> Abilities:
        """Ask the server what the model can do; once."""
        if self._facts is None:
            reply = await self._server.post("/api/show", {"model": self._server.model})
            self._facts = to_facts(reply)
        return self.abilities

    def payload(self, request: LLMRequest) -> bytes:
        """Return the body that is sent where nobody listens to a stream."""
        return encode_body(self._body(request, stream=False))

    async def aclose(self) -> None:
        """Close the connections. A client that was passed in stays open."""
        await self._server.aclose()

    @property
    def _window(self) -> int | None:
        facts = self._facts or ModelFacts()
        wanted = self._context_tokens or facts.configured_tokens
        if facts.context_tokens is None:
            return wanted
        return min(facts.context_tokens, wanted or _MOST_CONTEXT_TOKENS)

    def _body(self, request: LLMRequest, *, stream: bool) -> Body:
        body = to_body(request, model=self._server.model, window=self._window, stream=stream)
        think = self._think
        if think is None and self._facts is not None and self._facts.can_think:
            think = request.output_schema is None
        extras = {"keep_alive": self._keep_alive, "think": think}
        return body | {name: value for name, value in extras.items() if value is not None}

    def _check(self, request: LLMRequest) -> None:
        """Refuse what the server said that the model cannot do."""
        facts = self._facts or ModelFacts()
        abilities = self.abilities
        if facts.capabilities is None:  # an old server: the request itself has to tell
            abilities = abilities.model_copy(update={"images": True})
        check_request(request, abilities, backend=self.name)
        if self._think and facts.can_think is False:
            raise ConfigurationError(
                f"{self.name} cannot think, and think={self._think!r} asks for it: leave it out"
            )

    async def _ask(self, body: Body) -> Completion:
        reply = await self._server.post("/api/chat", body)
        if not isinstance(reply.get("message"), dict):
            raise self._server.origin.not_an_answer(str(reply))
        return to_completion(reply)

    async def _stream(self, body: Body, on_delta: DeltaSink) -> Completion:
        chat = StreamedChat()
        async with aclosing(self._server.stream("/api/chat", body)) as parts:
            async for part in parts:
                for delta in chat.add(part):
                    await on_delta(delta)
        for delta in chat.end():
            await on_delta(delta)
        if not chat.is_finished:
            raise self._server.origin.unavailable("the stream ended before the answer did")
        return to_completion(chat.to_reply())
