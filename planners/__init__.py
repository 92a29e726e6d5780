"""Planners: strategies that solve a task with nothing but a `Run`. One paper per file."""

from .best_of_n import BestOfN
from .critic import Check, Critic, Judge, Verdict
from .react import ReAct
from .self_consistency import SelfConsistency
from .self_refine import SelfRefine
from .tool_calling import ToolCalling
from .tree_search import TreeSearch

__all__ = [
    "BestOfN",
    "Check",
    "Critic",
    "Judge",
    "ReAct",
    "SelfConsistency",
    "SelfRefine",
    "ToolCalling",
    "TreeSearch",
    "Verdict",
]
