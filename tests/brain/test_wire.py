from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.brain.wire import (
    TextPieces,
    arguments_of,
    arguments_to_object,
    logprobs_of,
    with_ids,
)
from agentcore.messages import ToolCall
from agentcore.servers.reading import parse_reply, text_of, whole_characters
from agentcore.values import JsonValue

ANY_TEXT = st.text(st.characters(exclude_categories=()))
"""Text as JSON can hold it: with lone surrogates."""


@given(ANY_TEXT)
def test_any_text_of_a_server_can_be_written_as_utf8(text: str) -> None:
    whole = whole_characters(text)

    assert whole.encode().decode() == whole


@given(st.lists(ANY_TEXT))
def test_pieces_add_up_to_the_whole_text(pieces: list[str]) -> None:
    text = TextPieces()

    shown = [text.add(piece) for piece in pieces]
    shown.append(text.end())

    assert "".join(shown) == text.text == whole_characters("".join(pieces))


def test_a_surrogate_pair_cut_in_two_is_one_character() -> None:
    text = TextPieces()

    shown = [text.add("a\ud83d"), text.add("\ude00b"), text.end()]

    assert shown == ["a", "😀b", ""]


def test_the_text_of_parts_is_joined() -> None:
    parts: JsonValue = [{"type": "text", "text": "a"}, {"type": "other"}, 3, {"text": "b"}]

    assert text_of(parts) == "ab"


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ({"a": "é"}, '{"a": "é"}'),
        ("{not json", "{not json"),
        ("", "{}"),
        (" ", "{}"),
        (None, "{}"),
        ([1], "[1]"),
    ],
)
def test_arguments_become_the_text_that_the_model_wrote(sent: JsonValue, read: str) -> None:
    assert arguments_of(sent) == read


def test_malformed_arguments_are_sent_back_as_an_object_that_holds_them() -> None:
    assert arguments_to_object("{not json") == {"malformed_arguments": "{not json"}


def test_calls_without_an_id_of_their_own_are_numbered() -> None:
    calls = [ToolCall(id=identity, name="add") for identity in ("", "call_1", "call_1", "x", "")]

    assert [call.id for call in with_ids(calls)] == ["call_1_", "call_1", "call_3", "x", "call_5"]


@given(st.lists(st.sampled_from(["", "call_1", "call_2", "call_2_", "a"])))
def test_ids_are_unique_and_good_ones_are_kept(identities: list[str]) -> None:
    calls = with_ids([ToolCall(id=identity, name="add") for identity in identities])

    assert len({call.id for call in calls}) == len(calls)
    assert {identity for identity in identities if identity} <= {call.id for call in calls}


def test_a_log_probability_that_is_no_number_becomes_very_improbable() -> None:
    (token,) = logprobs_of([parse_reply('{"token": "a", "logprob": -Infinity}')])

    assert token.logprob == -9999.0


@pytest.mark.parametrize("content", [b"<html>", b"", b"\xff\xfe\xfa", b"[" * 100_000])
def test_what_is_not_json_is_none(content: bytes) -> None:
    assert parse_reply(content) is None
