"""The official client, and a short way past it for requests like those it has sent before."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .reading import retry_after_s

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI, RequestOptions

__all__ = ["JSON", "OpenAIClient"]

JSON: RequestOptions = {"headers": {"Content-Type": "application/json"}}
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 120.0


class OpenAIClient:
    """Posts through the official client, or straight through the HTTP client inside it.

    The official client builds and checks each request anew, which costs three times as much as
    sending it. So what it sends first to a path is kept as a mould: later requests take address,
    headers and timeouts from it. What does not succeed is left to the official client's retries.

    Args:
        official: The client. Its headers do not change from one request to the next.
        http: The HTTP client inside it; None where it is not ours: then nothing is short.
    """

    def __init__(self, official: AsyncOpenAI, http: httpx2.AsyncClient | None = None) -> None:
        self.official = official
        self._http = http
        self._moulds: dict[str, _Mould] = {}

    async def post(self, path: str, body: bytes) -> bytes:
        """Return the body of the answer to a JSON body.

        Raises:
            openai.OpenAIError, httpx2.HTTPError: nothing was answered, or that it failed.
        """
        max_retries = self.official.max_retries
        mould = self._moulds.get(path)
        if mould is not None and self._http is not None:
            try:
                return await _send(self._http, mould.filled(body))
            except Exception as error:  # _wait_s sorts the vendor's errors, and knows no others
                wait_s = _wait_s(error) if max_retries else None
                if wait_s is None:
                    raise
            await asyncio.sleep(wait_s)
            max_retries -= 1
        return await self._post_officially(path, body, max_retries)

    async def _post_officially(self, path: str, body: bytes, max_retries: int) -> bytes:
        import httpx2

        # Not the client's typed calls: they walk the whole history, and cost double.
        response = await self.official.post(
            path,
            cast_to=httpx2.Response,
            content=body,
            options={**JSON, "max_retries": max_retries},
        )
        if not response.history:  # it was not sent on to another address
            self._moulds[path] = _Mould.of(response.request)
        return response.content

    async def aclose(self) -> None:
        """Close the connections."""
        await self.official.close()


@dataclass(frozen=True, slots=True)
class _Mould:
    """A request without its body."""

    url: httpx2.URL
    headers: list[tuple[bytes, bytes]]
    extensions: dict[str, object]

    @classmethod
    def of(cls, request: httpx2.Request) -> _Mould:
        own = {b"content-length", b"x-stainless-retry-count"}
        headers = [(name, value) for name, value in request.headers.raw if name.lower() not in own]
        return cls(request.url, headers, dict(request.extensions))

    def filled(self, body: bytes) -> httpx2.Request:
        import httpx2

        return httpx2.Request(
            "POST", self.url, headers=self.headers, content=body, extensions=self.extensions
        )


async def _send(http: httpx2.AsyncClient, request: httpx2.Request) -> bytes:
    response = await http.send(request)
    return response.raise_for_status().content


def _wait_s(error: Exception) -> float | None:
    """Seconds after which to try again, by the official client's rules; None: it is of no use."""
    import httpx2

    wait_s = _FIRST_WAIT_S * random.uniform(0.75, 1)  # noqa: S311  not for secrets
    if isinstance(error, httpx2.TransportError):
        return wait_s
    if not isinstance(error, httpx2.HTTPStatusError):
        return None
    response = error.response
    asked_s = retry_after_s(response.headers) or wait_s
    word = response.headers.get("x-should-retry")
    is_passing = response.status_code in {408, 409, 429} or response.status_code >= 500  # noqa: PLR2004
    if asked_s > _LONGEST_WAIT_S or word == "false" or not (is_passing or word == "true"):
        return None
    return asked_s
