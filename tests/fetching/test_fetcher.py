from __future__ import annotations

import gzip
import ssl
import zlib

import pytest

from agentcore.errors import ConfigurationError, ToolError, ToolTimeoutError
from agentcore.fetching import WebFetcher

from .conftest import PlayedNet, answer, redirect

PUBLIC, OTHER = "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


async def test_a_document_is_fetched_from_the_address_that_was_checked(net: PlayedNet) -> None:
    net.replies = [answer(b"caf\xc3\xa9", content_type="text/plain; charset=UTF-8")]

    got = await net.fetcher().fetch("http://site.example/a?b=c#d")

    assert got == ("café".encode(), "text/plain; charset=utf-8")
    assert net.connected == [(PUBLIC, 80)]
    assert net.sent.startswith(b"GET /a?b=c HTTP/1.1\r\nHost: site.example\r\n")
    assert b"cookie" not in net.sent.lower()


async def test_tls_is_verified_against_the_name_and_not_the_address(net: PlayedNet) -> None:
    net.replies = [answer()]

    await net.fetcher().fetch("https://site.example/")

    ((name, context),) = net.verified
    assert (name, net.connected) == ("site.example", [(PUBLIC, 443)])
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED


async def test_a_name_is_resolved_once_for_check_and_connection(net: PlayedNet) -> None:
    net.replies = [answer()]

    await net.fetcher().fetch("http://changing.example/")

    assert (net.resolved, net.connected) == (["changing.example"], [(PUBLIC, 80)])


async def test_dns_that_answers_otherwise_after_a_redirect_is_checked_again(net: PlayedNet) -> None:
    net.replies = [redirect("https://changing.example/again"), answer(b"the inner secret")]

    with pytest.raises(ToolError, match="not on the public internet"):
        await net.fetcher().fetch("http://changing.example/")
    assert net.connected == [(PUBLIC, 80)]


@pytest.mark.parametrize("host", ["inner.example", "mixed.example", "empty.example"])
async def test_a_name_with_an_inner_address_is_not_connected_to(net: PlayedNet, host: str) -> None:
    with pytest.raises(ToolError, match="not on the public internet"):
        await net.fetcher().fetch(f"http://{host}/")
    assert net.connected == []


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/"),
        *("http://017700000001/", "http://127.1/", "http://0/", "http://[::1]/", "http://[::]/"),
        *("http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://169.254.169.254/"),
        *("http://[fe80::1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/"),
        *(
            "http://100.64.0.1/",
            "http://224.0.0.1/",
            "http://0177.0.0.1/",
            "http://[fe80::1%lo]/",
        ),
        *("http://①②⑦.0.0.1/", "http://127。0。0。1/"),
    ],
)
@pytest.mark.parametrize("is_redirect", [False, True])
async def test_no_way_to_write_an_inner_address_is_fetched(
    net: PlayedNet, url: str, *, is_redirect: bool
) -> None:
    from agentcore.fetching.addresses import resolve

    async def found(host: str, port: int) -> list[str]:
        return [PUBLIC] if host == "site.example" else list(await resolve(host, port))

    net.replies = [redirect(url), answer(b"the inner secret")]
    if not is_redirect:
        del net.replies[0]
    fetcher = WebFetcher(resolve=found, network=net)

    with pytest.raises(ToolError):
        await fetcher.fetch("http://site.example/" if is_redirect else url)
    assert net.connected == ([(PUBLIC, 80)] if is_redirect else [])


async def test_redirects_are_followed_from_host_to_host(net: PlayedNet) -> None:
    net.replies = [redirect("//other.example/b"), answer(b"there")]

    assert (await net.fetcher().fetch("http://site.example/a"))[0] == b"there"
    assert net.connected == [(PUBLIC, 80), (OTHER, 80)]


