"""What is particular to llama.cpp in the form of chat completions. Pure: nothing is loaded here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

from ..completions import Abilities, Completion, LLMRequest
from ..errors import AgentCoreError, ConfigurationError, ContextLengthError, LLMError
from ..servers.presets import LLAMACPP
from ..servers.reading import Body, count_of, object_of, text_of
from ..values import JsonValue
from . import checks
from .openai_wire import to_body
from .schemas import to_grammar

__all__ = ["check_request", "refusal", "to_native_body", "window_for", "without_alternatives"]

_LARGEST_SEED = 2**32 - 2
"""llama.cpp keeps 32 bits of a seed, and reads 2**32 - 1 as: draw one at random."""
_WINDOW_STEP = 256
_GRAMMAR_PREFIX = re.compile(r".*Automatic parser generation failed: ", re.DOTALL)


def window_for(context_tokens: int, trained: int | None) -> int:
    """The window that llama.cpp makes of what is wanted: it counts in steps of 256 tokens."""
    steps = -(-context_tokens // _WINDOW_STEP)
    if trained is not None:
        steps = min(steps, max(1, trained // _WINDOW_STEP))
    return steps * _WINDOW_STEP


def check_request(request: LLMRequest, abilities: Abilities, *, backend: str) -> None:
    """Refuse what this backend would ignore or do wrong.

    Raises:
        ConfigurationError: says what, and what to do instead.
    """
    if not request.messages:
        raise ConfigurationError(f"the request to {backend} has no messages: send at least one")
    if request.tools and not abilities.tools:
        raise ConfigurationError(
            f"{backend} was sent {len(request.tools)} tools, and takes none: use planner=ReAct() "
            "or planner=None, or pass native_tools=True if the model was trained to call tools"
        )
    checks.check_request(request, abilities, backend=backend)
    seed = request.sampling.seed
    if seed is not None and not 0 <= seed <= _LARGEST_SEED:
        raise ConfigurationError(
            f"{backend} cannot use seed={seed!r}: choose one from 0 to {_LARGEST_SEED}"
        )


def to_native_body(request: LLMRequest, *, model: str, control_tokens: Sequence[str] = ()) -> Body:
    """Return the body of a streamed chat completion as llama.cpp reads it best.

    llama.cpp reads control tokens in the text of a message too: with `<|im_end|>` untrusted text
    could end its own turn and speak as the system. They get a space after their first letter.
    """
    body = to_body(request, model=model, server=LLAMACPP, stream=True)
    if control_tokens:
        pattern = re.compile("|".join(map(re.escape, control_tokens)))
        body["messages"] = _disarmed(cast("JsonValue", body["messages"]), pattern)
    body["return_progress"] = True  # chunks while the prompt is read: a long one can be stopped
    if request.sampling.logprobs == 0:
        body["top_logprobs"] = 1  # with 0 it returns none at all
    if "tools" in body:
        body["tools"] = to_grammar(cast("JsonValue", body["tools"]))
    if request.output_schema is not None:  # as it is, not as strict servers want it
        named = {"name": "output", "schema": to_grammar(request.output_schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    return body


def without_alternatives(completion: Completion) -> Completion:
    """The completion as it was asked for with `logprobs=0`."""
    if completion.logprobs is None:
        return completion
    bare = tuple(token.model_copy(update={"alternatives": ()}) for token in completion.logprobs)
    return completion.model_copy(update={"logprobs": bare})


def refusal(error: JsonValue | Exception, request: LLMRequest, *, backend: str) -> AgentCoreError:
    """Return the error that llama.cpp's own one stands for.

    A schema that no grammar can be made of is the developer's mistake; the message says why.
    """
    fields = {} if isinstance(error, Exception) else object_of(error)
    said = text_of(fields.get("message")) or str(error) or repr(error)
    if fields.get("type") == "exceed_context_size_error":
        return ContextLengthError(
            f"{backend}: {said}: shorten the messages, or raise context_tokens as far as the model "
            "allows",
            backend=backend,
            tokens=count_of(fields.get("n_prompt_tokens")) or None,
            limit=count_of(fields.get("n_ctx")) or None,
        )
    is_constrained = request.output_schema is not None or request.tools
    if is_constrained and (isinstance(error, ValueError) or "grammar" in said):
        reason = _GRAMMAR_PREFIX.sub("", said)
        return ConfigurationError(
            f"{backend} cannot constrain its answer to the schema: {reason}; change the schema"
        )
    return LLMError(f"{backend}: {said}", backend=backend)


def _disarmed(value: JsonValue, control: re.Pattern[str]) -> JsonValue:
    if isinstance(value, str):
        return control.sub(lambda found: f"{found[0][0]} {found[0][1:]}", value)
    if isinstance(value, list):
        return [_disarmed(item, control) for item in value]
    if isinstance(value, dict):
        return {name: _disarmed(item, control) for name, item in value.items()}
    return value
