"""The suite fails, in the right check, where a backend behind HTTP does something wrong."""

from __future__ import annotations

import pytest

from agentcore.testing import Suite, failing_checks
from agentcore.testing.failures import FailureChecks
from agentcore.testing.streams import StreamChecks
from agentcore.testing.suite import checks_of
from tests.testing.broken_backends import (
    Backend,
    DecodesEachPiece,
    ForgetsHowLongToWait,
    ForgetsWhoFailed,
    LeavesCallsWithoutIds,
    LeavesTheStreamOpen,
    LetsTheVendorsErrorsOut,
    RaisesWhatDoesNotPickle,
    SendsThinkingBack,
    ShowsTheKeyInItsRepr,
    ShowsTheKeyInTheCause,
    ShowsTheKeyOfTheServer,
    TakesAPieceForALine,
    TakesEveryFailureForOne,
    TakesHalfAnAnswer,
    WaitsForTheWholeStream,
    broken,
)

KEY = {"test_a_wrong_key_is_an_authentication_error_that_does_not_show_it"}
LATE = {"test_a_rate_limit_says_when_to_come_back"}
NO_MODEL = {"test_an_unknown_model_is_a_model_not_found_error"}
TOO_LONG = {"test_a_conversation_that_is_too_long_is_a_context_length_error"}
OVERLOADED = {
    "test_an_overloaded_server_is_unavailable",
    "test_the_error_page_of_a_proxy_is_unavailable",
}
TIMED_OUT = {"test_no_answer_in_time_is_a_timeout"}
CONNECTION = {
    "test_a_connection_that_breaks_before_the_answer_is_unavailable",
    "test_a_connection_that_breaks_inside_the_answer_is_unavailable",
    "test_a_server_that_is_down_is_unavailable",
    *TIMED_OUT,
}
GARBLED = {"test_an_answer_that_is_no_json_is_unavailable"}
CUT_SHORT = {
    "test_a_page_instead_of_an_answer_is_unavailable",
    "test_an_answer_that_ends_too_early_is_unavailable",
}
REPR = {"test_the_repr_does_not_show_the_key"}
STATUSES = KEY | LATE | NO_MODEL | TOO_LONG
CUT = {
    "test_a_character_cut_in_two_anywhere_arrives_whole",
    "test_a_stream_of_single_bytes_arrives_whole",
}
LET_GO = {
    "test_an_error_of_the_reader_closes_the_stream",
    "test_text_is_streamed_while_it_comes_and_a_cancelled_stream_is_closed",
}


@pytest.mark.parametrize(
    ("backend", "family", "failing"),
    [
        (ShowsTheKeyOfTheServer, FailureChecks, KEY),
        (ShowsTheKeyInTheCause, FailureChecks, KEY),
        (ShowsTheKeyInItsRepr, FailureChecks, REPR),
        (ForgetsWhoFailed, FailureChecks, set(checks_of(FailureChecks)) - REPR),
        (LetsTheVendorsErrorsOut, FailureChecks, CONNECTION | GARBLED),
        (TakesEveryFailureForOne, FailureChecks, STATUSES | TIMED_OUT),
        (ForgetsHowLongToWait, FailureChecks, LATE),
        (RaisesWhatDoesNotPickle, FailureChecks, STATUSES | OVERLOADED),
        (TakesHalfAnAnswer, FailureChecks, CUT_SHORT),
        (DecodesEachPiece, StreamChecks, CUT),
        (TakesAPieceForALine, StreamChecks, CUT | {"test_a_stream_in_one_piece_arrives_whole"}),
        (SendsThinkingBack, StreamChecks, {"test_thinking_is_never_sent_back"}),
        (LeavesCallsWithoutIds, StreamChecks, {"test_calls_that_come_without_ids_get_some"}),
    ],
)
def test_what_is_wrong_with_a_backend_fails_in_its_checks_and_in_no_other_of_the_family(
    backend: type[Backend], family: type[Suite], failing: set[str]
) -> None:
    assert failing_checks(broken(backend), checks_of(family)).keys() == failing


@pytest.mark.parametrize(
    ("backend", "failing"),
    [
        (WaitsForTheWholeStream, LET_GO),
        (LeavesTheStreamOpen, {"test_an_error_of_the_reader_closes_the_stream"}),
    ],
)
def test_what_never_ends_fails_when_patience_does(
    backend: type[Backend], failing: set[str]
) -> None:
    suite = broken(backend)
    suite.patience_s = 0.05  # all of these checks wait in vain, however fast the machine is

    assert failing_checks(suite, failing).keys() == failing


def test_a_backend_that_is_sound_fails_nowhere() -> None:
    assert failing_checks(broken(Backend)) == {}
