"""Each probe on a model that is, or is not, what it looks for."""

from __future__ import annotations

import json
import re

import pytest

from agentcore import (
    Abilities,
    AssistantMessage,
    AuthenticationError,
    Completion,
    ConfigurationError,
    ContextLengthError,
    LLMError,
    LLMRequest,
    LLMUnavailableError,
    RateLimitError,
    ToolCall,
    ToolMessage,
    Usage,
    UserMessage,
)
from agentcore.brain.passport import Finding
from agentcore.brain.probe import examine, identity_of
from agentcore.brain.probe_asking import Probe
from agentcore.brain.probe_context import probe_context
from agentcore.brain.probe_images import probe_images, square_png
from agentcore.brain.probe_schema import probe_schema_enforced, probe_schema_seen
from agentcore.brain.probe_text import (
    judge_thinking,
    probe_logprobs,
    probe_stop_words,
    probe_unicode,
)
from agentcore.brain.probe_tools import probe_parallel_tools, probe_tool_choice, probe_tools
from agentcore.completions import TokenLogprob
from agentcore.testing import FunctionLLM, Reply, call

OSLO = call("read_thermometer", city="Oslo")
SEEING = Abilities(images=True)
CAIRO = call("read_thermometer", city="Cairo")


def said(text: str, *, finish: str = "stop", thinking: str = "", tokens: int = 9) -> Completion:
    return Completion.model_validate(
        {
            "message": AssistantMessage(content=text, thinking=thinking),
            "finish_reason": finish,
            "usage": Usage(steps=1, input_tokens=tokens),
        }
    )


async def found(probe: Probe, reply: Reply) -> Finding:
    return await probe(FunctionLLM(lambda request: reply, abilities=SEEING))


@pytest.mark.parametrize(
    ("probe", "reply", "outcome", "why"),
    [
        (probe_tools, OSLO, "yes", "called read_thermometer"),
        (probe_tools, call("shout"), "no", "not offered"),
        (probe_tools, ToolCall(id="", name="read_thermometer", arguments="{,}"), "no", "called"),
        (probe_tools, '{"name": "read_thermometer"}', "no", "wrote the call as text"),
        (probe_tools, "It is cold.", "no", "instead of a call"),
        (probe_tools, "", "no", "wrote nothing"),
        (probe_tools, said("hm", finish="length"), "unknown", "cut"),
        (probe_tools, LLMError("does not support tools"), "no", "does not support tools"),
        (probe_tools, ConfigurationError("takes none"), "no", "refused"),
        (probe_parallel_tools, (OSLO, CAIRO), "yes", "both"),
        (probe_parallel_tools, OSLO, "no", "one city"),
        (probe_parallel_tools, "no", "no", "instead"),
        (probe_tool_choice, OSLO, "yes", "against its own wish"),
        (probe_tool_choice, "Hello!", "no", "instead"),
        (probe_schema_enforced, '{"paint": "ochre"}', "yes", "plain text was asked"),
        (probe_schema_enforced, "I like green tea.", "no", "against the schema"),
        (probe_schema_enforced, '{"paint": "red"}', "no", "against the schema"),
        (probe_schema_enforced, said('{"pa', finish="length"), "unknown", "cut"),
        (probe_schema_seen, '{"word": "marmalade"}', "yes", "only the schema"),
        (probe_schema_seen, '{"word": "x"}', "no", "'x'"),
        (probe_stop_words, "alpha beta ", "yes", "stopped"),
        (probe_stop_words, "alpha beta gamma delta", "no", "wrote the stop word"),
        (probe_stop_words, "Sure!", "unknown", "does not come to"),
        (probe_unicode, "Grüße, żółw, 你好, 🦉", "yes", "intact"),
        (probe_unicode, "Gr\ufffd\ufffdße", "no", "broken"),
        (probe_unicode, "Hello", "unknown", "instead of"),
        (probe_images, "orange, purple", "yes", "saw"),
        (probe_images, "none", "no", "did not see"),
        (probe_logprobs, "yes", "no", "refused"),
    ],
)
async def test_a_probe_finds(probe: Probe, reply: Reply, outcome: str, why: str) -> None:
    finding = await found(probe, reply)

    assert finding.outcome == outcome
    assert why in finding.why


async def test_log_probabilities_are_found() -> None:
    token = TokenLogprob(token="y", logprob=-0.1)
    reply = said("yes").model_copy(update={"logprobs": (token,)})

    assert (await found(probe_logprobs, reply)).outcome == "yes"


@pytest.mark.parametrize(
    ("reply", "places"),
    [
        (said("42"), ("no", "no", "no")),
        (said("42", thinking="17 and 25"), ("yes", "no", "no")),
        (said("<think>hm</think>42"), ("no", "yes", "no")),
        (said("hm</think>42"), ("no", "yes", "no")),
        (said("", thinking="It is 42."), ("yes", "no", "yes")),
        (said("", thinking="Well", finish="length"), ("yes", "no", "unknown")),
        (said("<think>Well", finish="length"), ("no", "yes", "unknown")),
        (said(""), ("unknown", "no", "unknown")),
    ],
)
async def test_thoughts_are_found_where_they_are(
    reply: Completion, places: tuple[str, str, str]
) -> None:
    found = await judge_thinking(FunctionLLM(lambda request: reply))

    names = ("thinking_field", "thinking_leaks", "answer_in_thinking")
    assert tuple(found[name].outcome for name in names) == places


