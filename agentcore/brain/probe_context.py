"""The probe of the window: how long a prompt is read from its first word to its last.

Servers cut what does not fit, and say nothing. Two code words stand in a long text, one at its very
beginning and one in its middle, and the model is asked for both; beside that, the number of tokens
that the server reports has to grow as the text does. Either shows what was read, so that a model
too small to find a word again is not taken for a window too small to hold it.

The text doubles from 1,024 tokens up to the largest size; each begins as the one before, so that a
server which keeps what it has read need not read all of it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import ContextLengthError
from ..interfaces import LLM
from .passport import ContextFinding, Finding, Outcome
from .probe_asking import ask, question

__all__ = ["probe_context"]

_SMALLEST = 1024
_BYTES_PER_TOKEN = 4.5
"""What plain English has in most vocabularies; corrected by what the server reports."""
_MOST_BYTES_PER_TOKEN = 6
"""What no vocabulary exceeds in such a text: fewer tokens than that were not all of it."""
_MARGIN = 160
_FIRST, _MIDDLE = "plover", "quartz"
_FULL = 0.85
"""The share of the expected tokens that has to be reported; vocabularies and templates differ."""
_WORDS = (
    "The harbour was quiet that morning and the boats lay still",
    "A baker carried warm bread along the narrow street",
    "Rain had fallen in the night and the stones were dark",
    "Two children counted the steps down to the water",
    "An old clock struck the hour a little too late",
)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One size: what was sent, and what came of it."""

    size: int
    """Bytes of the prompt."""
    reported: int
    """Tokens of the prompt as the server counts them; 0 where it does not."""
    finds_all: bool

    @property
    def tokens(self) -> int:
        """Tokens of the prompt, estimated where they are not counted."""
        return self.reported or int(self.size / _BYTES_PER_TOKEN)

    @property
    def bytes_per_token(self) -> float:
        """Bytes to a token of this text."""
        return round(self.size / self.tokens, 2)


async def probe_context(llm: LLM, *, up_to: int) -> ContextFinding:
    """Find the window, at most `up_to` tokens; costs up to twice as many tokens to read."""
    window = llm.abilities.context_tokens
    largest = up_to if window is None else min(up_to, window)
    read: _Reading | None = None
    for tokens in _sizes(largest):
        text = _text(tokens, read.bytes_per_token if read else _BYTES_PER_TOKEN)
        try:
            reply = await ask(llm, question(text))
        except ContextLengthError as error:
            return _refused(str(error), read, limit=error.limit)
        if isinstance(reply, Finding):
            return _refused(reply.why, read)
        written = f"{reply.message.thinking} {reply.text}".lower()
        finds_all = _FIRST in written and _MIDDLE in written
        reading = _Reading(len(text.encode()), reply.usage.input_tokens, finds_all)
        if not _is_whole(reading, read):
            return _cut(reading, read)
        read = reading
    if read is None:
        return ContextFinding(why=f"the window of {largest} tokens is too small to be probed")
    return _found(read, outcome="yes", why=f"{read.tokens} tokens were read whole")


def _sizes(largest: int) -> Iterator[int]:
    size = _SMALLEST
    while size <= largest:
        yield size
        size *= 2


def _text(tokens: int, bytes_per_token: float) -> str:
    """A prompt of about so many tokens, less what the answer needs."""
    room = int((tokens - _MARGIN) * bytes_per_token)
    lines = [f"The first code word is {_FIRST}. Remember it."]
    size, number = 0, 0
    while size < room:
        lines.append(f"{_WORDS[number % len(_WORDS)]}.")
        size += len(lines[-1]) + 1
        number += 1
    lines.insert(len(lines) // 2, f"The second code word is {_MIDDLE}. Remember it.")
    lines.append("Which are the first and the second code word? Write the two words only.")
    return "\n".join(lines)


def _is_whole(reading: _Reading, before: _Reading | None) -> bool:
    """Whether the prompt was read whole, by what the model wrote or by what the server counted."""
    if reading.finds_all:
        return True
    if before is None or not before.reported:
        expected = reading.size / _MOST_BYTES_PER_TOKEN
    else:
        expected = _FULL * before.reported * reading.size / before.size
    return reading.reported >= expected


def _cut(reading: _Reading, before: _Reading | None) -> ContextFinding:
    why = f"the code words in {reading.size} bytes were not found again"
    if not reading.reported and before is None:
        return ContextFinding(why=f"{why}, and no tokens were counted")
    why += f"; {reading.reported} tokens were counted, and no error was given"
    # What was counted is the window, unless the server counts what it was sent.
    tokens = reading.reported
    if before is not None and not before.tokens <= tokens < 2 * before.tokens:
        tokens = before.tokens
    ratio = before.bytes_per_token if before else None
    return ContextFinding(
        outcome="no", why=why, tokens=tokens, bytes_per_token=ratio, is_silent=True
    )


def _refused(said: str, before: _Reading | None, *, limit: int | None = None) -> ContextFinding:
    """The server says when a prompt is too long, which is all that one can wish for."""
    why = f"a longer prompt is refused, and not cut: {said[:120]}"
    if before is None:
        return ContextFinding(outcome="no", why=why, tokens=limit)
    found = _found(before, outcome="no", why=why)
    return found.model_copy(update={"tokens": limit or before.tokens})


def _found(reading: _Reading, *, outcome: Outcome, why: str) -> ContextFinding:
    return ContextFinding(
        outcome=outcome, why=why, tokens=reading.tokens, bytes_per_token=reading.bytes_per_token
    )
