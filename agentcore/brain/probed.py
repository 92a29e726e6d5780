"""A model that is probed before it is used, and used as it was found to be."""

from __future__ import annotations

import asyncio
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from ..completions import Abilities, Completion, LLMRequest
from ..errors import ConfigurationError, LimitError
from ..extensions import Explaining
from ..interfaces import LLM, DeltaSink, ModelCalls, Probing
from ..servers.per_loop import PerLoop
from .checks import check_sampling
from .deltas import deliver
from .members import TriesAgain
from .mending import check_fits, check_read, in_place, streams
from .passport import Passport
from .passport_store import PassportStore
from .probe import CONTEXT_UP_TO, examine, identity_of
from .registry import load_backend
from .turns import laid_out

__all__ = ["Probed"]


@runtime_checkable
class _Windowed(Protocol):
    """An LLM whose window is set with each request."""

    def with_window(self, context_tokens: int) -> LLM: ...


class Probed:
    """A model that is asked what it can do before its first run, once, and then used accordingly.

    The first run probes it (see `examine` for what that costs): the probes are a part of that run,
    under `start/llm-1` and so on, within its budget and in its journal. What was found is kept on
    disk, so that no other run and no other process asks again until the model, or agentcore,
    changes. From the passport follow `abilities`, and by them the planner and the mode of typed
    output; beside that

    - thoughts in `<think>` tags become the message's `thinking`, and an answer that came as
      `thinking` becomes its text;
    - messages that the server does not take are laid out as it does: system messages in the user's,
      calls and results as text, neighbours of one role in one;
    - a model whose streams break, or that calls no tools in them, is asked without streaming, and
      its answer is handed over in one piece;
    - a prompt that would be cut is a `ContextLengthError`: before it is sent where it is clearly
      too long, and after the answer where the server's own count shows that it was cut;
    - stop words and log-probabilities that would be ignored are refused;
    - the window is set where it is set with each request, as by Ollama.

    `complete` never probes, but uses a passport that is kept on disk, as a run does that is taken
    up in another process: outside of a run call `probe` first.

    Args:
        llm: A model directly behind its endpoint, or its name. One made of others cannot be
            probed: put `Probed` inside, as in `Retrying(Probed("ollama:qwen3:4b"))`.
        passport: Use this one, or the file that holds it, and probe nothing.
        cache_dir: The folder of passports, instead of the platform's cache; None probes anew only
            where nothing is there.
        context_up_to: The most tokens by which the window is probed.

    Raises:
        ConfigurationError: `llm` is made of others, or the passport is of another version.
        CorruptStoreError: the file is no passport.

    Example:
        >>> from agentcore.brain.passport import Passport, Finding
        >>> no = Finding(outcome="no", why="known")
        >>> Probed("vllm:qwen3", passport=Passport(name="", identity="", tools=no)).abilities.tools
        False
    """

    def __init__(
        self,
        llm: LLM | str,
        *,
        passport: Passport | str | Path | None = None,
        cache_dir: str | Path | None = None,
        context_up_to: int = CONTEXT_UP_TO,
    ) -> None:
        if not isinstance(llm, str) and hasattr(llm, "compose"):
            raise ConfigurationError(
                f"{llm.name} is made of other models and cannot be probed: wrap each of them, as "
                "in Retrying(Probed('ollama:qwen3:4b'))"
            )
        self._is_owner = isinstance(llm, str)
        self._llm = load_backend(llm) if isinstance(llm, str) else llm
        self._store = PassportStore(Path(cache_dir) if cache_dir is not None else None)
        self._context_up_to = context_up_to
        self._locks: PerLoop[asyncio.Lock] = PerLoop(asyncio.Lock, _leave)
        self._passport: Passport | None = None
        self._has_looked = False
        if passport is not None:
            given = passport if isinstance(passport, Passport) else Passport.load(passport)
            self._adopt(given)

    def __repr__(self) -> str:
        return f"Probed({self._llm!r})"

    @property
    def name(self) -> str:
        """The model's own name."""
        return self._llm.name

    @property
    def passport(self) -> Passport | None:
        """What is known; None before `probe`."""
        return self._passport

    @property
    def abilities(self) -> Abilities:
        """What the model was found to do; before `probe` what its backend claims."""
        return self._passport.abilities if self._passport else self._llm.abilities

    async def probe(self, *, calls: ModelCalls | None = None) -> Abilities:
        """Find out, once: from the passport in memory or on disk, else by probing.

        Args:
            calls: Who asks the model: in a run the run itself, so that the probes are budgeted and
                recorded.

        Raises:
            LLMError: the server cannot be asked.
            LimitError: the probes do not fit into the run's budget.
        """
        if self._passport is None:
            async with self._locks.get():  # of runs that begin together one probes
                if self._passport is None:
                    self._adopt(await self._find_or_make(calls))
        return self.abilities

    async def probe_again(self) -> Passport:
        """Probe the model although it has a passport, and keep the new one.

        Raises:
            LLMError: the server cannot be asked.
        """
        self._adopt(await self._make(await identity_of(self._llm), None))
        assert self._passport is not None  # noqa: S101 - it was adopted
        return self._passport

    def without_retries(self) -> Probed:
        """A copy whose client tries once: for what tries again itself. It is closed on its own."""
        twin = copy(self)
        if isinstance(self._llm, TriesAgain):
            twin._llm = self._llm.without_retries()
        return twin

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        """Answer the request as far as the model does what it was found to do.

        Raises:
            ConfigurationError: the sampling holds what the model ignores.
            ContextLengthError: the prompt does not fit, or was cut.
            LLMError: see the tree in `agentcore.errors`.
        """
        passport = self._passport or await self._kept()
        if passport is None:
            return await self._llm.complete(request, on_delta=on_delta)
        check_sampling(request.sampling, passport.abilities, backend=self.name)
        request = laid_out(passport, request)
        check_fits(passport, request)
        is_streamed = on_delta is not None and streams(passport, request)
        completion = await self._llm.complete(request, on_delta=on_delta if is_streamed else None)
        check_read(passport, request, completion)
        completion = in_place(passport, completion)
        if not is_streamed:
            await deliver(completion, on_delta)
        return completion

    def payload(self, request: LLMRequest) -> bytes:
        """Return the body that the model inside sends; the messages where it does not show it."""
        if self._passport is not None:
            request = laid_out(self._passport, request)
        if isinstance(self._llm, Explaining):
            return self._llm.payload(request)
        return b"[%b]" % b",".join(message.encoded for message in request.messages)

    async def aclose(self) -> None:
        """Close the model if it was loaded here."""
        if self._is_owner:
            await self._llm.aclose()

    async def _kept(self) -> Passport | None:
        """Look for a passport on disk, once."""
        async with self._locks.get():
            if self._passport is None and not self._has_looked:
                self._has_looked = True
                found = self._store.find(self.name, await identity_of(self._llm))
                if found is not None:
                    self._adopt(found)
        return self._passport

    async def _find_or_make(self, calls: ModelCalls | None) -> Passport:
        if isinstance(self._llm, Probing):
            await self._llm.probe(calls=calls)
        identity = await identity_of(self._llm)
        return self._store.find(self.name, identity) or await self._make(identity, calls)

    async def _make(self, identity: str, calls: ModelCalls | None) -> Passport:
        llm = self._llm if calls is None else _Within(self._llm, calls)
        try:
            passport = await examine(llm, identity=identity, context_up_to=self._context_up_to)
        except LimitError as error:
            hint = f"run `agentcore probe {self.name}` once before, or raise the budget"
            error.args = (f"{error}, while {self.name} was probed: {hint}",)
            raise
        self._store.keep(passport)
        return passport

    def _adopt(self, passport: Passport) -> None:
        self._passport = passport
        window = passport.abilities.context_tokens
        if window is not None and isinstance(self._llm, _Windowed):
            self._llm = self._llm.with_window(window)


@dataclass(frozen=True, slots=True)
class _Within:
    """A model that is asked through the calls of a run."""

    llm: LLM
    calls: ModelCalls

    @property
    def name(self) -> str:
        return self.llm.name

    @property
    def abilities(self) -> Abilities:
        return self.llm.abilities

    async def complete(
        self, request: LLMRequest, *, on_delta: DeltaSink | None = None
    ) -> Completion:
        return await self.calls.complete(self.llm, request, on_delta=on_delta)

    async def aclose(self) -> None:
        """The LLM is its owner's to close."""


async def _leave(lock: asyncio.Lock) -> None:
    """A lock needs no closing."""
