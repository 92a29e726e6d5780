"""One exchange with a model: what is asked, what comes back, and what the model can do."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from pydantic import Field

from .messages import BYTES_PER_TOKEN, AssistantMessage, Message, estimate_tokens
from .usage import Usage
from .values import JsonObject, Value, digest_of

__all__ = [
    "Abilities",
    "Completion",
    "FinishReason",
    "LLMRequest",
    "Sampling",
    "TextDelta",
    "TokenLogprob",
    "ToolSpec",
    "estimate_input",
]

FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter"]


class ToolSpec(Value):
    """A tool as a model sees it."""

    name: str
    description: str
    parameters: JsonObject
    """JSON Schema of the arguments, an object."""


class Sampling(Value):
    """How the model chooses its tokens. What is None is left to the model's server.

    A backend that cannot do what is set raises `ConfigurationError`; nothing is ever ignored.
    """

    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=1)
    seed: int | None = None
    stop: tuple[str, ...] = ()
    """Texts at which the model stops; they are not part of its output."""
    max_tokens: int | None = Field(default=None, ge=1)
    """The most tokens that the model may write."""
    logprobs: int | None = Field(default=None, ge=0, le=20)
    """Return each token's log-probability, with this many alternatives."""

    def merged(self, other: "Sampling | None") -> "Sampling":
        """Return these settings with what the other sets over them."""
        if other is None:
            return self
        return self.model_copy(update={name: getattr(other, name) for name in other.settings()})

    def settings(self) -> frozenset[str]:
        """The names of the fields that are set."""
        fields = type(self).model_fields
        return frozenset(name for name in fields if getattr(self, name) not in (None, ()))


class Abilities(Value):
    """What a model behind a backend can do, as far as is known."""

    tools: bool = True
    """Answers with native tool calls."""
    json_schema: bool = True
    """Its output can be constrained to a JSON Schema."""
    images: bool = False
    sampling: frozenset[str] = frozenset(Sampling.__annotations__)
    """The fields of `Sampling` that the backend supports."""
    context_tokens: int | None = None
    """Tokens that fit into the model's window, input and output together; None: unknown."""


@dataclass(frozen=True)
class LLMRequest:
    """What a model is asked. A plain dataclass: its parts were validated when they were made."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    """The tools that the model may call."""
    output_schema: JsonObject | None = None
    """JSON Schema that the text of the answer must satisfy, an object."""
    sampling: Sampling = field(default_factory=Sampling)

    @cached_property
    def digest(self) -> str:
        """32 hexadecimal digits that stand for the whole request."""
        schema = "" if self.output_schema is None else repr(self.output_schema)
        return digest_of(
            "".join(message.digest for message in self.messages),
            "".join(tool.digest for tool in self.tools),
            schema,
            self.sampling.digest,
        )


def estimate_input(request: LLMRequest) -> int:
    """Guess the input tokens of a request; rather too high than too low for plain text."""
    size = sum(len(tool.encoded) for tool in request.tools)
    if request.output_schema is not None:
        size += len(str(request.output_schema))
    return sum(map(estimate_tokens, request.messages)) + size // BYTES_PER_TOKEN + 1


class TokenLogprob(Value):
    """A token that the model wrote, its log-probability, and the nearest alternatives."""

    token: str
    logprob: float
    alternatives: tuple[tuple[str, float], ...] = ()


class Completion(Value):
    """What a model answered."""

    message: AssistantMessage
    finish_reason: FinishReason = "stop"
    usage: Usage = Field(default_factory=lambda: Usage(steps=1))
    model: str = ""
    """The model's name as the server reports it."""
    is_cached: bool = False
    """Whether it was stored earlier, and no model was asked; its usage is then zero."""
    logprobs: tuple[TokenLogprob, ...] | None = None

    @property
    def text(self) -> str:
        """The text of the message."""
        return self.message.content


class TextDelta(Value):
    """A piece of text, streamed while the model writes it; it is never journalled."""

    kind: Literal["text_delta"] = "text_delta"
    text: str
    key: str = ""
    """The key of the effect that streams, such as `think-1`; set by the run."""
    thinking: bool = False
    """Whether it belongs to the model's reasoning instead of its answer."""
