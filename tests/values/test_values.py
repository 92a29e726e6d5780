from __future__ import annotations

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agentcore.completions import Completion, LLMRequest, Sampling, ToolSpec
from agentcore.events import Offered, load_event
from agentcore.messages import (
    AssistantMessage,
    ImagePart,
    SystemMessage,
    TextPart,
    ToolCall,
    UserMessage,
)
from agentcore.percepts import Observation, Percept
from agentcore.usage import Usage
from agentcore.values import Value, digest_of

BASE = LLMRequest(messages=(UserMessage(content="hi"),))


def test_a_digest_is_the_same_in_every_process() -> None:
    message = UserMessage(content="Grüße")

    assert message.digest == "5bc364266fc1f6c116d55802c5caae58"


@given(st.lists(st.text(max_size=3), max_size=3), st.lists(st.text(max_size=3), max_size=3))
def test_parts_are_kept_apart_in_a_digest(first: list[str], second: list[str]) -> None:
    assert (digest_of(*first) == digest_of(*second)) == (first == second)


@given(st.text(), st.text())
def test_equal_values_have_equal_digests_and_others_have_others(first: str, second: str) -> None:
    digests = UserMessage(content=first).digest, UserMessage(content=second).digest

    assert (digests[0] == digests[1]) == (first == second)


def test_the_role_of_a_message_is_part_of_its_digest() -> None:
    contents = (kind(content="hi") for kind in (UserMessage, SystemMessage, AssistantMessage))

    assert len({message.digest for message in contents}) == 3


@pytest.mark.parametrize(
    "other",
    [
        LLMRequest(messages=()),
        LLMRequest(messages=(UserMessage(content="hi"), UserMessage(content=""))),
        LLMRequest(messages=BASE.messages, sampling=Sampling(temperature=0)),
        LLMRequest(messages=BASE.messages, output_schema={}),
        LLMRequest(messages=BASE.messages, output_schema={"type": "object"}),
        LLMRequest(
            messages=BASE.messages, tools=(ToolSpec(name="a", description="", parameters={}),)
        ),
    ],
)
def test_each_part_of_a_request_is_part_of_its_digest(other: LLMRequest) -> None:
    assert other.digest != BASE.digest


@given(st.text())
def test_text_is_encoded_as_it_is_and_not_escaped(text: str) -> None:
    readable = "".join(char for char in text if char >= " " and char not in '"\\\x7f')

    assert readable.encode() in UserMessage(content=readable).encoded


def test_a_copy_drops_what_was_cached_of_the_original() -> None:
    original = Offered(key="offer-1", text="4", score=1.0)
    before = original.encoded, original.digest

    copy = original.model_copy(update={"seq": 7})

    assert b'"seq":7' in copy.encoded
    assert copy.digest != original.digest
    assert (original.encoded, original.digest) == before


def test_a_cached_encoding_does_not_make_equal_values_differ() -> None:
    first, second = UserMessage(content="a"), UserMessage(content="a")
    assert first.digest

    assert first == second
    assert hash(first) == hash(second)


def test_a_value_pickles_after_its_encoding_was_cached() -> None:
    value = UserMessage(content="a")
    assert value.digest

    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 - made here


def test_a_value_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        UserMessage(content="a").content = "b"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def test_an_unknown_field_is_an_error() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        UserMessage.model_validate({"content": "a", "colour": "red"})


@pytest.mark.parametrize("score", [math.inf, -math.inf])
def test_an_infinite_number_is_read_back_as_itself(score: float) -> None:
    event = Offered(key="offer-1", text="4", score=score)

    assert load_event(event.encoded) == event


@given(st.builds(Usage), st.builds(Usage))
def test_usage_adds_field_by_field(first: Usage, second: Usage) -> None:
    total = first + second

    assert total.tokens == first.tokens + second.tokens
    assert (total.steps, total.tool_calls) == (
        first.steps + second.steps,
        first.tool_calls + second.tool_calls,
    )


def test_sampling_that_is_merged_goes_over_what_was_set() -> None:
    merged = Sampling(temperature=1, top_k=5).merged(Sampling(temperature=0, stop=("\n",)))

    assert merged == Sampling(temperature=0, top_k=5, stop=("\n",))
    assert merged.settings() == {"temperature", "top_k", "stop"}


def test_a_completion_counts_as_one_step_where_nothing_is_said() -> None:
    assert Completion(message=AssistantMessage(content="a")).usage == Usage(steps=1)


def test_an_observation_is_read_by_the_model_as_the_result_of_its_call() -> None:
    call = ToolCall(id="call-1", name="find")
    percept = Percept(content=TextPart(text="Dune"), source="tool:find")

    message = Observation(call=call, percept=percept, is_error=True).to_message()

    assert (message.tool_call_id, message.name) == ("call-1", "find")
    assert (message.content, message.is_error) == ("Dune", True)


def test_a_percept_that_is_no_text_has_a_stand_in() -> None:
    assert Percept(content=ImagePart(url="https://a.test/b"), source="user").text == "[image/png]"


def test_the_same_content_from_two_sources_is_known_by_the_digest_of_its_content() -> None:
    first, second = (Percept(content=TextPart(text="a"), source=source) for source in ("x", "y"))

    assert first.content.digest == second.content.digest
    assert first.digest != second.digest


def test_every_value_is_built_at_first_use_and_not_at_import() -> None:
    assert Value.model_config.get("defer_build")
