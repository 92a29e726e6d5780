"""The thread that a model inside the process lives in, and the way to it from any event loop.

What is said to the model is in `llamacpp_wire`.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from ..errors import ConfigurationError, LLMError
from ..servers.reading import Body
from ..values import JsonObject

__all__ = ["NATIVE_ERRORS", "ChatServer", "Engine", "ListeningServer", "load_server"]

NATIVE_ERRORS = (
    ArithmeticError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What an exception in C++ becomes: its binding has no base class of its own."""

_BATCH_TOKENS = 128
"""Prompt tokens between two looks at whether the call is still wanted; costs about 3 % of speed."""


class ChatServer(Protocol):
    """The part of `xllamacpp.Server` that is used."""

    def handle_chat_completions(
        self, body: Body, on_chunk: Callable[[JsonObject], bool], /
    ) -> object:
        """Stream the answer to `on_chunk` until it is done, or `on_chunk` returns True."""
        ...


class ListeningServer(ChatServer, Protocol):
    """A server that has a port as well, whether that is wanted or not."""

    @property
    def listening_address(self) -> str:
        """Its URL."""
        ...


class Engine:
    """Loads a model at the first call, and answers one call after the other in a thread.

    llama.cpp is not re-entrant, so calls queue up, first come, first served. The queue is one of
    threads: callers may be in any number of event loops. The thread ends when the queue is empty,
    and when the program ends, which waits for it; so neither needs to be told.

    Args:
        load: Is called in the thread, once; again only where it raised.
        name: Whose engine it is, for messages.
    """

    def __init__(self, load: Callable[[], ChatServer], *, name: str) -> None:
        self._load = load
        self._name = name
        self._server: ChatServer | None = None
        self._changed = threading.Condition()
        self._waiting: deque[_Call] = deque()
        self._is_working = False
        self._is_closing = False
        self._process_id = os.getpid()

    async def chunks(self, body: Body) -> AsyncGenerator[JsonObject]:
        """Yield what the model streams. Close the generator to stop the work behind it.

        A call that is stopped while it waits never begins; one that is being answered ends within
        a token, or within a batch of the prompt. Stopping does not wait for that: the next call
        does. The thread runs ahead of a slow reader, by one window of tokens at the most.

        Raises:
            ConfigurationError: the engine is closed, or was closed under the call.
        """
        call = _Call(body, asyncio.get_running_loop())
        try:
            self._submit(call)
            while (item := await call.items.get()) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            call.is_cancelled.set()

    def close(self) -> None:
        """Stop the running call, wait for the thread, and free the model. May be called again."""
        with self._changed:
            self._is_closing = True
            self._changed.wait_for(lambda: not self._is_working)
        self._server = None  # closes its port and frees its memory

    def abandon(self) -> None:
        """Close without waiting, and without a lock: garbage is collected anywhere."""
        self._is_closing = True
        self._server = None  # a call that still runs keeps its own reference

    def _submit(self, call: _Call) -> None:
        with self._changed:
            self._check_open()
            self._waiting.append(call)
            if not self._is_working:
                threading.Thread(target=self._work, name=self._name, daemon=False).start()
                self._is_working = True

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._is_working = False
                    self._changed.notify_all()
                    return
                call = self._waiting.popleft()
            call.post(self._answer(call))

    def _answer(self, call: _Call) -> Exception | None:
        """Answer a call that is still wanted; the error that ended it, if any."""
        try:
            self._check_open()
            if not call.is_cancelled.is_set():
                server = self._server = self._server or self._load()
                if not self._is_unwanted(call):
                    server.handle_chat_completions(call.body, partial(self._take, call))
            self._check_open()
        except Exception as error:  # noqa: BLE001 - it crosses to the caller, who raises it
            return error
        return None

    def _take(self, call: _Call, chunk: JsonObject) -> bool:
        """Pass a chunk on; True stops the model. Must not raise: that would be lost in C++."""
        return self._is_unwanted(call) or not call.post(chunk)

    def _is_unwanted(self, call: _Call) -> bool:
        return call.is_cancelled.is_set() or self._is_over()

    def _is_over(self) -> bool:
        return self._is_closing or not threading.main_thread().is_alive()

    def _check_open(self) -> None:
        if os.getpid() != self._process_id:
            raise ConfigurationError(
                f"{self._name} was made before this process was forked, and its thread and memory "
                "stayed behind: make a new one in the child"
            )
        if self._is_over():
            raise ConfigurationError(
                f"{self._name} is closed: make the last call before aclose(), and before the "
                "program's main thread ends"
            )


class _Call:
    """One request on its way to the thread, and the chunks on their way back."""

    def __init__(self, body: Body, loop: asyncio.AbstractEventLoop) -> None:
        self.body = body
        self.items: asyncio.Queue[JsonObject | Exception | None] = asyncio.Queue()
        self.is_cancelled = threading.Event()
        self._loop = loop

    def post(self, item: JsonObject | Exception | None) -> bool:
        """Hand over a chunk, or the end, or the error that is the end; False: nobody is there."""
        try:
            self._loop.call_soon_threadsafe(self.items.put_nowait, item)
        except RuntimeError:  # the loop was closed under the call
            return False
        return True


def load_server(path: Path, *, window: int, threads: int) -> ListeningServer:
    """Load the model of a file.

    The server listens on a loopback port, which cannot be turned off: it gets a key that nobody
    knows, and so refuses every request.

    Raises:
        LLMError: llama.cpp cannot load it.
    """
    xllamacpp: Any = import_module("xllamacpp")  # it ships no types
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {path.name}  # else answers name the whole path
    params.n_ctx = window
    params.n_batch = params.n_ubatch = _BATCH_TOKENS
    params.n_parallel = 1
    params.cache_ram_mib = 0  # else prompts of earlier calls are kept, up to 8 GiB
    params.prefill_assistant = False  # a last message of the assistant is not written on
    params.verbosity = 0
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.api_keys = [secrets.token_hex(32)]
    params.ui = params.endpoint_slots = False
    params.n_threads_http = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    try:
        return cast("ListeningServer", xllamacpp.Server(params))
    except NATIVE_ERRORS as error:
        raise LLMError(
            f"llama.cpp cannot load {str(path)!r}: the file is damaged, of a kind that is newer "
            f"than the installed xllamacpp, or needs more memory than there is "
            f"(context_tokens={window})",
            backend=f"local:{path.name}",
        ) from error
