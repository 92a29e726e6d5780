"""Planners: strategies that solve a task with nothing but a `Run`. One paper per file."""

from .react import ReAct
from .tool_calling import ToolCalling

__all__ = ["ReAct", "ToolCalling"]
