"""Search on the web.

Safety: nothing but the query leaves, and it goes to the search engine and nowhere else; hits and
their characters are bounded. What they say is untrusted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..action import ToolSet, tool
from ..action.threads import run_in_thread
from ..errors import ConfigurationError, ToolError
from ..values import Value

__all__ = ["DuckDuckGo", "SearchEngine", "SearchHit", "WebSearch"]

_MOST_QUERY_CHARS = 500
_MOST_TEXT_CHARS = 500


class SearchHit(Value):
    """One page that was found."""

    title: str
    url: str
    text: str
    """A piece of the page, or what the engine says of it."""


class SearchEngine(Protocol):
    """Finds pages.

    Example:
        >>> class Fixed:
        ...     async def search(self, query, *, max_hits):
        ...         return [SearchHit(title="Dune", url="https://example.org/dune", text="A book.")]
    """

    async def search(self, query: str, *, max_hits: int) -> Sequence[SearchHit]:
        """Return the best pages first; none is no error.

        Raises:
            ToolError: the engine cannot be asked; the message is for the model.
        """
        ...


class WebSearch(ToolSet):
    """A tool that searches the web: `tools=[WebSearch()]`.

    Args:
        engine: Who is asked; None: `DuckDuckGo`.
        max_hits: The most pages that the model is shown.

    Raises:
        ConfigurationError: `max_hits` is not above 0.
    """

    def __init__(self, engine: SearchEngine | None = None, *, max_hits: int = 8) -> None:
        if max_hits < 1:
            raise ConfigurationError(f"max_hits is {max_hits}, and must be over 0")
        self._engine, self._max_hits = engine or DuckDuckGo(), max_hits

    @tool(timeout_s=60)
    async def search_web(self, query: str) -> str:
        """Search the web; each hit has title, address and a piece of the page.

        Args:
            query: a few words, as for any search engine.

        Raises:
            ToolError: the query is empty or too long, or the engine cannot be asked.
        """
        wanted = " ".join(query.split())
        if not 0 < len(wanted) <= _MOST_QUERY_CHARS:
            raise ToolError(
                f"the query has {len(wanted)} characters; write 1 to {_MOST_QUERY_CHARS}"
            )
        hits = await self._engine.search(wanted, max_hits=self._max_hits)
        shown = (
            f"{number}. {hit.title}\n{hit.url}\n{hit.text[:_MOST_TEXT_CHARS]}"
            for number, hit in enumerate(hits[: self._max_hits], 1)
        )
        return "\n\n".join(shown) or f"nothing was found for {wanted!r}; try other words"


class _TextSearch(Protocol):
    """The part of `ddgs.DDGS` that is used."""

    def text(self, query: str, **options: Any) -> list[dict[str, Any]]:
        """Return records with `title`, `href` and `body`."""
        ...


class DuckDuckGo:
    """The search engines that `ddgs` asks, without a key. It keeps nothing between searches.

    Args:
        region: Country and language, such as `us-en`.
        timeout_s: The seconds that one engine may take.
        client: Who is asked instead of `ddgs.DDGS`.
    """

    def __init__(
        self,
        *,
        region: str = "us-en",
        timeout_s: int = 10,
        client: _TextSearch | None = None,
    ) -> None:
        self._region, self._timeout_s, self._client = region, timeout_s, client

    async def search(self, query: str, *, max_hits: int) -> list[SearchHit]:
        """Return the best pages first.

        Raises:
            ToolError: there is no network, the engines refuse, or they take too long.
        """
        records = await run_in_thread(lambda: self._ask(query, max_hits))
        return [_to_hit(record) for record in records if record.get("href")]

    def _ask(self, query: str, max_hits: int) -> Sequence[Mapping[str, Any]]:
        from ddgs import DDGS  # pyright: ignore[reportUnknownVariableType]  its metaclass is untyped
        from ddgs.exceptions import DDGSException, RatelimitException, TimeoutException

        client: _TextSearch = self._client or DDGS(timeout=self._timeout_s)
        try:
            return client.text(query, region=self._region, max_results=max_hits)
        except RatelimitException as error:
            raise ToolError("the search engine asks to search less often; go on without") from error
        except TimeoutException as error:
            raise ToolError(
                f"the search engine did not answer within {self._timeout_s} s; there may be no "
                "network: go on without, and say so"
            ) from error
        except DDGSException as error:
            if "No results" in str(error):
                return []
            raise ToolError(
                "the search engine cannot be reached, and there may be no network: go on without, "
                "and say so"
            ) from error


def _to_hit(record: Mapping[str, Any]) -> SearchHit:
    return SearchHit(
        title=str(record.get("title") or "(no title)"),
        url=str(record["href"]),
        text=str(record.get("body") or ""),
    )
