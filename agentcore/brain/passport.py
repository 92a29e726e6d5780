"""What a model really does, as probes found it out: a typed record, and what follows from it."""

from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import Field, ValidationError

from ..completions import Abilities
from ..errors import ConfigurationError, CorruptStoreError
from ..servers.reading import object_of, parse_reply
from ..usage import Usage
from ..values import Value
from ..version import __version__

__all__ = ["ContextFinding", "Finding", "Outcome", "Passport"]

Outcome: TypeAlias = Literal["yes", "no", "unknown"]


class Finding(Value):
    """What one probe found."""

    outcome: Outcome = "unknown"
    why: str = "not probed"
    """What was seen, for a person to read."""

    def said(self, *, otherwise: bool) -> bool:
        """The outcome as a truth value; where it is unknown, what the caller believed before."""
        return otherwise if self.outcome == "unknown" else self.outcome == "yes"


class ContextFinding(Finding):
    """How much the model reads: `yes` where all that was sent was read, up to the largest size."""

    tokens: int | None = None
    """The longest prompt that was read whole, in tokens as the server counts them."""
    bytes_per_token: float | None = None
    """UTF-8 bytes of plain English to a token, as this server counts."""
    is_silent: bool = False
    """Whether the server answered a prompt that it had not read whole."""


class Passport(Value):
    """What a model behind an endpoint really does.

    Made by `agentcore.brain.probe.examine`, kept on disk by `Probed`, printed by `agentcore probe`.
    """

    library: str = __version__
    """The version of agentcore whose probes these are: another one's ask and judge differently."""
    name: str
    """Backend and model, such as `ollama:qwen3:4b`."""
    identity: str
    """Which model exactly: a digest where the backend has one."""
    claimed: Abilities = Field(default_factory=Abilities)
    """What the backend said before it was probed; it stands where a finding is unknown."""
    tools: Finding = Finding()
    """Calls a tool natively."""
    parallel_tools: Finding = Finding()
    """Calls several tools in one answer."""
    tool_choice: Finding = Finding()
    """Calls a tool when it is told that it has to."""
    streamed_tools: Finding = Finding()
    """Calls a tool as well when the answer is streamed."""
    tool_messages: Finding = Finding()
    """Takes the result of a call in a message of its own, and reads it."""
    ends_calls: Finding = Finding()
    """Answers when the results are there, although it could call on."""
    system_messages: Finding = Finding()
    """Takes a system message, and reads it."""
    repeated_roles: Finding = Finding()
    """Takes two messages of one role in a row, and reads both."""
    schema_enforced: Finding = Finding()
    """Keeps to a JSON Schema against its own wish."""
    schema_seen: Finding = Finding()
    """Knows what the schema says, and is not only cut to it."""
    thinking_field: Finding = Finding()
    """Thoughts come in a field of their own."""
    thinking_leaks: Finding = Finding()
    """Thoughts stand in the answer, between `<think>` tags."""
    answer_in_thinking: Finding = Finding()
    """The answer itself stands in the field for thoughts, and there is no other."""
    stop_words: Finding = Finding()
    """Stops before a stop word."""
    streaming: Finding = Finding()
    """A streamed answer arrives whole, each character intact."""
    unicode: Finding = Finding()
    """Characters beyond ASCII come back intact."""
    images: Finding = Finding()
    """Sees an image."""
    logprobs: Finding = Finding()
    """Tells the log-probability of each token."""
    context: ContextFinding = ContextFinding()
    """How long a prompt is read whole."""
    usage: Usage = Usage()
    """What the probes cost."""

    @property
    def findings(self) -> dict[str, Finding]:
        """All findings by name, in the order in which they are printed."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in fields.items() if isinstance(value, Finding)}

    @property
    def abilities(self) -> Abilities:
        """What follows: the planner, the mode of typed output, the window."""
        claimed, findings = self.claimed, (("stop", self.stop_words), ("logprobs", self.logprobs))
        ignored = {name for name, finding in findings if finding.outcome == "no"}
        return Abilities(
            tools=self.tools.said(otherwise=claimed.tools) and self._can_end,
            json_schema=self.schema_enforced.said(otherwise=claimed.json_schema),
            tool_choice=self.tool_choice.said(otherwise=claimed.tool_choice),
            images=self.images.said(otherwise=claimed.images),
            sampling=claimed.sampling - ignored,
            context_tokens=self._context_tokens,
        )

    @property
    def _can_end(self) -> bool:
        """Native calls lead nowhere where their results are not read, or where they never end."""
        return "no" not in {self.tool_messages.outcome, self.ends_calls.outcome}

    @property
    def _context_tokens(self) -> int | None:
        """What the backend claims is believed, unless a prompt was cut short of it in silence."""
        claimed, context = self.claimed.context_tokens, self.context
        return context.tokens if context.is_silent or claimed is None else claimed

    def to_json(self) -> str:
        """The passport as JSON, for a file that is edited or shipped."""
        return self.model_dump_json(indent=2) + "\n"

    @classmethod
    def load(cls, path: str | Path) -> "Passport":
        """Read a passport from a file that `to_json` wrote.

        Raises:
            ConfigurationError: there is no such file, or it is of another version of agentcore.
            CorruptStoreError: it is no passport.
        """
        path = Path(path)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"the passport {path} cannot be read: {error}") from error
        library = object_of(parse_reply(content)).get("library")
        if library not in {None, __version__}:
            raise ConfigurationError(
                f"the passport {str(path)!r} is of agentcore {library}, and this is {__version__}, "
                "whose probes differ: make it anew with `agentcore probe MODEL --json`"
            )
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            raise CorruptStoreError(
                f"{str(path)!r} is no passport ({error.error_count()} fields are wrong, such as "
                f"{error.errors()[0]['msg']!r}): make one with `agentcore probe MODEL --json`",
                path=str(path),
            ) from error
