"""Which embedder a memory takes when none was named."""

from __future__ import annotations

import warnings

from ...vectors import Embedder
from .hashing import HashingEmbedder
from .static import StaticEmbedder, import_wordllama

__all__ = ["default_embedder"]


def default_embedder() -> Embedder:
    """Return `StaticEmbedder` where it can run, else `HashingEmbedder` with a warning.

    A store remembers its embedder by name: a store that was filled with hashed words says so when
    it is opened with word vectors later, and does not mix the two.
    """
    try:
        import_wordllama()
    except ImportError as error:
        warnings.warn(
            f"texts are compared by hashed words, not by meaning: wordllama cannot be imported "
            f"({error}). pip install 'agentcore-framework[local]', or name an embedder",
            RuntimeWarning,
            stacklevel=2,
        )
        return HashingEmbedder()
    return StaticEmbedder()
