"""Probes of plain text: where thoughts are, stop words, streaming, characters, probabilities."""

from __future__ import annotations

from dataclasses import replace

from ..completions import Completion, Sampling
from ..interfaces import LLM
from ..thoughts import split_thoughts
from .passport import Finding
from .probe_asking import MOST_TOKENS, ask, no, question, unknown, yes

__all__ = [
    "judge_thinking",
    "probe_logprobs",
    "probe_stop_words",
    "probe_streaming",
    "probe_unicode",
]

_SAMPLE = "Grüße, żółw, 你好, 🦉"
"""Characters of two, three and four bytes."""
_BROKEN = "\ufffd"


async def judge_thinking(llm: LLM) -> dict[str, Finding]:
    """Ask something that is worth a thought; the findings are `Passport`'s fields of that name.

    The first probe: an error here is an error, and no finding.
    """
    reply = await llm.complete(question("What is 17 + 25? Answer with the number only."))
    thinking = reply.message.thinking.strip()
    thoughts, rest = split_thoughts(reply.text)
    return {
        "thinking_field": yes("thoughts came in their own field") if thinking else _none(reply),
        "thinking_leaks": (
            yes(f"the answer begins with thoughts: {reply.text.strip()[:60]!r}")
            if thoughts
            else no("the answer holds no thoughts")
        ),
        "answer_in_thinking": _judge_place(reply, thinking, rest),
    }


def _none(reply: Completion) -> Finding:
    if reply.text.strip():
        return no("answered without thoughts in their own field")
    return unknown("neither thoughts nor an answer came")


def _judge_place(reply: Completion, thinking: str, answer: str) -> Finding:
    if answer.strip():
        return no("the answer is where it belongs")
    if reply.finish_reason == "length":
        return unknown("the answer was cut while the model was thinking")
    if "42" in thinking:
        return yes(f"the answer is empty, and the thoughts are {thinking[-60:]!r}")
    return unknown("the answer is empty")


async def probe_stop_words(llm: LLM) -> Finding:
    """Whether the model stops before a word that it was going to write."""
    request = replace(
        question("Write this line and nothing else: alpha beta gamma delta"),
        sampling=Sampling(max_tokens=MOST_TOKENS, stop=("gamma",)),
    )
    reply = await ask(llm, request)
    if isinstance(reply, Finding):
        return reply
    text = split_thoughts(reply.text)[1].lower()
    if "gamma" in text:
        return no(f"wrote the stop word: {text.strip()[:60]!r}")
    if "beta" in text:
        return yes("stopped before the stop word")
    return unknown(f"wrote {text.strip()[:60]!r}, which does not come to the stop word")


async def probe_unicode(llm: LLM) -> Finding:
    """Whether characters of several bytes come back as they were sent."""
    return await _echo(llm, is_streamed=False)


async def probe_streaming(llm: LLM) -> Finding:
    """Whether a streamed answer arrives to its end, and with its characters intact."""
    return await _echo(llm, is_streamed=True)


async def _echo(llm: LLM, *, is_streamed: bool) -> Finding:
    request = question(f"Repeat this line exactly, and write nothing else: {_SAMPLE}")
    reply = await ask(llm, request, is_streamed=is_streamed)
    if isinstance(reply, Finding):
        return reply
    text = split_thoughts(reply.text)[1].strip()
    if _SAMPLE in text:
        return yes("the line came back intact")
    if _BROKEN in text:
        return no(f"characters were broken: {text[:60]!r}")
    return unknown(f"wrote {text[:60]!r} instead of {_SAMPLE!r}")


async def probe_logprobs(llm: LLM) -> Finding:
    """Whether the log-probabilities of tokens come where they are asked for."""
    request = replace(question("Say yes."), sampling=Sampling(max_tokens=MOST_TOKENS, logprobs=1))
    reply = await ask(llm, request)
    if isinstance(reply, Finding):
        return reply
    if reply.logprobs:
        return yes(f"{len(reply.logprobs)} tokens with their log-probabilities")
    return no("answered without log-probabilities")
