from __future__ import annotations

from typing import Any

import pytest
from ddgs.exceptions import DDGSException, RatelimitException, TimeoutException

from agentcore import Agent, ConfigurationError, ToolError
from agentcore.testing import ScriptedLLM, call
from agentcore.tools import DuckDuckGo, SearchHit, WebSearch

RECORDED = [
    {"title": "Shelves", "href": "https://example.org/shelf", "body": "Three boards of oak."},
    {"title": "", "href": "https://example.org/glue", "body": None},
    {"title": "An advertisement without an address", "href": "", "body": "Buy!"},
]


class Recorded:
    """Answers as `ddgs.DDGS` did, or fails as it does."""

    def __init__(self, answer: list[dict[str, Any]] | Exception) -> None:
        self.answer = answer
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def text(self, query: str, **options: Any) -> list[dict[str, Any]]:
        self.asked.append((query, options))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_hits_reach_the_model() -> None:
    client = Recorded(RECORDED)
    llm = ScriptedLLM(call("search_web", query=" oak \n shelf "), "Found.")
    tools = [WebSearch(DuckDuckGo(region="de-de", client=client), max_hits=5)]

    await Agent(llm=llm, tools=tools).run("Find shelves.")

    assert llm.requests[1].messages[-1].content == (
        "1. Shelves\nhttps://example.org/shelf\nThree boards of oak.\n\n"
        "2. (no title)\nhttps://example.org/glue\n"
    )
    assert client.asked == [("oak shelf", {"region": "de-de", "max_results": 5})]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DDGSException("error sending request > DNS error"), "there may be no network"),
        (TimeoutException("timed out"), "there may be no network"),
        (RatelimitException("202"), "search less often"),
    ],
)
async def test_an_engine_that_cannot_be_asked_is_told_to_the_model(
    error: Exception, said: str
) -> None:
    search = WebSearch(DuckDuckGo(client=Recorded(error)))

    with pytest.raises(ToolError, match=said):
        await search.search_web("oak")


@pytest.mark.parametrize("answer", [[], DDGSException("No results found.")])
async def test_finding_nothing_is_no_error(answer: Any) -> None:
    search = WebSearch(DuckDuckGo(client=Recorded(answer)))

    assert await search.search_web("oak") == "nothing was found for 'oak'; try other words"


async def test_another_engine_is_plugged_in_and_bounded() -> None:
    class Chatty:
        async def search(self, query: str, *, max_hits: int) -> list[SearchHit]:
            return [SearchHit(title="t", url="u", text="x" * 10_000)] * 100

    shown = await WebSearch(Chatty(), max_hits=2).search_web("oak")

    assert len(shown) < 1100
    assert shown.count("\nu\n") == 2


@pytest.mark.parametrize("query", ["", " \n", "x" * 501])
async def test_a_query_that_is_none_is_refused(query: str) -> None:
    with pytest.raises(ToolError, match="write 1 to 500"):
        await WebSearch(DuckDuckGo(client=Recorded([]))).search_web(query)


def test_a_bound_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="max_hits is 0"):
        WebSearch(max_hits=0)
