"""The suite fails, in the right check, where a model does something wrong."""

from __future__ import annotations

import pytest

from agentcore.testing import Suite, failing_checks
from agentcore.testing.answers import AnswerChecks
from agentcore.testing.cancelling import CancelChecks
from agentcore.testing.requests import RequestChecks
from agentcore.testing.sharing import SharingChecks
from agentcore.testing.suite import checks_of
from tests.testing.broken_models import (
    BelongsToOneLoop,
    ClosesOnce,
    EscapesCharacters,
    ForgetsTheSchema,
    ForgetsTheSystem,
    ForgetsTools,
    GivesAllCallsOneId,
    GoesOnInTheBackground,
    HangsAfterCancellation,
    HidesErrorsOfTheReader,
    LosesArguments,
    LosesUsage,
    MakesEverybodyTheUser,
    MixesThinkingIn,
    MixesUpCalls,
    Model,
    ReordersCalls,
    SaysThatItStopped,
    StreamsEmptyPieces,
    StreamsSomethingElse,
    StreamsThinkingAsText,
    SwallowsCancellation,
    TakesWhatItCannotDo,
    broken,
    forgetting,
)

SEVERAL_CALLS = {
    "test_calls_beside_text_are_both_there",
    "test_parallel_calls_keep_their_order_and_their_arguments",
    "test_streamed_calls_are_the_calls",
    "test_streamed_calls_beside_text_are_both_there",
}
CALLS = {"test_a_call_is_answered", *SEVERAL_CALLS}
CUT_OFF = {
    "test_an_answer_that_was_cut_off_says_so",
    "test_a_streamed_answer_that_was_cut_off_says_so",
}
STREAMED_THINKING = {"test_thinking_is_streamed_apart_from_the_answer"}
THINKING = {"test_thinking_is_kept_apart_from_the_answer", *STREAMED_THINKING}
STREAMED_CHARACTERS = {"test_characters_of_all_kinds_are_streamed_whole"}
CHARACTERS = {"test_characters_of_all_kinds_arrive_whole", *STREAMED_CHARACTERS}
STREAMED_PIECES = {
    "test_a_streamed_answer_that_was_cut_off_says_so",
    "test_a_streamed_text_is_the_text",
    "test_streamed_calls_beside_text_are_both_there",
    *STREAMED_CHARACTERS,
    *STREAMED_THINKING,
}
READER = {"test_an_error_of_the_reader_is_its_own_and_the_next_call_works"}
STOPPED = {
    "test_a_cancelled_call_stops_the_work_behind_it_and_the_next_one_works",
    "test_a_cancelled_stream_stops_the_work_behind_it_and_the_next_call_works",
}
CANCELLED = {
    "test_a_call_that_is_cancelled_while_its_reader_is_slow_ends",
    "test_one_cancelled_call_leaves_the_others_alone",
    *STOPPED,
}
CONCURRENT_STREAMS = {"test_concurrent_streams_are_not_mixed"}
CONCURRENT = {"test_concurrent_calls_get_their_own_answers", *CONCURRENT_STREAMS}
LOOPS = {
    "test_one_object_works_from_loop_after_loop",
    "test_one_object_works_from_several_loops_at_once",
}
CLOSING = {
    "test_a_call_after_closing_is_answered_or_refused",
    "test_closing_twice_is_allowed_also_where_nothing_was_asked",
}
HISTORY = {"test_a_conversation_is_sent_whole_and_in_order"}
ROLES = {
    "test_roles_are_told_apart",
    "test_a_tools_result_is_told_apart_from_the_users_words",
}
TOOLS = {"test_tools_are_sent_with_their_whole_schemas_or_refused"}
SCHEMA = {"test_an_output_schema_is_sent_whole_or_refused"}
IMAGE = {"test_an_image_is_sent_or_refused"}
NO_LOGPROBS = {
    "test_an_answer_without_the_log_probabilities_that_were_asked_for_is_refused",
}
SETTINGS = {
    "temperature": {"test_temperature_is_sent_or_refused"},
    "top_p": {"test_top_p_is_sent_or_refused"},
    "top_k": {"test_top_k_is_sent_or_refused"},
    "seed": {"test_a_seed_is_sent_or_refused"},
    "stop": {"test_stop_texts_are_sent_or_refused"},
    "max_tokens": {"test_max_tokens_is_sent_or_refused"},
    "logprobs": NO_LOGPROBS,
}
REFUSED = {
    "test_log_probabilities_are_returned_or_refused",
    *(name for checks in SETTINGS.values() for name in checks),
}


@pytest.mark.parametrize(
    ("model", "family", "failing"),
    [
        (ForgetsTheSystem, RequestChecks, HISTORY),
        (MakesEverybodyTheUser, RequestChecks, HISTORY | ROLES | IMAGE),
        (ForgetsTools, RequestChecks, TOOLS),
        (ForgetsTheSchema, RequestChecks, SCHEMA),
        *((forgetting(name), RequestChecks, checks) for name, checks in SETTINGS.items()),
        (ReordersCalls, AnswerChecks, SEVERAL_CALLS),
        (GivesAllCallsOneId, AnswerChecks, SEVERAL_CALLS),
        (LosesArguments, AnswerChecks, CALLS),
        (MixesThinkingIn, AnswerChecks, THINKING),
        (LosesUsage, AnswerChecks, set(checks_of(AnswerChecks))),
        (SaysThatItStopped, AnswerChecks, CALLS | CUT_OFF),
        (EscapesCharacters, AnswerChecks, CHARACTERS),
        (StreamsSomethingElse, AnswerChecks, STREAMED_PIECES),
        (StreamsSomethingElse, SharingChecks, CONCURRENT_STREAMS),
        (StreamsThinkingAsText, AnswerChecks, STREAMED_THINKING),
        (StreamsEmptyPieces, AnswerChecks, STREAMED_PIECES),
        (HidesErrorsOfTheReader, CancelChecks, READER),
        (SwallowsCancellation, CancelChecks, CANCELLED),
        (BelongsToOneLoop, SharingChecks, LOOPS),
        (ClosesOnce, SharingChecks, CLOSING),
        (TakesWhatItCannotDo, AnswerChecks, CALLS),
        (TakesWhatItCannotDo, RequestChecks, TOOLS | SCHEMA | REFUSED),
    ],
)
def test_what_is_wrong_with_a_model_fails_in_its_checks_and_in_no_other_of_the_family(
    model: type[Model], family: type[Suite], failing: set[str]
) -> None:
    found = failing_checks(broken(model), checks_of(family))

    assert found.keys() == failing


def test_a_failure_tells_the_author_what_is_wrong() -> None:
    (complaint,) = failing_checks(broken(forgetting("seed")), SETTINGS["seed"]).values()

    assert str(complaint).startswith("seed=20011 is dropped: what is sent is [")


def test_a_model_that_is_sound_fails_nowhere() -> None:
    assert failing_checks(broken(Model)) == {}


@pytest.mark.parametrize(
    ("model", "failing"),
    [
        (GoesOnInTheBackground, STOPPED),
        (HangsAfterCancellation, CANCELLED | READER),
        (MixesUpCalls, CONCURRENT),
    ],
)
def test_what_never_ends_fails_when_patience_does(model: type[Model], failing: set[str]) -> None:
    suite = broken(model)
    suite.patience_s = 0.05  # all of these checks wait in vain, however fast the machine is

    assert failing_checks(suite, failing).keys() == failing
