"""From a model's name, such as `ollama:qwen3:4b`, to the LLM."""

from __future__ import annotations

from ..errors import ConfigurationError
from ..interfaces import LLM

__all__ = ["is_llm", "load_llm"]


def load_llm(llm: str | LLM, /) -> LLM:
    """Return the LLM that a name stands for; an LLM is returned as it is.

    A name is a prefix, a colon, and the model as its server calls it: `openai:gpt-5-mini`,
    `ollama:qwen3:4b`, `local:smollm2`. Nothing is loaded or asked before the first call.

    Raises:
        ConfigurationError: the prefix is unknown, or there is no model after it.

    Example:
        >>> load_llm("openai:gpt-5-mini").name
        'openai:gpt-5-mini'
    """
    if not isinstance(llm, str):
        return llm
    from ..servers.presets import SERVERS  # the table is needed for names only

    prefixes = ("local", "ollama", *SERVERS)
    prefix, colon, model = (part.strip() for part in llm.partition(":"))
    if not colon or not model or prefix not in prefixes:
        raise ConfigurationError(_complaint(llm, prefix, prefixes, has_colon=bool(colon)))
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


def _complaint(name: str, prefix: str, prefixes: tuple[str, ...], *, has_colon: bool) -> str:
    if prefix in prefixes:
        what = f"names no model: write one after the colon, as in '{prefix}:MODEL'"
    elif has_colon:
        from difflib import get_close_matches

        near = get_close_matches(prefix.lower(), prefixes, n=1)
        what = f"has the unknown prefix {prefix!r}" + (
            f": did you mean {near[0]!r}" if near else ""
        )
    else:
        what = "has no prefix that says where the model runs, as in 'openai:gpt-5-mini'"
    return f"llm={name!r} {what}. Prefixes are {', '.join(sorted(prefixes))}."
