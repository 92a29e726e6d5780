"""The agent of the example with a small model, whose likings are written here."""

from __future__ import annotations

from typing import Any

import pytest

from agentcore import (
    Abilities,
    AssistantMessage,
    Completion,
    LLMRequest,
    MemoryJournal,
    OutputParseError,
    PlanningError,
    SystemMessage,
    UserMessage,
)
from agentcore import Agent as PlainAgent
from agentcore.completions import TokenLogprob
from agentcore.events import Acted, Recalled
from agentcore.testing import FunctionLLM, ScriptedLLM
from examples.coqa.agent import CoQAAgent
from examples.coqa.planner import AnswerFromEvidence, CoQAAnswer
from examples.coqa.reading import FirstReader, answer_of

STORY = (
    "Anton Sandor founded the factory in 1764. He had learned his trade in Venice.\n\n"
    "His daughter Klara made mirrors. The factory burned down in 1847."
)
UNKNOWN = CoQAAnswer(answer="unknown", evidence=None)
WITHOUT_LOGPROBS = Abilities(sampling=frozenset({"temperature", "max_tokens"}))


def options_in(request: LLMRequest) -> list[str]:
    schema: Any = request.output_schema
    return schema["properties"]["answer"]["enum"]


def liking(**likelihoods: float) -> FunctionLLM:
    """A model that finds these answers as likely as said, in nats, and others most unlikely."""

    def reply(request: LLMRequest) -> Completion:
        (option,) = options_in(request)
        logprob = likelihoods.get(option, -50.0)
        return Completion(
            message=AssistantMessage(content=f'{{"answer": "{option}"}}'),
            logprobs=(
                TokenLogprob(token='{"answer": "', logprob=0.0),
                TokenLogprob(token=option, logprob=logprob),
            ),
        )

    return FunctionLLM(reply)


def quote(output: CoQAAnswer) -> str | None:
    return output.evidence and STORY[output.evidence.start : output.evidence.end]


def asked(llm: FunctionLLM) -> list[str]:
    """What the model was sent in each request, after the instructions and examples."""
    last = [request.messages[-1] for request in llm.requests]
    return [message.text for message in last if isinstance(message, UserMessage)]


async def test_the_model_is_sent_the_sentences_that_matter_in_their_order() -> None:
    llm = liking(Venice=-1)

    await CoQAAgent(STORY, llm=llm).run("Where had the founder learned his trade?")

    assert [prompt.splitlines() for prompt in set(asked(llm))] == [
        [
            "Text: Anton Sandor founded the factory in 1764. He had learned his trade in Venice.",
            "Question: Where had the founder learned his trade?",
        ]
    ]


async def test_each_option_is_weighed_under_a_schema_that_allows_no_other() -> None:
    llm = liking(**{"1847": -9.0, "1764": -1.0})

    result = await CoQAAgent(STORY, llm=llm).run("When did the factory burn down?")

    assert [options_in(request) for request in llm.requests] == [["1847"], ["1764"]]
    assert {request.sampling.logprobs for request in llm.requests} == {0}
    assert result.output.answer == "1764"


async def test_an_option_further_down_has_to_be_likelier() -> None:
    a_little = await CoQAAgent(STORY, llm=liking(**{"1847": -1.3, "1764": -1.0})).run(
        "When did the factory burn down?"
    )
    much = await CoQAAgent(STORY, llm=liking(**{"1847": -1.5, "1764": -1.0})).run(
        "When did the factory burn down?"
    )

    assert (a_little.output.answer, much.output.answer) == ("1847", "1764")


async def test_a_model_without_log_probabilities_chooses_once_among_all() -> None:
    llm = ScriptedLLM('{"answer": "1764"}', abilities=WITHOUT_LOGPROBS)

    result = await CoQAAgent(STORY, llm=llm).run("When did the factory burn down?")

    assert options_in(llm.requests[0]) == ["1847", "1764"]
    assert result.output.answer == "1764"


async def test_a_model_that_cannot_be_constrained_is_taken_at_the_phrase_it_used() -> None:
    abilities = WITHOUT_LOGPROBS.model_copy(update={"json_schema": False})
    llm = ScriptedLLM("He learned it in Venice.", abilities=abilities)

    result = await CoQAAgent(STORY, llm=llm).run("Where did he learn his trade?")

    assert llm.requests[0].output_schema is None
    assert result.output.answer == "Venice"


async def test_what_is_none_of_the_options_becomes_unknown() -> None:
    llm = ScriptedLLM("Paris", abilities=WITHOUT_LOGPROBS)

    result = await CoQAAgent(STORY, llm=llm).run("Where did he learn his trade?")

    assert result.output == UNKNOWN


async def test_without_a_model_the_likeliest_phrase_is_taken_and_costs_nothing() -> None:
    agent = CoQAAgent(STORY, llm=ScriptedLLM(), planner=AnswerFromEvidence(FirstReader()))

    result = await agent.run("When did the factory burn down?")

    assert (result.output.answer, result.usage.steps) == ("1847", 0)


async def test_an_answer_comes_with_the_sentence_that_supports_it() -> None:
    result = await CoQAAgent(STORY, llm=liking(**{"1847": -1})).run("When did the factory burn?")

    assert quote(result.output) == "The factory burned down in 1847."


async def test_yes_and_no_are_supported_by_the_best_sentence() -> None:
    result = await CoQAAgent(STORY, llm=liking(yes=-1)).run("Did Klara make mirrors?")

    assert result.output.answer == "yes"
    assert quote(result.output) == "His daughter Klara made mirrors."


