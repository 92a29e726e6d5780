"""How a knowledge base searches: one frozen value, so that settings can be named and compared."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...errors import ConfigurationError
from .diversity import check_diversity
from .expansion import QueryExpansion
from .fusion import Fusion, ScoreFusion
from .reranking import Reranker

__all__ = ["Retrieval"]


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What happens between a question and its hits.

    Example:
        >>> from agentcore.memory import HyDE, Retrieval
        >>> careful = Retrieval(expansion=HyDE(), diversity=0.3)
        >>> careful.candidates
        100
    """

    fusion: Fusion = field(default_factory=lambda: ScoreFusion((0.75, 0.25)))
    """Joins the keyword scores and the vector scores, in this order. The default is the best on
    average over two sets and two embedders (docs/knowledge.md)."""
    candidates: int = 100
    """How many texts each of the two searches puts forward."""
    expansion: QueryExpansion | None = None
    """What the model of the run writes to search for; such searches need a run."""
    reranker: Reranker | None = None
    """Orders the first `reranked` again."""
    reranked: int = 20
    """How many texts the reranker reads."""
    diversity: float = 0.0
    """From 0 (the nearest) to 1 (the least like each other); see `diversify`."""

    def __post_init__(self) -> None:
        if self.candidates < 1 or self.reranked < 1:
            raise ConfigurationError(
                f"candidates is {self.candidates} and reranked {self.reranked}: both must be at "
                "least 1"
            )
        check_diversity(self.diversity)
