"""The stories of the example, and reading files in the format of CoQA."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentcore import ConfigurationError, Span
from examples.coqa.data import STORIES, UNKNOWN, load_stories


def entry() -> dict[str, Any]:
    return {
        "id": "boat",
        "story": "Ann has a boat.",
        "questions": [{"input_text": "What has Ann?", "turn_id": 1}],
        "answers": [
            {
                "span_start": 8,
                "span_end": 14,
                "span_text": "a boat",
                "input_text": "a boat",
                "turn_id": 1,
            }
        ],
    }


def written(path: Path, *entries: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"version": "1.0", "data": entries}), encoding="utf-8")
    return path


def test_every_span_of_the_stories_is_exact() -> None:
    entries: list[dict[str, Any]] = json.loads(STORIES.read_text(encoding="utf-8"))["data"]
    answers = [
        (item["story"], answer)
        for item in entries
        for given in (item["answers"], *item["additional_answers"].values())
        for answer in given
    ]

    assert len(answers) == 4 * 33
    for story, answer in answers:
        if answer["input_text"] == UNKNOWN:
            assert (answer["span_start"], answer["span_end"]) == (-1, -1)
        else:
            assert story[answer["span_start"] : answer["span_end"]] == answer["span_text"]


def test_every_question_of_the_stories_has_four_references() -> None:
    stories = load_stories(STORIES)

    assert [len(story.turns) for story in stories] == [8, 8, 9, 8]
    assert {len(turn.references) for story in stories for turn in story.turns} == {4}


def test_a_question_that_cannot_be_answered_has_no_evidence() -> None:
    turns = [turn for story in load_stories(STORIES) for turn in story.turns]

    unknown = {turn.question for turn in turns if turn.evidence is None}
    assert unknown == {turn.question for turn in turns if UNKNOWN in turn.references}
    assert "Who wrote them?" in unknown


def test_a_story_is_read_without_what_the_official_training_file_lacks(tmp_path: Path) -> None:
    (story,) = load_stories(written(tmp_path / "train.json", entry()))

    assert (story.id, story.name, story.text) == ("boat", "boat", "Ann has a boat.")
    assert story.turns[0].references == ("a boat",)
    assert story.turns[0].evidence == Span(start=8, end=14)


@pytest.mark.parametrize("field", ["id", "story", "questions", "answers"])
def test_a_missing_field_is_named(tmp_path: Path, field: str) -> None:
    broken = entry()
    del broken[field]

    with pytest.raises(ConfigurationError, match=rf"CoQA: data\.1\.{field}: Field required"):
        load_stories(written(tmp_path / "broken.json", entry(), broken))


@pytest.mark.parametrize("field", ["span_start", "span_end", "input_text", "turn_id"])
def test_a_missing_field_of_an_answer_is_named(tmp_path: Path, field: str) -> None:
    broken = entry()
    del broken["answers"][0][field]

    with pytest.raises(ConfigurationError, match=rf"data\.0\.answers\.0\.{field}: Field required"):
        load_stories(written(tmp_path / "broken.json", broken))


def test_answers_to_other_questions_are_refused(tmp_path: Path) -> None:
    broken = entry()
    broken["answers"][0]["turn_id"] = 2

    with pytest.raises(
        ConfigurationError, match=r"'boat' has questions with turn_id \[1\] and .* \[2\]"
    ):
        load_stories(written(tmp_path / "broken.json", broken))


def test_two_questions_of_one_turn_are_refused(tmp_path: Path) -> None:
    broken = entry()
    broken["questions"] *= 2
    broken["answers"] *= 2

    with pytest.raises(ConfigurationError, match=r"'boat' has questions with the same turn_id"):
        load_stories(written(tmp_path / "broken.json", broken))


def test_two_stories_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the id 'boat' is that of 2 stories"):
        load_stories(written(tmp_path / "broken.json", entry(), entry()))


@pytest.mark.parametrize(("start", "end"), [(8, 16), (9, 8), (-1, 3), (-2, -2)])
def test_a_span_outside_of_the_story_is_refused(tmp_path: Path, start: int, end: int) -> None:
    broken = entry()
    broken["answers"][0] |= {"span_start": start, "span_end": end}

    with pytest.raises(
        ConfigurationError,
        match=rf"story 'boat', turn 1: the span {start} to {end} is outside of .* 15 characters",
    ):
        load_stories(written(tmp_path / "broken.json", broken))


def test_a_question_without_evidence_has_the_span_of_none(tmp_path: Path) -> None:
    unknown = entry()
    unknown["answers"][0] |= {"span_start": -1, "span_end": -1, "input_text": "unknown"}

    (story,) = load_stories(written(tmp_path / "unknown.json", unknown))

    assert story.turns[0].evidence is None


@pytest.mark.parametrize("content", [b"", b"hello", b"[]", b"{}", b'{"data": []}', b"\xff\xfe"])
def test_a_file_that_is_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"other\.json' does not have the format of CoQA"):
        load_stories(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot read the stories in .*nowhere\.json"):
        load_stories(tmp_path / "nowhere.json")