async def test_a_question_that_refers_back_is_rewritten_before_it_is_searched_and_asked() -> None:
    llm = liking(Klara=-1, mirrors=-1)
    agent = CoQAAgent(STORY, llm=llm)
    await agent.run("What did Klara make?", session="s")

    result = await agent.run("Whose daughter was she?", session="s")

    recalled = next(event for event in result.trajectory if isinstance(event, Recalled))
    assert recalled.query == "Whose daughter was Klara?"
    assert asked(llm)[-1].endswith("\nQuestion: Whose daughter was Klara?")


async def test_a_follow_up_without_words_of_its_own_takes_the_question_before_with_it() -> None:
    agent = CoQAAgent(STORY, llm=liking(**{"1764": -1, "Anton Sandor": -1}))
    await agent.run("When was the factory founded?", session="s")

    result = await agent.run("By whom?", session="s")

    assert result.output.answer == "Anton Sandor"
    assert quote(result.output) == "Anton Sandor founded the factory in 1764."


async def test_a_dialogue_keeps_the_evidence_of_each_answer() -> None:
    agent = CoQAAgent(STORY, llm=liking(**{"1764": -1}))
    first = await agent.run("When was the factory founded?", session="s")

    second = await agent.run("By whom?", session="s")

    kept = [m.content for m in second.messages if isinstance(m, AssistantMessage)]
    assert kept[0] == first.output.model_dump_json()


async def test_conversations_about_one_story_are_kept_apart() -> None:
    agent = CoQAAgent(STORY, llm=liking(**{"1764": -1}))

    await agent.run("When was the factory founded?", session="one")
    result = await agent.run("By whom?", session="another")

    assert result.output == UNKNOWN


async def test_what_the_story_does_not_say_is_unknown_without_asking_the_model() -> None:
    result = await CoQAAgent(STORY, llm=ScriptedLLM()).run("Who wrote the newspaper?")

    assert result.output == UNKNOWN
    assert result.usage.steps == 0


async def test_an_answer_that_the_check_refuses_becomes_unknown() -> None:
    question = "When did pirates steal Rembrandt's factory painting?"

    result = await CoQAAgent(STORY, llm=liking(**{"1764": -1})).run(question)

    checks = [e for e in result.trajectory if isinstance(e, Acted)]
    assert "does not speak of pirates, steal" in checks[-1].observation.percept.text
    assert result.output == UNKNOWN


async def test_the_steps_are_events_in_their_order() -> None:
    result = await CoQAAgent(STORY, llm=liking(Venice=-1)).run("Where did Anton learn his trade?")

    keys = [event.key for event in result.trajectory]
    tools = [e.observation.call.name for e in result.trajectory if isinstance(e, Acted)]
    assert [*keys[:5], keys[-2]] == [
        *("start", "act-1", "recall-1", "act-2", "read/think-1", "act-3")
    ]
    assert tools == ["stand_alone", "find_options", "check"]


async def test_every_prefix_of_a_journal_resumes_to_the_same_answer() -> None:
    history = (
        UserMessage(content="Who founded the factory?"),
        AssistantMessage(content='{"answer": "Anton Sandor", "evidence": null}'),
    )
    full, question = MemoryJournal(), "When did he found it?"
    agent = CoQAAgent(STORY, llm=liking(**{"1764": -1}))
    output = (await agent.run(question, history=history, journal=full)).output

    for length in range(len(full.events()) + 1):
        recorded = full.events()[:length]
        llm = liking(**{"1764": -1})
        again = await CoQAAgent(STORY, llm=llm).run(
            question, history=history, journal=MemoryJournal(recorded)
        )

        assert again.output == output
        assert len(llm.requests) == 2 - sum(event.kind == "thought" for event in recorded)


async def test_the_plan_says_what_it_needs_of_another_agent() -> None:
    agent = PlainAgent(llm=ScriptedLLM(), planner=AnswerFromEvidence())

    with pytest.raises(PlanningError, match=r"needs the tools of CoQAAgent: .*stand_alone"):
        await agent.run("Where?")


async def test_evidence_that_does_not_have_the_answer_is_refused() -> None:
    llm = ScriptedLLM('{"answer": "Rome", "evidence": {"start": 0, "end": 41}}')
    agent = CoQAAgent(STORY, llm=llm, planner=None, tools=(), output_retries=0)

    with pytest.raises(OutputParseError, match="'Rome' is not in its evidence, 'Anton Sandor"):
        await agent.run("Where?")


async def test_an_answer_without_evidence_is_refused() -> None:
    llm = ScriptedLLM('{"answer": "Venice", "evidence": null}')
    agent = CoQAAgent(STORY, llm=llm, planner=None, output_retries=0)

    with pytest.raises(OutputParseError, match="'Venice' has no evidence"):
        await agent.run("Where?")


async def test_the_docstring_is_what_the_model_is_told() -> None:
    llm = liking(Venice=-1)

    await CoQAAgent(STORY, llm=llm).run("Where did he learn his trade?")

    first = llm.requests[0].messages[0]
    assert isinstance(first, SystemMessage)
    assert first.content.startswith("You answer questions about a text in a few words")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ('{"answer": "a white sail"}', "a white sail"),
        ('```json\n{"answer": "a white sail"}\n```', "a white sail"),
        (" a white sail\n", "a white sail"),
    ],
)
def test_an_answer_is_read_from_what_a_model_wrote(text: str, expected: str) -> None:
    assert answer_of(text) == expected
