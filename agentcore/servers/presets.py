"""The OpenAI-compatible servers that are known by name: where they listen, and what they take."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..completions import Abilities

__all__ = [
    "COMPATIBLE",
    "GPT4ALL",
    "HF",
    "JAN",
    "LLAMACPP",
    "LMSTUDIO",
    "OPENAI",
    "OPENROUTER",
    "SERVERS",
    "VLLM",
    "Server",
]

_STANDARD = frozenset({"temperature", "top_p", "seed", "stop", "max_tokens", "logprobs"})
_ALL = _STANDARD | {"top_k"}


@dataclass(frozen=True, slots=True)
class Server:
    """A kind of OpenAI-compatible server.

    Example:
        >>> from dataclasses import replace
        >>> from agentcore.servers.presets import VLLM
        >>> replace(VLLM, base_url="http://gpu-box:8000/v1").address
        'http://gpu-box:8000/v1'
    """

    name: str
    """The prefix of its models, as in `vllm:qwen3`."""
    base_url: str
    """Where it listens by default."""
    base_url_env: str = ""
    """The environment variable that overrides `base_url`."""
    key_env: str = ""
    """The environment variable that holds the key. A key is sent to no other server."""
    needs_key: bool = False
    """Whether there is no use in asking without a key."""
    token_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"  # noqa: S105
    """What it calls the most tokens that the model may write."""
    max_tokens: int | None = None
    """Sent where the sampling names none; for a server whose own default is uselessly small."""
    streams: bool = True
    """Whether it can stream; where not, a streamed answer comes in one piece."""
    abilities: Abilities = Abilities(sampling=_STANDARD)
    """What it takes. What a model behind it can do is not known: images are not assumed."""
    start: str = ""
    """How its user starts it."""

    @property
    def address(self) -> str:
        """The base URL, from the environment where it is set there."""
        return (self.base_url_env and os.environ.get(self.base_url_env)) or self.base_url

    @property
    def key(self) -> str:
        """The key from the environment, or nothing."""
        return os.environ.get(self.key_env, "") if self.key_env else ""


OPENAI = Server(
    name="openai",
    base_url="https://api.openai.com/v1",
    base_url_env="OPENAI_BASE_URL",
    key_env="OPENAI_API_KEY",
    needs_key=True,
    token_field="max_completion_tokens",  # noqa: S106 - a field's name
    abilities=Abilities(images=True, sampling=_STANDARD),
)

VLLM = Server(
    name="vllm",
    base_url="http://localhost:8000/v1",
    base_url_env="VLLM_BASE_URL",
    key_env="VLLM_API_KEY",
    abilities=Abilities(sampling=_ALL),
    start="start it with `vllm serve MODEL`",
)

LLAMACPP = Server(
    name="llamacpp",
    base_url="http://localhost:8080/v1",
    base_url_env="LLAMACPP_BASE_URL",
    key_env="LLAMACPP_API_KEY",
    abilities=Abilities(sampling=_ALL),
    start="start it with `llama-server -m MODEL.gguf`",
)

LMSTUDIO = Server(
    name="lmstudio",
    base_url="http://localhost:1234/v1",
    base_url_env="LMSTUDIO_BASE_URL",
    key_env="LMSTUDIO_API_KEY",
    abilities=Abilities(sampling=_ALL - {"logprobs"}),
    start="start it with `lms server start`",
)

JAN = Server(
    name="jan",
    base_url="http://localhost:1337/v1",
    base_url_env="JAN_BASE_URL",
    key_env="JAN_API_KEY",
    abilities=Abilities(sampling=_ALL),
    start="start it in Jan under Settings, Local API Server",
)

GPT4ALL = Server(
    name="gpt4all",
    base_url="http://localhost:4891/v1",
    base_url_env="GPT4ALL_BASE_URL",
    max_tokens=4096,  # the server stops after 16 where nothing is said
    streams=False,
    abilities=Abilities(
        tools=False,
        json_schema=False,
        sampling=frozenset({"temperature", "top_p", "max_tokens"}),
    ),
    start="start it in GPT4All under Settings, Enable Local API Server",
)

OPENROUTER = Server(
    name="openrouter",
    base_url="https://openrouter.ai/api/v1",
    base_url_env="OPENROUTER_BASE_URL",
    key_env="OPENROUTER_API_KEY",
    needs_key=True,
    abilities=Abilities(sampling=_ALL),
)

HF = Server(
    name="hf",
    base_url="https://router.huggingface.co/v1",
    base_url_env="HF_BASE_URL",
    key_env="HF_TOKEN",
    needs_key=True,
)

COMPATIBLE = Server(name="compatible", base_url="")
"""A server of which only the address is known. No key from the environment is sent to it."""

SERVERS: Mapping[str, Server] = {
    server.name: server
    for server in (OPENAI, VLLM, LLAMACPP, LMSTUDIO, JAN, GPT4ALL, OPENROUTER, HF)
}
"""The servers that `load_llm` knows, by prefix."""