def reader(
    window: int, *, counts: bool = True, finds: bool = True, is_loud: bool = False
) -> FunctionLLM:
    """A model that reads the last `window` tokens of a prompt, at four bytes each."""

    def reply(request: LLMRequest) -> Reply:
        message = request.messages[0]
        assert isinstance(message, UserMessage)
        size = len(message.text) // 4
        if is_loud and size > window:
            return ContextLengthError("too long", limit=window)
        seen = message.text[-4 * window :]
        words = re.findall(r"code word is (\w+)", seen) if finds else []
        return said(" ".join(words), tokens=min(size, window) if counts else 0)

    return FunctionLLM(reply)


async def test_a_window_larger_than_the_largest_size_is_read_whole() -> None:
    finding = await probe_context(reader(100_000), up_to=4096)

    assert finding.outcome == "yes"
    assert finding.tokens is not None
    assert 3600 < finding.tokens <= 4096
    assert finding.bytes_per_token == pytest.approx(4.0, abs=0.05)


@pytest.mark.parametrize("window", [700, 1500, 3000])
async def test_a_prompt_that_is_cut_in_silence_gives_the_window_away(window: int) -> None:
    finding = await probe_context(reader(window), up_to=8192)

    assert (finding.outcome, finding.is_silent, finding.tokens) == ("no", True, window)


async def test_without_counts_the_window_is_what_was_last_read_whole() -> None:
    finding = await probe_context(reader(1500, counts=False), up_to=8192)

    assert (finding.outcome, finding.is_silent) == ("no", True)
    assert finding.tokens is not None
    assert finding.tokens <= 1500


async def test_a_model_that_finds_no_words_again_is_believed_by_the_count() -> None:
    assert (await probe_context(reader(9000, finds=False), up_to=4096)).outcome == "yes"


async def test_with_neither_words_nor_counts_the_window_is_unknown() -> None:
    finding = await probe_context(reader(9000, counts=False, finds=False), up_to=4096)

    assert (finding.outcome, finding.tokens) == ("unknown", None)


async def test_a_server_that_refuses_a_long_prompt_is_not_silent() -> None:
    finding = await probe_context(reader(1500, is_loud=True), up_to=8192)

    assert (finding.outcome, finding.is_silent, finding.tokens) == ("no", False, 1500)


async def test_the_window_is_not_probed_beyond_the_backends_own() -> None:
    llm = FunctionLLM(
        lambda request: said("plover quartz"), abilities=Abilities(context_tokens=2048)
    )

    await probe_context(llm, up_to=65_536)

    assert len(llm.requests) == 2


def good(request: LLMRequest) -> Reply:
    """A good model for the probes."""
    message = request.messages[-1]
    if isinstance(message, ToolMessage):
        return f"It is {message.content} degrees."
    assert isinstance(message, UserMessage)
    if "word of the day" in message.text:
        return "Juniper."
    if request.tools:
        return (OSLO, CAIRO) if "Cairo" in message.text else OSLO
    if request.output_schema is not None:
        is_paint = "paint" in json.dumps(request.output_schema)
        return '{"paint": "violet"}' if is_paint else '{"word": "marmalade"}'
    if "nothing else: " in message.text:
        return message.text.partition("nothing else: ")[2].partition("gamma")[0]
    return "42 plover quartz"


async def test_a_passport_has_a_finding_for_each_probe_and_what_they_cost() -> None:
    llm = FunctionLLM(good, abilities=SEEING)

    passport = await examine(llm, identity="sha", context_up_to=2048)

    outcomes = {name: finding.outcome for name, finding in passport.findings.items()}
    refuted = {"thinking_field", "thinking_leaks", "answer_in_thinking", "images", "logprobs"}
    assert {name for name, outcome in outcomes.items() if outcome == "no"} == refuted
    assert "unknown" not in outcomes.values()
    assert passport.usage.steps == len(llm.requests) == 17
    assert all(request.sampling.max_tokens for request in llm.requests)


async def test_a_model_without_tools_is_not_asked_to_call_two() -> None:
    llm = FunctionLLM(lambda request: "42")

    passport = await examine(llm, context_up_to=0)

    assert passport.parallel_tools.outcome == passport.streamed_tools.outcome == "no"
    assert sum(bool(request.tools) for request in llm.requests) == 2


@pytest.mark.parametrize(
    "error", [LLMUnavailableError("gone"), AuthenticationError("no key"), RateLimitError("later")]
)
async def test_a_server_that_cannot_be_asked_is_an_error(error: LLMError) -> None:
    with pytest.raises(type(error)):
        await examine(FunctionLLM(lambda request: error))


async def test_a_server_that_dies_in_between_is_an_error_and_no_finding() -> None:
    def reply(request: LLMRequest) -> Reply:
        return LLMUnavailableError("gone") if len(llm.requests) > 3 else good(request)

    llm = FunctionLLM(reply)

    with pytest.raises(LLMUnavailableError, match="gone"):
        await examine(llm)


async def test_a_server_that_fails_at_one_thing_is_a_finding() -> None:
    def reply(request: LLMRequest) -> Reply:
        return LLMUnavailableError("HTTP 500") if request.tools else good(request)

    passport = await examine(FunctionLLM(reply), context_up_to=0)

    assert passport.tools.outcome == "no"
    assert "HTTP 500" in passport.tools.why


async def test_a_model_without_an_identity_is_known_by_its_name() -> None:
    assert await identity_of(FunctionLLM(good)) == "function"


def test_the_picture_is_a_png_of_two_halves() -> None:
    data = square_png((1, 2, 3), (4, 5, 6))

    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert data.endswith(b"IEND\xaeB`\x82")
