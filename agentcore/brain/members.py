"""The LLMs that a wrapper is made of: loaded where they are named, and closed if loaded here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ..completions import Abilities
from ..errors import ConfigurationError, LLMError
from ..interfaces import LLM, ModelCalls, Probing
from .registry import is_llm, load_llm

__all__ = ["Members", "TriesAgain"]


@runtime_checkable
class TriesAgain(Protocol):
    """An LLM whose client tries again by itself."""

    def without_retries(self) -> LLM:
        """Return a copy that tries once."""
        ...


class Members:
    """Some LLMs, and which of them are closed with the wrapper.

    Args:
        llms: Objects are used as they are and never closed; names are loaded, and closed.
        tries_once: Load the named ones without the retries of their client, for a wrapper that
            tries again itself, or counts requests.
    """

    def __init__(self, *llms: LLM | str, tries_once: bool = False) -> None:
        for llm in llms:
            if not isinstance(llm, str) and not is_llm(llm):
                raise ConfigurationError(
                    f"{llm!r:.200} is no LLM: give one, or a name such as 'ollama:qwen3:4b'"
                )
        loaded = [load_llm(llm) for llm in llms]
        for index, (given, llm) in enumerate(zip(llms, loaded, strict=True)):
            if tries_once and isinstance(given, str) and isinstance(llm, TriesAgain):
                loaded[index] = llm.without_retries()
        self.llms: tuple[LLM, ...] = tuple(loaded)
        """In the order given."""
        self.owned = tuple(
            llm for given, llm in zip(llms, loaded, strict=True) if isinstance(given, str)
        )
        """Those that were loaded here."""

    @property
    def names(self) -> str:
        """All names, with commas."""
        return ", ".join(llm.name for llm in self.llms)

    @property
    def abilities(self) -> Abilities:
        """What all of them can do, as far as is known."""
        return _common([llm.abilities for llm in self.llms])

    async def probe(self, *, calls: ModelCalls | None = None) -> Abilities:
        """Find out what all of them can do. One that cannot be asked is believed what it says.

        Raises:
            LLMError: none of them can be asked; the error of the first.
        """
        errors: list[LLMError] = []
        known: list[Abilities] = []
        for llm in self.llms:
            try:
                known.append(
                    await llm.probe(calls=calls) if isinstance(llm, Probing) else llm.abilities
                )
            except LLMError as error:
                errors.append(error)
                known.append(llm.abilities)
        if len(errors) == len(self.llms):
            raise errors[0]
        return _common(known)

    async def aclose(self) -> None:
        """Close those that were loaded here."""
        for llm in self.owned:
            await llm.aclose()


def _common(given: Sequence[Abilities]) -> Abilities:
    """What each can do; the smallest window that is known."""
    settings = set(given[0].sampling)
    settings.intersection_update(*(item.sampling for item in given))
    windows = [item.context_tokens for item in given if item.context_tokens is not None]
    return Abilities(
        tools=all(item.tools for item in given),
        json_schema=all(item.json_schema for item in given),
        tool_choice=all(item.tool_choice for item in given),
        images=all(item.images for item in given),
        sampling=frozenset(settings),
        context_tokens=min(windows, default=None),
    )
