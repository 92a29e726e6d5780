"""The typed output of an agent: asked for by schema, checked, and asked for again."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from agentcore import Agent, OutputParseError, SystemMessage
from agentcore.testing import ScriptedLLM


class Book(BaseModel):
    title: str
    pages: int


async def test_a_typed_output_is_asked_for_by_schema_and_parsed() -> None:
    llm = ScriptedLLM('{"title": "Dune", "pages": 612}')

    result = await Agent[Book](llm=llm).run("A book?")

    assert result.output == Book(title="Dune", pages=612)
    assert llm.requests[0].output_schema == Book.model_json_schema()
    assert isinstance(first := llm.requests[0].messages[0], SystemMessage)
    assert '"pages"' in first.content


async def test_an_invalid_output_is_asked_for_again_with_the_reason() -> None:
    llm = ScriptedLLM('{"title": "Dune", "pages": "many"}', '{"title": "Dune", "pages": 612}')

    result = await Agent[Book](llm=llm).run("A book?")

    assert result.output.pages == 612
    told = str(llm.requests[1].messages[-1].content)
    assert "pages" in told
    assert "many" in told


async def test_asking_again_is_bounded() -> None:
    llm = ScriptedLLM("no", "no", "no")

    with pytest.raises(OutputParseError) as caught:
        await Agent[Book](llm=llm, output_retries=2).run("A book?")

    assert (caught.value.text, len(llm.requests)) == ("no", 3)
    assert caught.value.messages


async def test_the_agents_own_check_of_the_output_is_told_to_the_model() -> None:
    class Short(Agent[Book]):
        def validate_output(self, output: Book, /) -> Book:
            if output.pages > 100:
                raise ValueError("too long: at most 100 pages")
            return output.model_copy(update={"title": output.title.upper()})

    llm = ScriptedLLM('{"title": "Dune", "pages": 612}', '{"title": "Emma", "pages": 99}')
    result = await Short(llm=llm).run("A book?")

    assert result.output == Book(title="EMMA", pages=99)
    assert "at most 100 pages" in str(llm.requests[1].messages[-1].content)
