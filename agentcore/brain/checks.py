"""Checks that the backends share: a setting is done, or refused, and never ignored."""

from __future__ import annotations

from ..completions import Abilities, Completion, LLMRequest, Sampling
from ..errors import ConfigurationError
from ..messages import ImagePart, Message, UserMessage

__all__ = ["check_logprobs", "check_request", "check_sampling"]


def check_request(request: LLMRequest, abilities: Abilities, *, backend: str) -> None:
    """Refuse what the backend cannot do: tools, an output schema, images, settings.

    Raises:
        ConfigurationError: says what, and what to do instead.
    """
    check_sampling(request.sampling, abilities, backend=backend)
    if request.tools and not abilities.tools:
        raise ConfigurationError(
            f"{backend} was sent {len(request.tools)} tools, and its abilities say tools=False: "
            "use planner=ReAct() or planner=None"
        )
    if request.output_schema is not None and not abilities.json_schema:
        raise ConfigurationError(
            f"{backend} was sent an output_schema, and its abilities say json_schema=False: "
            "ask for the form in the prompt"
        )
    if not abilities.images and any(map(_has_image, request.messages)):
        raise ConfigurationError(
            f"{backend} was sent an image, and its abilities say images=False: leave it out, or "
            "pass abilities= that say otherwise where the backend takes them"
        )


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


def _has_image(message: Message) -> bool:
    if not isinstance(message, UserMessage) or isinstance(message.content, str):
        return False
    return any(isinstance(part, ImagePart) for part in message.content)
