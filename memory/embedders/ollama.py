"""Embeddings from an Ollama server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...servers.ollama import OllamaConnection
from ...servers.reading import Body, whole_characters
from .replies import check_batch, to_rows
from .rows import batches, to_unit_rows

if TYPE_CHECKING:
    from ollama import AsyncClient

    from ...vectors import Matrix

__all__ = ["OllamaEmbedder"]

_PATH = "/api/embed"


class OllamaEmbedder:
    """An embedding model behind Ollama. One object works from several event loops.

    Args:
        model: The model's name in Ollama, such as `nomic-embed-text`.
        dim: Numbers per vector, as the model gives them.
        host: Where the server is; by default the environment variable OLLAMA_HOST, or this machine.
        client: A client of your own. It is used as it is, and never closed.
        batch_size: Texts in one request.
        timeout_s: Seconds until an answer begins; loading a model is part of the first.

    Raises:
        ConfigurationError: the options contradict each other.

    Example:
        >>> OllamaEmbedder("nomic-embed-text", dim=768).name
        'ollama:nomic-embed-text:768'
    """

    def __init__(
        self,
        model: str,
        *,
        dim: int,
        host: str | None = None,
        client: AsyncClient | None = None,
        batch_size: int = 64,
        timeout_s: float = 120.0,
    ) -> None:
        check_batch(dim, batch_size)
        self._server = OllamaConnection(model, host=host, client=client, timeout_s=timeout_s)
        self._dim, self._batch_size = dim, batch_size

    @property
    def name(self) -> str:
        """The model and the size, such as `ollama:nomic-embed-text:768`."""
        return f"{self._server.name}:{self._dim}"

    @property
    def dim(self) -> int:
        """Numbers per vector."""
        return self._dim

    async def embed(self, texts: Sequence[str]) -> Matrix:
        """Return one unit vector per text, (n, dim); one request per batch.

        What is longer than the model's window is cut by the server.

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
        # An empty text has no vector there.
        given = [whole_characters(text) or " " for text in texts]
        body: Body = {"model": server.model, "input": given, "truncate": True}
        reply = await server.post(_PATH, body)
        return to_rows(reply.get("embeddings"), (len(texts), self._dim), server.origin)