async def test_a_circle_of_redirects_ends(net: PlayedNet) -> None:
    net.replies = [redirect("/again")] * 20

    with pytest.raises(ToolError, match="more than 5 times"):
        await net.fetcher().fetch("http://site.example/")
    assert net.sent.count(b"GET ") == 6


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("file:///etc/passwd", "no address of the web"),
        ("gopher://site.example/", "no address of the web"),
        ("//site.example/", "no address of the web"),
        ("http:///x", "no address of the web"),
        ("http://user:key@site.example/", "user name or a password"),
        ("http://site.example:22/", "port 22 is not one of 80, 443"),
        ("http://site.example/" + "a" * 5000, "5020 characters"),
        ("http://\x00/", "no URL"),
        ("http://site.example:99999999/", "no URL|port"),
        ("\ud800", "no URL|no address"),
    ],
)
@pytest.mark.parametrize("is_redirect", [False, True])
async def test_what_is_no_address_of_the_web_is_refused(
    net: PlayedNet, url: str, said: str, *, is_redirect: bool
) -> None:
    if is_redirect and (not url.isprintable() or url.startswith(("//", "http:///"))):
        pytest.skip("no header can hold it, or it is one of this host's")
    net.replies = [redirect(url)] if is_redirect else []

    with pytest.raises(ToolError, match=said):
        await net.fetcher().fetch("http://site.example/" if is_redirect else url)


@pytest.mark.parametrize("packed", [gzip.compress(b"hello", mtime=0), zlib.compress(b"hello")])
async def test_a_packed_document_is_unpacked(net: PlayedNet, packed: bytes) -> None:
    kind = "gzip" if packed[:2] == b"\x1f\x8b" else "deflate"
    net.replies = [answer(packed, content_encoding=kind)]

    assert (await net.fetcher().fetch("http://site.example/"))[0] == b"hello"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (answer(b"x" * 1001), "more than 1000 bytes"),
        (
            answer(gzip.compress(b"x" * 10**7, mtime=0), content_encoding="gzip")[:9000],
            "unpack|peer|bytes",
        ),
        (
            answer(gzip.compress(b"x" * 10**5, mtime=0), content_encoding="gzip"),
            "more than 1000 bytes",
        ),
        (answer(b"not packed", content_encoding="gzip"), "cannot be unpacked"),
        (answer(b"?", content_encoding="br"), "compressed as 'br'"),
        (answer(status="404 Not Found"), "status 404"),
        (answer(status="503 Busy"), "status 503"),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", "cannot be fetched"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", "cannot be fetched"),
        (b"", "cannot be fetched"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000, "cannot be fetched"),
    ],
)
async def test_what_cannot_be_had_is_told_to_the_model(
    net: PlayedNet, reply: bytes, said: str
) -> None:
    net.replies = [reply]

    with pytest.raises(ToolError, match=said):
        await net.fetcher().fetch("http://site.example/")


async def test_the_next_address_is_tried_where_one_does_not_answer(net: PlayedNet) -> None:
    net.dead, net.replies = ("93.184.215.15",), [answer()]

    await net.fetcher().fetch("http://two.example/")

    assert net.connected == [("93.184.215.15", 80), (PUBLIC, 80)]


async def test_a_host_that_does_not_answer_is_named(net: PlayedNet) -> None:
    net.dead = (PUBLIC,)

    with pytest.raises(ToolError, match=r"'site\.example' does not answer on port 80"):
        await net.fetcher().fetch("http://site.example/")


async def test_a_server_that_never_answers_is_given_up(net: PlayedNet) -> None:
    import asyncio

    async def never(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(ToolTimeoutError, match=r"within 0\.01 s"):
        await WebFetcher(resolve=never, network=net).fetch("http://x.example/", timeout_s=0.01)


async def test_bounds_that_are_none_are_refused(net: PlayedNet) -> None:
    with pytest.raises(ConfigurationError, match="max_bytes is 0"):
        WebFetcher(max_bytes=0)
    with pytest.raises(ConfigurationError, match="timeout_s is 0"):
        await net.fetcher().fetch("http://site.example/", timeout_s=0)
