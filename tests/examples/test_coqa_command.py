"""`python -m examples.coqa`: what it prints, and how it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agentcore import Abilities, LLMRequest, LLMUnavailableError
from agentcore.testing import FunctionLLM, ScriptedLLM
from examples.coqa.__main__ import main

ROOT = Path(__file__).parents[2]
ABILITIES = Abilities(sampling=frozenset({"temperature", "max_tokens"}))
CHOOSE = ["--reader", "choose"]


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
    replies = ['{"answer": "a white lighthouse"}', '{"answer": "eleven years"}']
    llm = ScriptedLLM(*replies, abilities=ABILITIES)

    assert main([*CHOOSE, "--limit", "1", "--questions", "2"], llm=llm) == 0

    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    start = lines.index("2. How old was she?")
    assert lines[start + 1 : start + 6] == [
        "considers: eleven years",
        "eleven years",
        "evidence (characters 71-165): She was eleven years old, and she looked after the lamp",
        "together with her grandfather, Tobias.",
        "F1 0.77; expected: eleven / eleven years old / 11",
    ]


def test_the_story_is_shown_before_its_questions(capsys: pytest.CaptureFixture[str]) -> None:
    main(
        [*CHOOSE, "--limit", "1", "--questions", "1"],
        llm=FunctionLLM(first_option, abilities=ABILITIES),
    )

    out = capsys.readouterr().out
    assert "Story 1 of 1: Biscuit and the lamp" in out
    assert 0 < out.index("Nora Hale lived") < out.index("1. Where did Nora live?")


def test_what_the_story_does_not_say_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    main([*CHOOSE], llm=FunctionLLM(first_option, abilities=ABILITIES))

    last = capsys.readouterr().out.partition("How much does the museum cost?")[2]
    assert last.split("\n")[1:3] == ["     unknown", "     The story does not say."]


def test_all_stories_are_read_and_summed_up(capsys: pytest.CaptureFixture[str]) -> None:
    llm = FunctionLLM(first_option, abilities=ABILITIES)

    assert main(CHOOSE, llm=llm) == 0

    out = capsys.readouterr().out
    assert "Story 4 of 4" in out
    assert "33 questions: F1 0." in out
    assert f"\n{len(llm.requests)} model calls, " in out


def test_the_first_line_says_which_model_runs(capsys: pytest.CaptureFixture[str]) -> None:
    main(
        [*CHOOSE, "--limit", "1", "--questions", "1"],
        llm=FunctionLLM(first_option, abilities=ABILITIES),
    )

    assert capsys.readouterr().out.startswith("The model is function. What it is asked is sent")


def test_the_agent_without_a_model_is_measured_beside_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    llm = ScriptedLLM('{"answer": "the end"}', abilities=ABILITIES)

    main([*CHOOSE, "--limit", "1", "--questions", "1"], llm=llm)

    out = capsys.readouterr().out
    assert "1 questions: F1 0." in out
    assert "The same agent without a model, taking the likeliest phrase: F1 0.95\n" in out
    assert "Each person's is left out in turn" in out


def test_no_model_is_asked_for_the_first_phrase(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--reader", "first", "--limit", "1"], llm=ScriptedLLM()) == 0

    assert "\n0 model calls, " in capsys.readouterr().out


def test_a_model_that_is_not_local_writes_and_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    quoted = '{"quote": "Nora Hale lived in a white lighthouse", "answer": "a lighthouse"}'
    llm = ScriptedLLM(quoted, '{"supported": true}')

    assert main(["--limit", "1", "--questions", "1"], llm=llm) == 0

    out = capsys.readouterr().out
    assert "     considers: a lighthouse\n     a lighthouse\n     evidence (characters 0-70)" in out


def test_a_trace_shows_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    llm = FunctionLLM(first_option, abilities=ABILITIES)

    main([*CHOOSE, "--limit", "1", "--questions", "2", "--trace"], llm=llm)

    out = capsys.readouterr().out.partition("2. How old was she?")[2]
    steps = [
        "acted act-1 stand_alone: How old was Nora?",
        "recalled recall-1 'How old was Nora?': 0.",
        "shares old",
        "acted act-2 find_options: 'eleven years'",
        'thought read/think-1 \'{"answer": "eleven years"}\': ',
        " tokens",
        "acted act-3 check: supported: the text has 100% of the words of the question",
        "answered end",
    ]
    places = [out.find(step) for step in steps]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--llm", "local2:smollm2"], "did you mean 'local'"),
        (["--llm", f"local:{ROOT / 'nowhere.gguf'}"], "nowhere.gguf"),
        (["--data", "nowhere.json"], "cannot read the stories in 'nowhere.json'"),
        (["--data", str(ROOT / "pyproject.toml")], "does not have the format of CoQA"),
    ],
)
def test_a_wrong_option_is_explained(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(arguments) == 1

    assert message in capsys.readouterr().err


def test_one_story_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ["--reader", "first", "--questions", "1", "--story"]

    assert main([*chosen, "3"], llm=ScriptedLLM()) == 0
    assert "Story 1 of 1: The Sandor glassworks" in capsys.readouterr().out

    assert main([*chosen, "9"], llm=ScriptedLLM()) == 1
    assert "--story 9: there are 4 stories" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["0", "-1", "many", ""])
def test_a_limit_is_a_whole_number(capsys: pytest.CaptureFixture[str], value: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([f"--limit={value}"])

    assert f"{value!r} is not a whole number from 1 on" in capsys.readouterr().err


def test_a_model_that_fails_ends_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    llm = ScriptedLLM(LLMUnavailableError("no server at localhost"), abilities=ABILITIES)

    assert main([*CHOOSE, "--limit", "1"], llm=llm) == 1

    assert "LLMUnavailableError: no server at localhost" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_answers_a_story_with_the_embedded_model() -> None:
    pytest.importorskip("xllamacpp")
    command = [sys.executable, "-m", "examples.coqa", "--limit", "1", "--trace"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("The model local:smollm2 runs inside this process. Nothing")
    assert "stand_alone: How old was Nora?" in done.stdout
    assert "log-probability -" in done.stdout
    assert "8 questions: F1 0." in done.stdout


@pytest.mark.slow
def test_a_server_that_is_not_there_shows_before_the_story() -> None:
    command = [sys.executable, "-m", "examples.coqa", "--llm", "ollama:qwen3:4b"]
    nowhere = os.environ | {"OLLAMA_HOST": "127.0.0.1:9"}

    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=nowhere
    )

    assert done.returncode == 1
    assert "LLMUnavailableError" in done.stderr
    assert "Story" not in done.stdout
