"""`python -m examples.coqa`: what it prints, and how it fails."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agentcore import LLMRequest, LLMUnavailableError
from agentcore.testing import FunctionLLM, ScriptedLLM
from examples.coqa.__main__ import main

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def wide_plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")


def first_option(request: LLMRequest) -> str:
    """Answer as a constrained model does that takes what comes first."""
    schema: Any = request.output_schema
    return json.dumps({"answer": schema["properties"]["answer"]["enum"][0]})


def test_an_answer_is_printed_with_its_evidence_and_score(
    capsys: pytest.CaptureFixture[str],
) -> None:
    llm = ScriptedLLM('{"answer": "a white lighthouse"}', '{"answer": "eleven years"}')

    assert main(["--limit", "1", "--questions", "2"], llm=llm) == 0

    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    start = lines.index("2. How old was she?")
    assert lines[start + 1 : start + 5] == [
        "eleven years",
        "story[71:165] She was eleven years old, and she looked after the lamp together with her",
        "grandfather, Tobias.",
        "F1 0.77; expected: eleven / eleven years old / 11",
    ]


def test_the_story_is_shown_before_its_questions(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--limit", "1", "--questions", "1"], llm=FunctionLLM(first_option))

    out = capsys.readouterr().out
    assert "Story 1 of 1: Biscuit and the lamp" in out
    assert 0 < out.index("Nora Hale lived") < out.index("1. Where did Nora live?")


def test_what_the_story_does_not_say_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--limit", "1"], llm=FunctionLLM(first_option))

    last = capsys.readouterr().out.partition("8. What was the name of her mother?")[2]
    assert last.split("\n")[1:3] == ["     unknown", "     The story does not say."]


def test_all_stories_are_read_and_summed_up(capsys: pytest.CaptureFixture[str]) -> None:
    llm = FunctionLLM(first_option)

    assert main([], llm=llm) == 0

    out = capsys.readouterr().out
    assert "Story 4 of 4" in out
    assert "32 questions: F1 0." in out
    assert f"\n{len(llm.requests)} model calls, " in out


def test_the_first_line_says_which_model_runs(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--limit", "1", "--questions", "1"], llm=FunctionLLM(first_option))

    assert capsys.readouterr().out.startswith("The model is function. What it is asked is sent")


def test_an_answer_that_was_not_taken_as_written_shows_both(
    capsys: pytest.CaptureFixture[str],
) -> None:
    llm = ScriptedLLM("She lived in a white lighthouse.")

    main(["--limit", "1", "--questions", "1"], llm=llm)

    assert (
        "     She lived in a white lighthouse. -> a white lighthouse\n" in capsys.readouterr().out
    )


def test_a_trace_shows_every_event(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--limit", "1", "--questions", "1", "--trace"], llm=FunctionLLM(first_option))

    out = capsys.readouterr().out
    kinds = ["started start", "recalled recall-1 'Where did Nora live?'", "thought think-1"]
    assert all(kind in out for kind in [*kinds, "remembered session", "answered end"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--llm", "local2:smollm2"], "did you mean 'local'"),
        (["--data", "nowhere.json"], "cannot read the stories in 'nowhere.json'"),
        (["--data", str(ROOT / "pyproject.toml")], "does not have the format of CoQA"),
    ],
)
def test_a_wrong_option_is_explained(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(arguments) == 1

    assert message in capsys.readouterr().err


@pytest.mark.parametrize("value", ["0", "-1", "many", ""])
def test_a_limit_is_a_whole_number(capsys: pytest.CaptureFixture[str], value: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([f"--limit={value}"])

    assert f"{value!r} is not a whole number from 1 on" in capsys.readouterr().err


def test_a_model_that_fails_ends_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    llm = ScriptedLLM(LLMUnavailableError("no server at localhost"))

    assert main(["--limit", "1"], llm=llm) == 1

    assert "LLMUnavailableError: no server at localhost" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_answers_a_story_with_the_embedded_model() -> None:
    pytest.importorskip("xllamacpp")
    command = [sys.executable, "-m", "examples.coqa", "--limit", "1"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("The model local:smollm2 runs inside this process. Nothing")
    assert "8 questions: F1 0." in done.stdout
