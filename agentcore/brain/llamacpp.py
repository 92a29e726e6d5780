"""Models inside the process, through llama.cpp: no server to start, no network."""

from __future__ import annotations

import asyncio
import json
import os
import weakref
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path

from ..completions import Abilities, Completion, LLMRequest
from ..errors import ConfigurationError, LLMError, MissingExtraError
from ..interfaces import DeltaSink
from ..servers.reading import Body
from ..values import JsonObject
from .checks import check_logprobs
from .gguf import PACKAGED, control_tokens, find_model, trained_context
from .llamacpp_engine import NATIVE_ERRORS, Engine, load_server
from .llamacpp_wire import (
    check_request,
    refusal,
    to_native_body,
    window_for,
    without_alternatives,
)
from .openai_reply import StreamedReply, to_completion

__all__ = ["LlamaCppLLM"]

_INSTALL = 'pip install "agentcore-framework[local]"'


class LlamaCppLLM:
    """A model in a GGUF file, run inside the process by llama.cpp.

    The file is loaded at the first call; the binding holds Python's lock meanwhile, so the whole
    program stands still for half a second (a small model) or some seconds. After that the event
    loop goes on while the model writes. llama.cpp is not re-entrant: one object has one thread,
    and answers calls in the order in which they came, from any number of event loops. Cancelling a
    call frees the thread within a token, or within 128 tokens of the prompt.

    Small models sometimes write on and on: without `max_tokens` an answer ends after
    `output_tokens`, or where the window is full. Log-probabilities are those of
    the model before a schema constrains it; a character of several tokens has only its last one.
    Of a schema's `pattern`, only plain anchored ones constrain the answer.

    Args:
        model: The path of a GGUF file, or `"smollm2"`: a small one with a package of its own.
        context_tokens: Tokens of input and output together; memory is set aside for them. Rounded
            up to a multiple of 256, and no more than the model was trained for.
        native_tools: Whether the model was trained to call tools. Small ones were not, whatever
            their chat template says; they act through a schema instead.
        output_tokens: The most that an answer may be long whose sampling names no `max_tokens`.
        threads: By default half as many as there are processors: where they have to share one with
            other work, llama.cpp gets many times slower.

    Raises:
        MissingExtraError: xllamacpp, or the package of `"smollm2"`, is not installed.
        ConfigurationError: there is no such file, or it is no GGUF file.

    Example:
        >>> LlamaCppLLM("smollm2").name  # doctest: +SKIP
        'local:smollm2'
    """

    def __init__(
        self,
        model: str | Path,
        *,
        context_tokens: int = 8192,
        native_tools: bool = False,
        output_tokens: int = 512,
        threads: int | None = None,
    ) -> None:
        _check_positive("context_tokens", context_tokens)
        _check_positive("output_tokens", output_tokens)
        _check_positive("threads", threads)
        if find_spec("xllamacpp") is None:
            raise MissingExtraError("a model inside the process", _INSTALL)
        path = find_model(model)
        window = window_for(context_tokens, trained_context(path))
        self._model = str(model)
        self._path = path
        self._output_tokens = output_tokens
        self._name = f"local:{PACKAGED if model == PACKAGED else path.name}"
        self._abilities = Abilities(tools=native_tools, context_tokens=window)
        threads = threads or max(1, (os.cpu_count() or 1) // 2)
        load = partial(load_server, path, window=window, threads=threads)
        self._engine = Engine(load, name=self._name)
        # Also runs when the program ends: the native threads are gone before the interpreter is.
        weakref.finalize(self, self._engine.abandon)

    def __repr__(self) -> str:
        return f"LlamaCppLLM({self._model!r}, context_tokens={self._abilities.context_tokens})"

    @property
    def name(self) -> str:
        """`local:smollm2`, or `local:` and the file's name."""
        return self._name

    @property
    def abilities(self) -> Abilities:
        """What llama.cpp does with this file; `tools` is what `native_tools` said."""
        return self._abilities

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request; it waits for the calls that came before.

        Raises:
            ConfigurationError: the request asks for what cannot be done, its schema allows no
                answer, or the object is closed.
            ContextLengthError: the messages do not fit into the window.
            LLMError: the file cannot be loaded, or llama.cpp failed.
        """
        check_request(request, self._abilities, backend=self.name)
        reply = StreamedReply()
        async with aclosing(self._chunks(request)) as chunks:
            async for chunk in chunks:
                for delta in reply.add(chunk):
                    if on_delta is not None:
                        await on_delta(delta)
        if not reply.is_finished:
            raise LLMError(f"{self.name}: the answer broke off", backend=self.name)
        completion = to_completion(reply.to_reply())
        check_logprobs(request.sampling, completion, backend=self.name)
        return completion if request.sampling.logprobs != 0 else without_alternatives(completion)

    def payload(self, request: LLMRequest) -> bytes:
        """Return the body that llama.cpp is handed, as JSON; its template makes a prompt of it."""
        text = json.dumps(self._body(request), ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")

    async def aclose(self) -> None:
        """Stop the running call, which raises `ConfigurationError`, and free the model."""
        await asyncio.to_thread(self._engine.close)

    @cached_property
    def _control_tokens(self) -> tuple[str, ...]:
        return control_tokens(self._path)

    def _body(self, request: LLMRequest) -> Body:
        body = to_native_body(request, model=self.name, control_tokens=self._control_tokens)
        body.setdefault("max_tokens", self._output_tokens)
        return body

    async def _chunks(self, request: LLMRequest) -> AsyncGenerator[JsonObject]:
        try:
            async with aclosing(self._engine.chunks(self._body(request))) as chunks:
                async for chunk in chunks:
                    if "error" in chunk:
                        raise refusal(chunk["error"], request, backend=self.name)
                    yield chunk
        except NATIVE_ERRORS as error:
            raise refusal(error, request, backend=self.name) from error


def _check_positive(name: str, value: int | None) -> None:
    if value is not None and value < 1:
        raise ConfigurationError(f"{name}={value!r} must be at least 1")
