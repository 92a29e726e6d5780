"""Which model is asked after which failure."""

from __future__ import annotations

import pytest

from agentcore import (
    Abilities,
    Agent,
    AuthenticationError,
    ConfigurationError,
    ContextLengthError,
    LLMError,
    LLMRequest,
    LLMTimeoutError,
    LLMUnavailableError,
    RateLimitError,
    UserMessage,
)
from agentcore.brain import OUTAGE, Fallback, Retrying, Spare
from agentcore.events import Thought
from agentcore.testing import FunctionLLM, ScriptedLLM

HELLO = LLMRequest(messages=(UserMessage(content="hello"),))


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (RateLimitError("busy"), "patient"),
        (ContextLengthError("long"), "wide"),
        (LLMUnavailableError("down"), "local"),
        (LLMTimeoutError("slow"), "local"),
    ],
)
async def test_each_kind_of_failure_has_its_spare(error: LLMError, answer: str) -> None:
    llm = Fallback(
        ScriptedLLM(error),
        Spare(ScriptedLLM("patient"), when=(RateLimitError,)),
        Spare(ScriptedLLM("wide"), when=lambda error: isinstance(error, ContextLengthError)),
        Spare(ScriptedLLM("local"), when=OUTAGE),
    )

    assert (await llm.complete(HELLO)).text == answer


async def test_a_spare_that_fails_too_is_followed_by_the_next_for_its_own_failure() -> None:
    skipped = ScriptedLLM()
    last = ScriptedLLM("at last")
    llm = Fallback(
        ScriptedLLM(RateLimitError("busy")),
        ScriptedLLM(LLMUnavailableError("down")),
        Spare(skipped, when=(RateLimitError,)),
        last,
    )

    assert (await llm.complete(HELLO)).text == "at last"
    assert last.requests == [HELLO]
    assert skipped.requests == []


async def test_an_error_that_no_spare_is_for_is_raised_unchanged() -> None:
    error = AuthenticationError("wrong key")
    spare = ScriptedLLM()

    with pytest.raises(AuthenticationError) as caught:
        await Fallback(ScriptedLLM(error), spare).complete(HELLO)

    assert caught.value is error
    assert spare.requests == []


async def test_the_run_says_which_model_answered() -> None:
    llm = Fallback(
        Retrying(ScriptedLLM(LLMUnavailableError("down")), max_attempts=1),
        FunctionLLM(lambda _: "here"),
    )

    result = await Agent(llm=llm).run("go")

    thoughts = [event for event in result.trajectory if isinstance(event, Thought)]
    assert [(thought.llm, thought.completion.model) for thought in thoughts] == [
        ("function", "function"),
        ("fallback(retrying(scripted), function)", "function"),
    ]
    assert result.usage.steps == 2


def wide(tokens: int | None, *, images: bool = True, tools: bool = True) -> ScriptedLLM:
    return ScriptedLLM(abilities=Abilities(context_tokens=tokens, images=images, tools=tools))


def test_abilities_are_what_all_have_and_the_window_what_the_largest_takes() -> None:
    llm = Fallback(wide(4000, images=False), wide(32_000, tools=False))

    assert (llm.abilities.images, llm.abilities.tools) == (False, False)
    assert llm.abilities.context_tokens == 32_000
    outage = Fallback(wide(4000), Spare(wide(2000), when=OUTAGE))
    assert outage.abilities.context_tokens == 2000
    assert Fallback(wide(4000), wide(None)).abilities.context_tokens is None


class Probed(ScriptedLLM):
    async def probe(self) -> Abilities:
        raise LLMUnavailableError("down")


async def test_a_model_that_is_down_does_not_keep_the_others_from_being_asked() -> None:
    llm = Fallback(Probed(LLMUnavailableError("down")), ScriptedLLM("here"))

    assert (await Agent(llm=llm).run("go")).output == "here"
    with pytest.raises(LLMUnavailableError):
        await Fallback(Probed(), Probed()).probe()


def test_a_fallback_without_a_spare_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no spare"):
        Fallback(ScriptedLLM())
