"""The agent of the example, with models whose answers are written here."""

from __future__ import annotations

import pytest

from agentcore import Abilities, OutputParseError, SystemMessage, UserMessage
from agentcore.testing import FunctionLLM, ScriptedLLM
from examples.coqa.agent import CoQAAgent, CoQAAnswer, answer_so_far

STORY = (
    "Anton Sandor founded the factory in 1764. He had learned his trade in Venice.\n\n"
    "His daughter Klara made mirrors. The factory burned down in 1847."
)


def quote(output: CoQAAnswer) -> str | None:
    return output.evidence and STORY[output.evidence.start : output.evidence.end]


def asked(llm: FunctionLLM) -> list[str]:
    """What the model was sent in each request, after the instructions and examples."""
    last = [request.messages[-1] for request in llm.requests]
    return [message.text for message in last if isinstance(message, UserMessage)]


async def test_the_model_is_sent_the_sentences_that_matter_in_their_order() -> None:
    llm = ScriptedLLM('{"answer": "Venice"}')

    await CoQAAgent(STORY, llm=llm).run("Where had the founder learned his trade?")

    (prompt,) = asked(llm)
    assert prompt.splitlines() == [
        "Text: Anton Sandor founded the factory in 1764. He had learned his trade in Venice.",
        "Question: Where had the founder learned his trade?",
    ]


async def test_the_docstring_is_what_the_model_is_told() -> None:
    llm = ScriptedLLM('{"answer": "Venice"}')

    await CoQAAgent(STORY, llm=llm).run("Where did he learn his trade?")

    first = llm.requests[0].messages[0]
    assert isinstance(first, SystemMessage)
    assert first.content.startswith("You answer questions about a text in a few words")


async def test_the_model_may_choose_only_from_what_the_evidence_offers() -> None:
    llm = ScriptedLLM('{"answer": "1847"}')

    await CoQAAgent(STORY, llm=llm).run("When did the factory burn down?")

    schema = llm.requests[0].output_schema
    assert schema is not None
    assert schema["properties"] == {"answer": {"enum": ["1847", "1764"]}}


async def test_an_answer_comes_with_the_sentence_that_supports_it() -> None:
    llm = ScriptedLLM('{"answer": "1847"}')

    result = await CoQAAgent(STORY, llm=llm).run("When did the factory burn down?")

    assert result.output.answer == "1847"
    assert quote(result.output) == "The factory burned down in 1847."


async def test_a_follow_up_goes_on_from_the_question_before() -> None:
    llm = ScriptedLLM('{"answer": "1764"}', '{"answer": "Anton Sandor"}')
    agent = CoQAAgent(STORY, llm=llm)

    await agent.run("When was the factory founded?", session="s")
    result = await agent.run("By whom?", session="s")

    assert asked(llm)[1].endswith("\nQuestion: By whom?")
    assert "Anton Sandor founded the factory" in asked(llm)[1]
    assert result.output.answer == "Anton Sandor"


async def test_a_follow_up_without_its_conversation_is_unknown() -> None:
    result = await CoQAAgent(STORY, llm=ScriptedLLM()).run("By whom?")

    assert result.output == CoQAAnswer(answer="unknown", evidence=None)


async def test_what_the_story_does_not_say_is_unknown_without_asking_the_model() -> None:
    result = await CoQAAgent(STORY, llm=ScriptedLLM()).run("Who wrote the newspaper?")

    assert result.output == CoQAAnswer(answer="unknown", evidence=None)
    assert result.usage.steps == 0


async def test_evidence_without_a_possible_answer_is_unknown() -> None:
    result = await CoQAAgent(STORY, llm=ScriptedLLM()).run("How many mirrors?")

    assert result.output.answer == "unknown"


async def test_a_model_that_cannot_be_constrained_is_taken_at_the_phrase_it_used() -> None:
    llm = ScriptedLLM("He learned it in Venice.", abilities=Abilities(json_schema=False))

    result = await CoQAAgent(STORY, llm=llm).run("Where did he learn his trade?")

    assert llm.requests[0].output_schema is None
    assert result.output.answer == "Venice"


async def test_an_answer_that_the_story_does_not_have_becomes_unknown() -> None:
    llm = ScriptedLLM("Paris", abilities=Abilities(json_schema=False))

    result = await CoQAAgent(STORY, llm=llm).run("Where did he learn his trade?")

    assert result.output == CoQAAnswer(answer="unknown", evidence=None)


async def test_yes_and_no_are_supported_by_the_best_sentence() -> None:
    llm = ScriptedLLM('{"answer": "yes"}')

    result = await CoQAAgent(STORY, llm=llm).run("Did Klara make mirrors?")

    assert result.output.answer == "yes"
    assert quote(result.output) == "His daughter Klara made mirrors."


async def test_a_planner_that_makes_up_evidence_is_stopped() -> None:
    llm = ScriptedLLM('{"answer": "Rome", "evidence": {"start": 0, "end": 41}}')
    agent = CoQAAgent(STORY, llm=llm, planner=None, output_retries=0)

    with pytest.raises(OutputParseError, match="'Rome' is not in its evidence, 'Anton Sandor"):
        await agent.run("Where?")


async def test_conversations_about_one_story_are_kept_apart() -> None:
    llm = FunctionLLM(lambda _: '{"answer": "1764"}')
    agent = CoQAAgent(STORY, llm=llm)

    await agent.run("When was the factory founded?", session="one")
    result = await agent.run("By whom?", session="another")

    assert result.output.answer == "unknown"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("{", ""),
        ('{"answer', ""),
        ('{\n "answer": "a whi', "a whi"),
        ('{"answer": "a white sail"}', "a white sail"),
        ('{"answer": oops', ""),
        (" a white sail\n", "a white sail"),
    ],
)
def test_an_answer_can_be_read_while_it_is_written(text: str, expected: str) -> None:
    assert answer_so_far(text) == expected
