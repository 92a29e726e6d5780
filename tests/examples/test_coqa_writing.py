"""The agent of the example with an able model: it rewrites, quotes, and is asked to check."""

from __future__ import annotations

from typing import Any

import pytest

from agentcore import Abilities, AssistantMessage, MemoryJournal, UserMessage
from agentcore.testing import ScriptedLLM
from examples.coqa.__main__ import READERS
from examples.coqa.agent import CoQAAgent
from examples.coqa.planner import CoQAAnswer

STORY = "Nora has a cat. The cat is called Biscuit, and it is fat. Tobias is old."
QUOTED = '{"quote": "The cat is called Biscuit", "answer": "Biscuit"}'
HISTORY = (
    UserMessage(content="Who has a cat?"),
    AssistantMessage(content='{"answer": "Nora", "evidence": {"start": 0, "end": 15}}'),
)
UNKNOWN = CoQAAnswer(answer="unknown", evidence=None)


async def ask(question: str, llm: ScriptedLLM, **options: Any) -> CoQAAnswer:
    agent = CoQAAgent(STORY, llm=llm, planner=READERS["write"])
    return (await agent.run(question, **options)).output


def sent(llm: ScriptedLLM, index: int) -> str:
    message = llm.requests[index].messages[-1]
    assert isinstance(message, UserMessage)
    return message.text


async def test_an_answer_is_written_with_a_quote_and_checked_by_the_model() -> None:
    llm = ScriptedLLM(QUOTED, '{"supported": true}')

    output = await ask("What is the cat called?", llm)

    assert output.answer == "Biscuit"
    assert output.evidence is not None
    assert STORY[output.evidence.start : output.evidence.end].startswith("The cat is called")
    assert sent(llm, 1).endswith("\nQuestion: What is the cat called?\nAnswer: Biscuit")


async def test_the_model_rewrites_what_refers_back_and_is_then_asked_that() -> None:
    rewritten = '{"question": "What is Nora\'s cat called?"}'
    llm = ScriptedLLM(rewritten, QUOTED, '{"supported": true}')

    await ask("What is her cat called?", llm, history=HISTORY)

    assert sent(llm, 0) == "Who has a cat? Nora.\nLast question: What is her cat called?"
    assert sent(llm, 1).endswith("\nQuestion: What is Nora's cat called?")


async def test_what_does_not_refer_back_is_not_rewritten() -> None:
    llm = ScriptedLLM(QUOTED, '{"supported": true}')

    await ask("What is the cat called?", llm, history=HISTORY)

    assert len(llm.requests) == 2


async def test_rules_stand_in_where_the_model_rewrites_nothing() -> None:
    llm = ScriptedLLM("No idea.", QUOTED, '{"supported": true}')

    await ask("What is her cat called?", llm, history=HISTORY)

    assert sent(llm, 1).endswith("\nQuestion: What is Nora's cat called?")


@pytest.mark.parametrize("verdict", ['{"supported": false}', "Perhaps."])
async def test_what_the_model_does_not_support_is_unknown(verdict: str) -> None:
    assert await ask("What is the cat called?", ScriptedLLM(QUOTED, verdict)) == UNKNOWN


@pytest.mark.parametrize(
    "reply",
    [
        '{"quote": "", "answer": "unknown"}',
        '{"quote": "The cat is called Biscuit", "answer": "Unknown."}',
        '{"quote": "Rome was not built in a day", "answer": "Rome"}',
        '{"quote": "The cat is called Biscuit", "answer": "Rex"}',
        '{"quote": "Nora has a cat", "answer": "Biscuit"}',
        "Biscuit",
    ],
)
async def test_an_answer_without_a_quote_that_has_it_is_unknown_without_a_check(
    reply: str,
) -> None:
    llm = ScriptedLLM(reply)

    assert await ask("What is the cat called?", llm) == UNKNOWN
    assert len(llm.requests) == 1


async def test_a_model_that_cannot_be_constrained_is_asked_in_words() -> None:
    llm = ScriptedLLM(
        f"Sure: ```json\n{QUOTED}\n```",
        'I say {"supported": true}',
        abilities=Abilities(json_schema=False),
    )

    output = await ask("What is the cat called?", llm)

    assert output.answer == "Biscuit"
    assert {request.output_schema is None for request in llm.requests} == {True}


async def test_every_prefix_of_a_journal_resumes_without_asking_again() -> None:
    script = ['{"question": "What is Nora\'s cat called?"}', QUOTED, '{"supported": true}']
    full = MemoryJournal()
    output = await ask(
        "What is her cat called?", ScriptedLLM(*script), history=HISTORY, journal=full
    )

    for length in range(len(full.events()) + 1):
        recorded = full.events()[:length]
        llm = ScriptedLLM(*script[sum(event.kind == "thought" for event in recorded) :])
        again = await ask(
            "What is her cat called?", llm, history=HISTORY, journal=MemoryJournal(recorded)
        )

        assert again == output
