"""Planners: strategies that solve a task with nothing but a `Run`. One paper per file."""

from .best_of_n import BestOfN
from .critic import Check, Critic, Judge, Verdict
from .plan import Plan, Step
from .plan_and_execute import PlanAndExecute
from .plan_check import Fault, check_plan
from .react import ReAct
from .rewoo import ReWOO
from .self_consistency import SelfConsistency
from .self_refine import SelfRefine
from .tool_calling import ToolCalling
from .tree_search import TreeSearch

__all__ = [
    "BestOfN",
    "Check",
    "Critic",
    "Fault",
    "Judge",
    "Plan",
    "PlanAndExecute",
    "ReAct",
    "ReWOO",
    "SelfConsistency",
    "SelfRefine",
    "Step",
    "ToolCalling",
    "TreeSearch",
    "Verdict",
    "check_plan",
]
