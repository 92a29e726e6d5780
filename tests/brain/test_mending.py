from __future__ import annotations

import pytest

from agentcore import (
    AssistantMessage,
    Completion,
    ConfigurationError,
    ContextLengthError,
    LLMRequest,
    Sampling,
    SystemMessage,
    TextDelta,
    ToolSpec,
    Usage,
    UserMessage,
)
from agentcore.brain.mending import streams
from agentcore.brain.passport import ContextFinding, Finding, Passport
from agentcore.brain.probed import Probed
from agentcore.testing import FunctionLLM, Reply

YES = Finding(outcome="yes", why="seen")
NO = Finding(outcome="no", why="seen")
HELLO = LLMRequest((UserMessage(content="hi"),))


def plain(request: LLMRequest) -> Reply:
    return "42"


def passport(**findings: Finding) -> Passport:
    return Passport(name="function", identity="function").model_copy(update=findings)


async def told(llm: Probed, request: LLMRequest = HELLO) -> tuple[Completion, list[TextDelta]]:
    deltas: list[TextDelta] = []

    async def sink(delta: TextDelta) -> None:
        deltas.append(delta)

    return await llm.complete(request, on_delta=sink), deltas


async def test_thoughts_in_the_answer_are_taken_out_of_it() -> None:
    llm = FunctionLLM(lambda request: "<think>hm\n</think>\n\nIt is <b>4</b>.")

    completion, deltas = await told(Probed(llm, passport=passport(thinking_leaks=YES)))

    assert completion.message == AssistantMessage(content="It is <b>4</b>.", thinking="hm")
    assert deltas == [TextDelta(text="hm", thinking=True), TextDelta(text="It is <b>4</b>.")]


async def test_an_answer_among_the_thoughts_is_the_answer() -> None:
    llm = FunctionLLM(lambda request: AssistantMessage(thinking="It is 4."))

    completion, _ = await told(Probed(llm, passport=passport(answer_in_thinking=YES)))

    assert completion.message == AssistantMessage(content="It is 4.")


async def test_without_such_a_finding_an_answer_is_left_as_it_is() -> None:
    text = "<think> is a tag.</think>"

    completion, _ = await told(Probed(FunctionLLM(lambda request: text), passport=passport()))

    assert completion.text == text


@pytest.mark.parametrize(
    ("findings", "has_tools", "expected"),
    [
        ({}, True, True),
        ({"streaming": NO}, False, False),
        ({"streamed_tools": NO}, False, True),
        ({"streamed_tools": NO}, True, False),
        ({"answer_in_thinking": YES}, False, False),
    ],
)
def test_what_breaks_in_a_stream_is_asked_without(
    findings: dict[str, Finding], *, has_tools: bool, expected: bool
) -> None:
    spec = ToolSpec(name="a", description="", parameters={})
    request = LLMRequest(HELLO.messages, tools=(spec,) if has_tools else ())

    assert streams(passport(**findings), request) is expected


async def test_sampling_that_would_be_ignored_is_refused() -> None:
    llm = Probed(FunctionLLM(plain), passport=passport(stop_words=NO))

    with pytest.raises(ConfigurationError, match="stop="):
        await llm.complete(LLMRequest(HELLO.messages, sampling=Sampling(stop=("x",))))


CUT = ContextFinding(outcome="no", why="", tokens=1000, bytes_per_token=4.0, is_silent=True)
SEEN = ContextFinding(outcome="yes", why="", tokens=1000, bytes_per_token=4.0)
LOUD = ContextFinding(outcome="no", why="", tokens=1000, bytes_per_token=4.0)


def counting(tokens: int) -> FunctionLLM:
    usage = Usage(steps=1, input_tokens=tokens)
    return FunctionLLM(
        lambda request: Completion(message=AssistantMessage(content="ok"), usage=usage)
    )


def prompt(characters: int) -> LLMRequest:
    half = "x" * (characters // 2)
    return LLMRequest((SystemMessage(content=half), UserMessage(content=half)))


@pytest.mark.parametrize("context", [CUT, SEEN])
async def test_a_prompt_beyond_the_window_is_refused_before_it_is_sent(
    context: ContextFinding,
) -> None:
    inner = counting(1000)

    with pytest.raises(ContextLengthError, match="at least 1100 tokens") as caught:
        await Probed(inner, passport=passport(context=context)).complete(prompt(4400))

    assert (caught.value.tokens, caught.value.limit, inner.requests) == (1100, 1000, [])


@pytest.mark.parametrize(("characters", "counted"), [(3600, 1000), (3800, 700)])
async def test_a_prompt_that_was_cut_is_an_error_and_no_answer(
    characters: int, counted: int
) -> None:
    llm = Probed(counting(counted), passport=passport(context=CUT))

    with pytest.raises(ContextLengthError, match="cuts longer prompts without a word"):
        await llm.complete(prompt(characters))


@pytest.mark.parametrize(
    ("context", "characters", "counted"), [(CUT, 2000, 600), (CUT, 2000, 0), (LOUD, 4400, 1000)]
)
async def test_a_prompt_that_fits_or_that_the_server_itself_refuses_is_sent(
    context: ContextFinding, characters: int, counted: int
) -> None:
    llm = Probed(counting(counted), passport=passport(context=context))

    assert (await llm.complete(prompt(characters))).text == "ok"
