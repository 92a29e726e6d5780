"""A typed answer by schema, by a call, or by asking: chosen by what the model can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from agentcore import (
    Abilities,
    Agent,
    AssistantMessage,
    Completion,
    ConfigurationError,
    Finished,
    OutputParseError,
    Partial,
    TextDelta,
    UserMessage,
    tool,
)
from agentcore.brain.structured import OutputType
from agentcore.final import FINAL, output_mode
from agentcore.planners import ReAct, ToolCalling
from agentcore.testing import Reply, ScriptedLLM, call

T = TypeVar("T")

BY_TOOL = Abilities(json_schema=False)
IN_WORDS = Abilities(json_schema=False, tools=False)


class Book(BaseModel):
    title: str
    year: int = 0


class Film(BaseModel):
    title: str
    minutes: int


class Page(BaseModel, Generic[T]):
    items: list[T]


class Shelf(TypedDict):
    mark: str
    books: list[Book]


@dataclass
class Pair:
    left: int
    right: str


@tool
def count(shelf: str) -> int:
    """Count the books on a shelf."""
    return len(shelf)


def script(*replies: Reply, abilities: Abilities) -> ScriptedLLM:
    return ScriptedLLM(*replies, abilities=abilities)


def cut_off(text: str, reason: Literal["length", "content_filter"] = "length") -> Completion:
    return Completion(message=AssistantMessage(content=text), finish_reason=reason)


CASES: list[tuple[Any, Any]] = [
    (int | None, None),
    (int | None, 7),
    (Book | Film, Film(title="Dune", minutes=155)),
    (Book | Film, Book(title="Dune", year=1965)),
    (Page[Book], Page[Book](items=[Book(title="Dune")])),
    (Page[int] | None, Page[int](items=[1])),
    (Shelf, {"mark": "a", "books": [Book(title="Dune")]}),
    (Pair, Pair(1, "x")),
    (Literal["ja", "nein"], "nein"),
    (Annotated[int, Field(ge=1)], 3),
    (list[Book], [Book(title="Dune"), Book(title="Emma")]),
    (dict[str, list[int]], {"a": [1]}),
    (tuple[int, str], (1, "a")),
]


@pytest.mark.parametrize("abilities", [Abilities(), BY_TOOL, IN_WORDS], ids=output_mode)
@pytest.mark.parametrize(("annotation", "value"), CASES, ids=str)
async def test_every_kind_of_type_is_had_in_every_way(
    annotation: Any, value: Any, abilities: Abilities
) -> None:
    text = OutputType[Any](annotation).dump(value)
    reply = call(FINAL).model_copy(update={"arguments": text}) if abilities == BY_TOOL else text
    agent: Agent[Any] = Agent[annotation](llm=script(reply, abilities=abilities))

    result = await agent.run("?")

    assert result.output == value
    assert type(result.output) is type(value)


async def test_a_schema_is_sent_to_a_model_that_takes_one() -> None:
    llm = script('{"title": "Dune"}', abilities=Abilities())

    await Agent[Book](llm=llm).run("?")

    assert llm.requests[0].output_schema == Book.model_json_schema()
    assert llm.requests[0].tools == ()


async def test_a_model_with_calls_only_answers_by_a_call() -> None:
    llm = script(call(FINAL, title="Dune"), abilities=BY_TOOL)

    result = await Agent[Book](llm=llm).run("?")

    (spec,) = llm.requests[0].tools
    assert (spec.name, spec.parameters) == (FINAL, Book.model_json_schema())
    assert llm.requests[0].output_schema is None
    assert result.messages[-1] == AssistantMessage(content='{"title": "Dune"}')


async def test_a_model_that_can_do_neither_is_asked_and_its_json_repaired() -> None:
    llm = script("Sure:\n```\n{'title': 'Dune', year: 1965,}\n```", abilities=IN_WORDS)

    result = await Agent[Book](llm=llm).run("?")

    assert result.output == Book(title="Dune", year=1965)
    assert (llm.requests[0].tools, llm.requests[0].output_schema) == ((), None)
    assert '"title"' in str(llm.requests[0].messages[0].content)


async def test_the_final_answer_is_one_more_tool_beside_those_of_the_agent() -> None:
    llm = script(call("count", shelf="ab"), call(FINAL, title="Dune", year=2), abilities=BY_TOOL)

    result = await Agent[Book](llm=llm, tools=[count]).run("?")

    assert [spec.name for spec in llm.requests[0].tools] == ["count", FINAL]
    assert result.output == Book(title="Dune", year=2)


async def test_the_last_step_is_for_the_answer_only() -> None:
    by_tool = script(call("count", shelf="a"), call(FINAL, title="a"), abilities=BY_TOOL)
    by_schema = script(call("count", shelf="a"), '{"title": "a"}', abilities=Abilities())
    for llm in (by_tool, by_schema):
        await Agent[Book](llm=llm, tools=[count], planner=ToolCalling(max_steps=2)).run("?")

    assert [spec.name for spec in by_tool.requests[1].tools] == [FINAL]
    assert by_schema.requests[1].tools == ()
    assert by_schema.requests[1].output_schema == Book.model_json_schema()


async def test_an_invalid_answer_by_a_call_is_asked_for_again_by_a_call() -> None:
    llm = script(call(FINAL, year="soon"), call(FINAL, title="Dune"), abilities=BY_TOOL)

    result = await Agent[Book](llm=llm, tools=[count]).run("?")

    again = llm.requests[1]
    assert isinstance(again.messages[-1], UserMessage)
    assert "title: Field required" in again.messages[-1].text
    assert [spec.name for spec in again.tools] == [FINAL]
    assert result.output == Book(title="Dune")


async def test_text_of_a_model_that_was_asked_for_a_call_is_read_all_the_same() -> None:
    llm = script('{"title": "Dune"}', abilities=BY_TOOL)

    assert (await Agent[Book](llm=llm).run("?")).output == Book(title="Dune")


async def test_a_tool_with_the_name_of_the_final_answer_is_refused_where_it_is_needed() -> None:
    @tool(name=FINAL)
    def answer() -> None:
        """Answer."""

    with pytest.raises(ConfigurationError, match=f"'{FINAL}'"):
        await Agent[Book](llm=script(abilities=BY_TOOL), tools=[answer]).run("?")
    assert (await Agent(llm=script("ok", abilities=BY_TOOL), tools=[answer]).run("?")).output


async def test_an_answer_that_was_cut_off_says_so() -> None:
    llm = script(*[cut_off('{"title": "Du')] * 3, abilities=Abilities())

    with pytest.raises(OutputParseError, match="cut off where it reached max_tokens") as caught:
        await Agent[Book](llm=llm).run("?")

    assert caught.value.text == '{"title": "Du'
    assert "cut off" in str(llm.requests[1].messages[-1].content)


async def test_a_refusal_says_so() -> None:
    llm = script(*[cut_off("I cannot help.", "content_filter")] * 3, abilities=Abilities())

    with pytest.raises(OutputParseError, match="refused to answer"):
        await Agent[Book](llm=llm).run("?")


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_the_result_says_why_a_text_ended(
    reason: Literal["length", "content_filter"],
) -> None:
    llm = script(cut_off("Once upon a", reason), abilities=Abilities())

    result = await Agent(llm=llm).run("?")

    assert (result.output, result.finish_reason) == ("Once upon a", reason)
    assert (await Agent(llm=script("ok", abilities=BY_TOOL)).run("?")).finish_reason == "stop"


async def test_a_step_that_was_cut_off_is_told_to_the_model() -> None:
    llm = script(
        cut_off('{"action": "count", "argu'),
        '{"action": "final_answer", "answer": "1"}',
        abilities=IN_WORDS,
    )

    await Agent(llm=llm, tools=[count], planner=ReAct()).run("?")

    assert "It was cut off" in str(llm.requests[1].messages[-1].content)


async def test_a_stream_yields_growing_answers_of_the_type() -> None:
    llm = script('{"items": [{"title": "Dune"}, {"title": "Emma"}]}', abilities=Abilities())

    items = [item async for item in Agent[Page[Book]](llm=llm).stream("?")]

    partials = [item.output for item in items if isinstance(item, Partial)]
    assert [len(page.items) for page in partials] == [0, 1, 2]
    assert all(isinstance(page, Page) for page in partials)
    assert isinstance(items[-1], Finished)
    assert partials[-1] == items[-1].result.output


async def test_a_text_is_streamed_without_partial_answers() -> None:
    items = [item async for item in Agent(llm=script("a b", abilities=IN_WORDS)).stream("?")]

    assert not any(isinstance(item, Partial) for item in items)


async def test_react_streams_the_answer_and_not_its_json() -> None:
    llm = script(
        '{"thought": "count them", "action": "count", "arguments": {"shelf": "ab"}}',
        '{"thought": "I know", "action": "final_answer", "answer": "There are two."}',
        abilities=IN_WORDS,
    )

    items = [item async for item in Agent(llm=llm, tools=[count]).stream("?")]

    text = "".join(item.text for item in items if isinstance(item, TextDelta))
    assert text == "There are two."


async def test_react_streams_growing_typed_answers() -> None:
    llm = script(
        '{"action": "final_answer", "answer": {"items": [1, 2]}}', abilities=Abilities(tools=False)
    )

    stream = Agent[Page[int]](llm=llm, tools=[count]).stream("?")
    outputs = [item.output async for item in stream if isinstance(item, Partial)]

    assert outputs == [Page[int](items=[1]), Page[int](items=[1, 2])]


class Delegating:
    def __init__(self, child: Agent[Any]) -> None:
        self.child = child

    async def solve(self, task: Any, run: Any, /) -> Any:
        await run.child(self.child, "?")
        return await run.answer(task.messages)


async def test_the_growing_answers_of_a_child_are_not_the_parents() -> None:
    child = Agent[Book](llm=script('{"title": "Dune"}', abilities=Abilities()))
    parent = Agent[list[int]](llm=script("[1]", abilities=Abilities()), planner=Delegating(child))

    items = [item async for item in parent.stream("?")]

    assert [item.output for item in items if isinstance(item, Partial)] == [[1]]
