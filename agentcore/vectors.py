"""Vectors that stand for texts: the protocol of what makes them, and their one checked form."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

from .errors import ConfigurationError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Embedder", "Matrix", "Vectors", "embed_texts", "to_matrix", "to_text"]

Matrix: TypeAlias = "NDArray[np.float32]"
"""(n, d), C-contiguous."""

Vectors: TypeAlias = "Matrix | Sequence[Sequence[float]]"
"""(n, d): an array, or plain lists."""


class Embedder(Protocol):
    """Turns texts into vectors.

    Example:
        >>> class Lengths:
        ...     name, dim = "lengths", 1
        ...     async def embed(self, texts):
        ...         return [[float(len(text))] for text in texts]
    """

    @property
    def name(self) -> str:
        """Backend and model; a store refuses the vectors of another name."""
        ...

    @property
    def dim(self) -> int:
        """Numbers per vector."""
        ...

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one vector of `dim` numbers per text, in order: (n, d), rows of unit length."""
        ...


async def embed_texts(embedder: Embedder, texts: Sequence[str]) -> Matrix:
    """Return the vectors of the texts, (n, d), checked.

    Raises:
        ConfigurationError: the embedder gave another shape than it promises, or no numbers.
    """
    import numpy as np

    if not texts:
        return np.zeros((0, embedder.dim), dtype=np.float32)
    given = await embedder.embed(texts)
    try:
        matrix = np.ascontiguousarray(given, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{embedder.name}.embed returned what is no matrix of numbers: {error}"
        ) from error
    wanted = (len(texts), embedder.dim)
    if matrix.shape != wanted:
        raise ConfigurationError(
            f"{embedder.name}.embed returned the shape {matrix.shape} where {wanted} was due"
        )
    if not np.isfinite(matrix).all():
        raise ConfigurationError(f"{embedder.name}.embed returned a NaN or an infinite number")
    return matrix


def to_text(matrix: Matrix) -> str:
    """Write the numbers one after the other as little-endian float32, in base64."""
    return base64.b64encode(matrix.astype("<f4").tobytes()).decode("ascii")


def to_matrix(text: str, *, dim: int) -> Matrix:
    """Read what `to_text` wrote: (n, dim), writable."""
    import numpy as np

    return np.frombuffer(base64.b64decode(text), dtype="<f4").astype(np.float32).reshape(-1, dim)
