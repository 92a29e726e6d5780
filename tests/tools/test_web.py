from __future__ import annotations

import pytest

from agentcore import Agent, ConfigurationError, ToolError
from agentcore.testing import ScriptedLLM, call
from agentcore.tools import WebPages

PAGE = b"""<html><head><title>Shelves</title><script>track()</script></head><body>
<nav><a href="/">Home</a><a href="/login">Log in</a></nav>
<article><h1>How to build a shelf</h1>
<p>Take three boards of oak, each of them as long as your arm, and plane them smooth.</p>
<p>Then read <a href="https://example.org/glue">what glue to take</a>, and wait a whole night.</p>
</article><footer>Cookie settings</footer></body></html>"""


class Canned:
    """A fetcher of one document."""

    def __init__(self, body: bytes, media_type: str) -> None:
        self.body, self.media_type = body, media_type
        self.asked: list[tuple[str, float]] = []

    async def fetch(self, url: str, *, timeout_s: float = 20.0) -> tuple[bytes, str]:
        self.asked.append((url, timeout_s))
        return self.body, self.media_type


async def test_the_readable_text_of_a_page_reaches_the_model() -> None:
    fetcher = Canned(PAGE, "text/html; charset=utf-8")
    llm = ScriptedLLM(call("read_page", url="https://example.org/shelf"), "Oak.")

    await Agent(llm=llm, tools=[WebPages(fetcher, timeout_s=3)]).run("Which wood?")

    text = str(llm.requests[1].messages[-1].content)
    assert "three boards of oak" in text
    assert "https://example.org/glue" in text
    assert "track()" not in text
    assert fetcher.asked == [("https://example.org/shelf", 3)]


@pytest.mark.parametrize(
    ("body", "media_type", "text"),
    [
        ("café".encode("latin-1"), "text/plain; charset=iso-8859-1", "café"),
        ("café".encode(), "text/markdown", "café"),
        (b"\xff!", "text/plain; charset=no-such-charset", "\ufffd!"),
        (b'{"a": 1}', "application/json", '{"a": 1}'),
        (b"<a/>", "application/atom+xml", "<a/>"),
    ],
)
async def test_other_text_is_read_as_it_is(body: bytes, media_type: str, text: str) -> None:
    assert await WebPages(Canned(body, media_type)).read_page("https://x") == text


async def test_a_long_page_is_read_piece_by_piece() -> None:
    pages = WebPages(Canned(b"0123456789", "text/plain"), max_chars=6)

    assert await pages.read_page("u") == "012345\n(the page goes on; read it with start=6)"
    assert await pages.read_page("u", start=6) == "6789"


@pytest.mark.parametrize(
    ("body", "media_type", "start", "said"),
    [
        (b"%PDF", "application/pdf", 0, "is application/pdf"),
        (b"\x00", "application/octet-stream", 0, "no text that can be read"),
        (b"<html><body><script>x</script></body></html>", "text/html", 0, "no readable text"),
        (b"", "text/html", 0, "no readable text"),
        (b"  ", "text/plain", 0, "no readable text"),
        (b"abc", "text/plain", 3, "3 characters, and start is 3"),
        (b"abc", "text/plain", -1, "start is -1"),
        (b"<" * 100_000, "text/html", 0, "no readable text"),
    ],
)
async def test_what_has_no_text_is_told_to_the_model(
    body: bytes, media_type: str, start: int, said: str
) -> None:
    with pytest.raises(ToolError, match=said):
        await WebPages(Canned(body, media_type)).read_page("https://x", start)


async def test_an_inner_address_is_refused_by_default() -> None:
    with pytest.raises(ToolError, match="not on the public internet"):
        await WebPages().read_page("http://169.254.169.254/latest/meta-data")


def test_bounds_that_are_none_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="max_chars is 0"):
        WebPages(max_chars=0)
