"""From the openai client's exceptions, and errors inside answers, to this library's errors."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from ..errors import AgentCoreError, LLMError, LLMTimeoutError
from ..values import JsonObject, JsonValue
from .failures import Failure, Origin, to_error
from .reading import count_of, object_of, parse_reply, retry_after_s, text_of

if TYPE_CHECKING:
    import httpx2
    import openai

__all__ = ["check_no_error", "checked_object", "translated"]

_LONGEST = 1000


@contextmanager
def translated(origin: Origin) -> Generator[None]:
    """Turn what the openai client raises inside into the errors of this library."""
    import httpx2
    import openai

    try:
        yield
    except (openai.OpenAIError, httpx2.HTTPError, ValueError) as error:
        # A server may quote the key that it refuses: then the vendor's error is left behind.
        answer = error.response.text if isinstance(error, httpx2.HTTPStatusError) else ""
        ours = _to_ours(error, origin)
        # And where nobody answers, what the client's parts raised one from the other says no more.
        is_plain = isinstance(ours, LLMTimeoutError) or _is_refused(error)
        is_bare = is_plain or origin.shows_key(f"{error}{answer}")
        raise ours from (None if is_bare else error)


def checked_object(content: bytes, origin: Origin) -> JsonObject:
    """Read the object of an answer that came with a status of success.

    Raises:
        LLMError: it is an error all the same.
    """
    reply = object_of(parse_reply(content))
    check_no_error(reply, origin)
    return reply


def check_no_error(part: JsonObject, origin: Origin) -> None:
    """Raise the error that an answer, or a part of it, holds."""
    if part.get("error"):
        raise to_error(_failure_of(part["error"]), origin)


def _to_ours(error: Exception, origin: Origin) -> AgentCoreError:  # noqa: PLR0911 - one per kind
    import httpx2
    import openai

    if isinstance(error, (openai.APITimeoutError, httpx2.TimeoutException)):
        return origin.timed_out()
    cause = _cause_of(error)
    if _is_refused(error):
        return origin.refused()
    if isinstance(error, openai.APIConnectionError) or isinstance(cause, httpx2.TransportError):
        return origin.unavailable(f"the connection broke ({cause!r})")
    if isinstance(error, (openai.APIStatusError, httpx2.HTTPStatusError)):
        headers = error.response.headers
        failure = _failure_of(
            _body_of(error),
            status=error.response.status_code,
            retry_after_s=retry_after_s(headers),
        )
        return to_error(failure, origin)
    if isinstance(error, openai.APIError):
        return to_error(_failure_of(_body_of(error)), origin)
    if isinstance(error, openai.OpenAIError):
        return LLMError(origin.masked(f"{origin.backend}: {error}"), backend=origin.backend)
    return origin.unavailable(f"the answer broke off or is garbled ({error!r})")


def _cause_of(error: Exception) -> BaseException | None:
    import openai

    return error.__cause__ if isinstance(error, openai.APIConnectionError) else error


def _is_refused(error: Exception) -> bool:
    import httpx2

    return isinstance(_cause_of(error), httpx2.ConnectError)


def _body_of(error: openai.APIError | httpx2.HTTPStatusError) -> JsonValue:
    """What the server said, as JSON where it is JSON."""
    import openai

    if isinstance(error, openai.APIError):
        return cast("JsonValue", error.body)  # the client has read it
    said = parse_reply(error.response.content)
    return object_of(said).get("error", said) or error.response.text


def _failure_of(
    body: JsonValue, *, status: int | None = None, retry_after_s: float | None = None
) -> Failure:
    fields = object_of(body)
    code = fields.get("code")
    return Failure(
        message=_message_of(body),
        status=status or _status_in(code),
        code=code if isinstance(code, str) and not code.isdigit() else text_of(fields.get("type")),
        retry_after_s=retry_after_s,
        tokens=count_of(fields.get("n_prompt_tokens")) or None,
        limit=count_of(fields.get("n_ctx")) or None,
    )


def _message_of(body: JsonValue) -> str:
    if isinstance(body, dict):
        named = next(
            (body[name] for name in ("message", "detail", "error") if body.get(name)), body
        )
        body = named if isinstance(named, str) else json.dumps(named, ensure_ascii=False)
    elif not isinstance(body, str):
        body = "" if body is None else json.dumps(body, ensure_ascii=False)
    return body[:_LONGEST]


def _status_in(code: JsonValue) -> int | None:
    """The HTTP status that some servers write into the error instead of the answer's head."""
    number = int(code) if isinstance(code, str) and code.isdecimal() else code
    return number if isinstance(number, int) and 400 <= number < 600 else None  # noqa: PLR2004
