"""From a model's name, such as `ollama:qwen3:4b`, to the LLM."""

from __future__ import annotations

import os

from ..errors import ConfigurationError
from ..interfaces import LLM

__all__ = ["is_llm", "load_backend", "load_llm"]


def load_llm(llm: str | LLM, /) -> LLM:
    """Return the LLM that a name stands for; an LLM is returned as it is.

    A name is a prefix, a colon, and the model as its server calls it: `openai:gpt-5-mini`,
    `ollama:qwen3:4b`, `local:smollm2`. Nothing is loaded or asked before the first call.

    What a model does that a server of the user's own runs is not known by its name: it is probed in
    the first run (see `Probed`). That costs up to 20 calls, once. Models that are paid for, and
    those inside the process, are not probed unless they are wrapped in `Probed`; with
    `AGENTCORE_PROBE=off` in the environment none is.

    Raises:
        ConfigurationError: the prefix is unknown, there is no model after it, or `AGENTCORE_PROBE`
            is neither `on` nor `off`.

    Example:
        >>> load_llm("openai:gpt-5-mini").name
        'openai:gpt-5-mini'
    """
    if not isinstance(llm, str):
        return llm
    if not _is_unknown(llm) or not _may_probe():
        return load_backend(llm)
    from .probed import Probed

    return Probed(llm)


def load_backend(name: str, /) -> LLM:
    """Return the LLM that a name stands for, which is not probed.

    Raises:
        ConfigurationError: the prefix is unknown, or there is no model after it.
    """
    from ..servers.presets import SERVERS  # the table is needed for names only

    prefixes = ("local", "ollama", *SERVERS)
    prefix, colon, model = (part.strip() for part in name.partition(":"))
    if not colon or not model or prefix not in prefixes:
        raise ConfigurationError(_complaint(name, prefix, prefixes, has_colon=bool(colon)))
    if prefix == "local":
        from .llamacpp import LlamaCppLLM

        return LlamaCppLLM(model)
    if prefix == "ollama":
        from .ollama import OllamaLLM

        return OllamaLLM(model)
    from .openai import OpenAILLM

    return OpenAILLM(model, server=SERVERS[prefix])


def is_llm(value: object) -> bool:
    """Whether a value can be asked like an LLM."""
    return all(hasattr(value, name) for name in ("complete", "name", "abilities"))


def _is_unknown(name: str) -> bool:
    """Whether it names a model on a server of the user's own."""
    from ..servers.presets import SERVERS

    prefix = name.partition(":")[0].strip()
    return prefix == "ollama" or (prefix in SERVERS and not SERVERS[prefix].needs_key)


def _may_probe() -> bool:
    setting = os.environ.get("AGENTCORE_PROBE", "on").strip().lower()
    if setting not in {"on", "off"}:
        raise ConfigurationError(f"AGENTCORE_PROBE={setting!r} is neither 'on' nor 'off'")
    return setting == "on"


def _complaint(name: str, prefix: str, prefixes: tuple[str, ...], *, has_colon: bool) -> str:
    if prefix in prefixes:
        what = f"names no model: write one after the colon, as in '{prefix}:MODEL'"
    elif has_colon:
        from difflib import get_close_matches

        near = get_close_matches(prefix.lower(), prefixes, n=1)
        what = f"has the unknown prefix {prefix!r}"
        if near:
            return f"llm={name!r} {what}: did you mean {near[0]!r}? {_listed(prefixes)}"
    else:
        what = "has no prefix that says where the model runs, as in 'openai:gpt-5-mini'"
    return f"llm={name!r} {what}. {_listed(prefixes)}"


def _listed(prefixes: tuple[str, ...]) -> str:
    return f"Prefixes are {', '.join(sorted(prefixes))}."
