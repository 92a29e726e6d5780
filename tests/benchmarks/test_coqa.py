"""`python -m benchmarks.coqa`: the draw, the intervals, what is said of them, and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentcore import Abilities, ConfigurationError, LLMRequest
from agentcore.testing import FunctionLLM
from benchmarks.coqa.__main__ import main
from benchmarks.coqa.answers import Measured, Oracle, measure_agent, measure_unsaid
from benchmarks.coqa.intervals import difference, mean
from benchmarks.coqa.rewriting import load_asked
from benchmarks.coqa.squad import draw, load_dialogues
from benchmarks.coqa.table import verdicts
from examples.coqa.__main__ import READERS
from examples.coqa.data import Story, Turn


def row(title: str, paragraph: int, number: int) -> dict[str, Any]:
    return {
        "id": f"{title}-{paragraph}-{number}",
        "title": title,
        "para": paragraph,
        "context": f"The tower of {title} was built in {1700 + paragraph}. It fell in 1900.",
        "question": f"When was the tower of {title} built?",
        "answers": [str(1700 + paragraph)],
    }


@pytest.fixture
def squad(tmp_path: Path) -> Path:
    rows = [row(f"T{a}", p, n) for a in range(4) for p in range(30) for n in range(3)]
    path = tmp_path / "squad.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_a_dialogue_is_the_questions_of_one_paragraph(squad: Path) -> None:
    dialogues = load_dialogues(squad)

    assert len(dialogues) == 120
    assert {len(dialogue.turns) for dialogue in dialogues} == {3}
    assert dialogues[0].turns[0].references == ("1700",)


def test_a_draw_goes_through_all_articles_and_is_fixed_by_its_seed(squad: Path) -> None:
    dialogues = load_dialogues(squad)

    drawn = draw(dialogues, questions=13, seed=1)

    assert [len(story.turns) for story in drawn] == [3, 3, 3, 3, 1]
    assert len({story.name for story in drawn[:4]}) == 4
    assert drawn == draw(dialogues, questions=13, seed=1)
    assert drawn != draw(dialogues, questions=13, seed=2)


@pytest.mark.parametrize("questions", [6, 60])
def test_the_development_draw_shares_no_paragraph_with_the_evaluation(
    squad: Path, questions: int
) -> None:
    dialogues = load_dialogues(squad)

    evaluation = draw(dialogues, questions=200, seed=1)
    development = draw(dialogues, questions=questions, seed=1, development=True)

    assert sum(len(story.turns) for story in development) == questions
    assert not {story.id for story in evaluation} & {story.id for story in development}


def test_an_interval_of_equal_values_is_a_point() -> None:
    found = mean([0.5] * 6, list("aabbcc"))

    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_questions_about_one_text_count_as_one() -> None:
    values = [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]

    alone = mean(values, list("abcdefgh"))
    together = mean(values, list("aaaabbbb"))

    assert alone.value == together.value == 0.5
    assert together.high - together.low > alone.high - alone.low


def test_a_difference_is_that_of_the_same_questions() -> None:
    found = difference([0.9, 0.5, 0.1], [0.8, 0.4, 0.0], ["a", "b", "c"])

    assert found.low == pytest.approx(0.1)
    assert found.high == pytest.approx(0.1)


def measured(*values: float) -> Measured:
    return Measured(f1=list(values))


def said(agent: Measured, free: Measured) -> str:
    bare, better = measured(0.1, 0.1), measured(1.0, 1.0)
    return "\n".join(verdicts(bare, free, agent, better, ["a", "b"]))


def test_a_model_that_adds_is_said_to_add() -> None:
    text = said(measured(0.5, 0.6), free=measured(0.3, 0.4))

    assert "asked at least 0.05: met, and for the whole interval" in text
    assert "The model adds 0.200" in text
    assert "worth up to 0.450 (0.400 to 0.500) more" in text


def test_a_model_that_adds_nothing_is_said_to_add_nothing() -> None:
    text = said(measured(0.5, 0.2), free=measured(0.3, 0.4))

    assert "asked at least 0.05: missed" in text
    assert "The model adds nothing that these questions can show" in text


def test_a_model_that_does_harm_is_said_to_do_harm() -> None:
    assert "The model takes 0.200 away" in said(measured(0.1, 0.2), free=measured(0.3, 0.4))


STORY = Story(
    "s", "s", "Ann met Bob in 1990. Eve met Tom in 1995.", (Turn("Who met?", ("Tom",), None),)
)


async def test_the_oracle_takes_the_best_option_that_the_agent_offers() -> None:
    oracle = Oracle()

    found = await measure_agent([STORY], oracle.llm, READERS["choose"], oracle.hear)

    assert found.f1 == found.ceiling == [1.0]
    assert found.calls == 1


async def test_a_question_about_another_text_of_the_name_is_unknown() -> None:
    other = Story("o", "s", "The rain fell on the roof.", ())

    found = await measure_unsaid([STORY], [STORY, other])

    assert found.unknown == [True]


def choosing(request: LLMRequest) -> str:
    schema: Any = request.output_schema
    return (
        json.dumps({"answer": schema["properties"]["answer"]["enum"][0]}) if schema else "Who knows"
    )


CHOOSING = Abilities(sampling=frozenset({"temperature", "max_tokens"}))


def test_the_command_prints_a_row_for_each_system(
    squad: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    llm = FunctionLLM(choosing, abilities=CHOOSING)
    arguments = ["--data", str(squad), "--limit", "10", "--reader", "choose"]

    assert main(arguments, llm=llm) == 0

    out = capsys.readouterr().out
    assert out.startswith("10 questions in 4 dialogues about 4 articles;\nseed 2026, evaluation")
    assert "| function, asked plainly | 0.000 (0.000 to 0.000) | 0% | 1.0 |" in out
    assert "| the agent's code without a model | 1.000 (1.000 to 1.000) | 0% | 0.0 |" in out
    assert "| the agent with function | 1.000 (1.000 to 1.000) | 0% | 1.0 |" in out
    assert "| oracle: the best of the agent's options | 1.000 (1.000 to 1.000) |" in out


@pytest.mark.parametrize("other", [["--seed", "1"], ["--development"]])
def test_only_the_evaluation_draw_is_called_one(
    squad: Path, capsys: pytest.CaptureFixture[str], other: list[str]
) -> None:
    arguments = ["--data", str(squad), "--limit", "2", "--reader", "first"]

    main(arguments, llm=FunctionLLM(choosing))
    main([*arguments, *other], llm=FunctionLLM(choosing))

    out = capsys.readouterr().out
    assert out.count("tuned on --development, which has none of these paragraphs") == 1
    assert out.count("may have been tuned on these questions: no evaluation") == 1


def test_without_the_data_the_command_says_that_it_skips(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path / "nowhere.jsonl")]) == 0

    assert "nowhere.jsonl' is not there; name the file with --data" in capsys.readouterr().out


def turns_of(*texts: str) -> list[dict[str, Any]]:
    return [
        {"text": text, "paraphrases": [f"{text} in full"]}
        if index % 2 == 0
        else {"text": text, "span_text": f"Said {text}."}
        for index, text in enumerate(texts)
    ]


@pytest.fixture
def coqar(tmp_path: Path) -> Path:
    turns = turns_of("Who is Ann?", "a cook", "Where is she?", "Oslo", "Who is Bob?", "a dog")
    turns[2]["paraphrases"] = ["Where is Ann?"]
    path = tmp_path / "coqar.jsonl"
    path.write_text(json.dumps({"dialogue_id": "d", "turns": turns}) + "\n", encoding="utf-8")
    return path


def test_the_questions_after_the_first_are_asked_with_their_dialogue(coqar: Path) -> None:
    asked = load_asked(coqar)

    assert [one.question for one in asked] == ["Where is she?", "Who is Bob?"]
    assert asked[0].dialogue == [("Who is Ann?", "a cook")]
    assert asked[0].evidence == "Said Oslo."
    assert asked[0].passage.splitlines() == ["Said a cook.", "Said Oslo.", "Said a dog."]


def test_the_rewriting_is_compared_with_none_and_with_the_model(
    coqar: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    llm = FunctionLLM(lambda _: '{"question": "Where is she now?"}')

    assert main(["--rewriting", "--data", str(coqar)], llm=llm) == 0

    out = capsys.readouterr().out
    # "Where is she?" has 2 of 3 words of "Where is Ann?", and "Who is Bob?" 3 of 5: F1 2/3 and 3/4
    assert "| as they are | 0.708 " in out
    assert "| by rules | 0.875 " in out
    assert "| by function | 0.661 " in out  # 2 * 2 / (4 + 3) and 3/4
    assert "rules rewrites better" in out
    assert len(llm.requests) == 1


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text('{"turns": 1}\n', encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"other\.jsonl' does not have the format of CoQ"):
        load_asked(path)
    with pytest.raises(ConfigurationError, match=r"other\.jsonl' does not have the format of SQ"):
        load_dialogues(path)
