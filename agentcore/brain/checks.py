"""Checks that the backends share: a setting is done, or refused, and never ignored."""

from __future__ import annotations

from ..completions import Abilities, Completion, Sampling
from ..errors import ConfigurationError

__all__ = ["check_logprobs", "check_sampling"]


def check_sampling(sampling: Sampling, abilities: Abilities, *, backend: str) -> None:
    """Refuse settings that the backend does not support.

    Raises:
        ConfigurationError: names each of them with its value.
    """
    unsupported = sampling.settings() - abilities.sampling
    if unsupported:
        named = ", ".join(f"{name}={getattr(sampling, name)!r}" for name in sorted(unsupported))
        raise ConfigurationError(
            f"{backend} does not support the sampling {named}: leave it out; "
            f"supported are {', '.join(sorted(abilities.sampling))}"
        )


def check_logprobs(sampling: Sampling, completion: Completion, *, backend: str) -> None:
    """Refuse an answer without the log-probabilities that were asked for.

    Raises:
        ConfigurationError: servers that do not know the setting ignore it without a word.
    """
    if sampling.logprobs is not None and completion.logprobs is None and completion.text:
        raise ConfigurationError(
            f"{backend} was asked for logprobs={sampling.logprobs} and sent none: its server does "
            "not support them; leave the setting out, or update the server"
        )
