"""Planners: strategies that solve a task with nothing but a `Run`. One paper per file."""

from .plan import Plan, Step
from .plan_and_execute import PlanAndExecute
from .plan_check import Fault, check_plan
from .react import ReAct
from .rewoo import ReWOO
from .tool_calling import ToolCalling

__all__ = ["Fault", "Plan", "PlanAndExecute", "ReAct", "ReWOO", "Step", "ToolCalling", "check_plan"]
