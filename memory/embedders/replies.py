"""Careful reading of the vectors that a server answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import ConfigurationError
from ...servers.failures import Origin
from ...values import JsonValue

if TYPE_CHECKING:
    from ...vectors import Matrix

__all__ = ["check_batch", "to_rows"]


def check_batch(dim: int, batch_size: int) -> None:
    """Refuse sizes that make no sense.

    Raises:
        ConfigurationError: one is under 1.
    """
    if dim < 1 or batch_size < 1:
        raise ConfigurationError(
            f"dim is {dim} and batch_size {batch_size}: both must be at least 1"
        )


def to_rows(vectors: JsonValue, shape: tuple[int, int], origin: Origin) -> Matrix:
    """Return the vectors as a matrix of the shape that is due.

    Raises:
        ConfigurationError: the model gives vectors of another size.
        LLMUnavailableError: these are no vectors, or not one for each text.
    """
    import numpy as np

    try:
        matrix = np.array(vectors, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise origin.not_an_answer(str(vectors)) from error
    count, dim = shape
    if matrix.ndim != len(shape):
        raise origin.not_an_answer(str(vectors))
    if len(matrix) != count:
        raise origin.unavailable(f"{count} vectors were due, and {len(matrix)} came")
    if matrix.shape[1] != dim:
        raise ConfigurationError(
            f"{origin.backend} gives vectors of {matrix.shape[1]} numbers, and dim is {dim}: "
            f"say dim={matrix.shape[1]}"
        )
    return matrix
