"""Embeddings from OpenAI, and from every server that speaks its protocol."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...errors import ModelNotFoundError
from ...servers.failures import model_not_found
from ...servers.openai import OpenAIConnection
from ...servers.openai_errors import checked_object
from ...servers.presets import Server
from ...servers.reading import Body, items_of, object_of, whole_characters
from ...values import JsonValue
from .replies import check_batch, to_rows
from .rows import batches, to_unit_rows

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from ...vectors import Matrix

__all__ = ["OpenAIEmbedder"]

_PATH = "/embeddings"


class OpenAIEmbedder:
    """An embedding model behind an OpenAI-compatible API. One object works from several loops.

    Args:
        model: The model's name on the server, such as `text-embedding-3-small`.
        dim: Numbers per vector: what the model gives, or with `is_shortened` what is asked of it.
        is_shortened: Ask the model for `dim` numbers where it could give more; not every one can.
        base_url: Where the server is; by default where `server` listens.
        api_key: By default what the server's environment variable holds.
        client: A client of your own. It is used as it is, and never closed.
        server: What kind of server it is; by default OpenAI, or with a `base_url` any other.
        batch_size: Texts in one request.
        timeout_s: Seconds until an answer begins.
        max_retries: How often the client tries again before an error is raised.

    Raises:
        ConfigurationError: the options contradict each other.

    Example:
        >>> OpenAIEmbedder("text-embedding-3-small", dim=1536).name
        'openai:text-embedding-3-small:1536'
    """

    def __init__(  # noqa: PLR0913  each is one thing that users of the official client know
        self,
        model: str,
        *,
        dim: int,
        is_shortened: bool = False,
        base_url: str | None = None,
        api_key: str | None = None,
        client: AsyncOpenAI | None = None,
        server: Server | None = None,
        batch_size: int = 128,
        timeout_s: float = 60.0,
        max_retries: int = 2,
    ) -> None:
        check_batch(dim, batch_size)
        self._server = OpenAIConnection(
            model,
            server=server,
            base_url=base_url,
            api_key=api_key,
            client=client,
            timeout_s=timeout_s,
            max_retries=max_retries,
        )
        self._dim, self._is_shortened, self._batch_size = dim, is_shortened, batch_size

    @property
    def name(self) -> str:
        """The server, the model and the size, such as `openai:text-embedding-3-small:1536`."""
        return f"{self._server.name}:{self._dim}"

    @property
    def dim(self) -> int:
        """Numbers per vector."""
        return self._dim

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """Return one unit vector per text, (n, dim); one request per batch.

        Raises:
            ConfigurationError: the model gives another number of numbers than `dim`.
            LLMError: see the tree in `agentcore.errors`.
        """
        import numpy as np

        rows = [np.zeros((0, self._dim), dtype=np.float32)]
        rows += [await self._ask(part) for part in batches(texts, self._batch_size)]
        return to_unit_rows(np.concatenate(rows))

    async def aclose(self) -> None:
        """Close the connections. A client that was passed in stays open."""
        await self._server.aclose()

    async def _ask(self, texts: Sequence[str]) -> Matrix:
        server = self._server
        body: Body = {
            "model": server.model,
            "input": [whole_characters(text) or " " for text in texts],  # it refuses empty ones
            "encoding_format": "float",
        }
        if self._is_shortened:
            body["dimensions"] = self._dim
        try:
            content = await server.post(_PATH, json.dumps(body, ensure_ascii=False).encode())
        except ModelNotFoundError as error:
            known = await server.list_models()
            raise model_not_found(error, server.model, known, hint="") from error.__cause__
        reply = checked_object(content, server.origin)
        return to_rows(_in_order(reply.get("data")), (len(texts), self._dim), server.origin)


def _in_order(data: JsonValue) -> JsonValue:
    """Return the vectors by their `index`, as some servers answer out of order."""
    items = [object_of(item) for item in items_of(data)]

    def place(item: dict[str, JsonValue]) -> int:
        index = item.get("index")
        return index if isinstance(index, int) else 0

    return [item.get("embedding") for item in sorted(items, key=place)]
