"""Action: tools from functions, their schemas, and the executor that calls them.

Only the decorator is loaded with agentcore; the rest is when an agent first runs.
"""

from .tool import ToolOptions, tool
from .toolset import ToolSet

__all__ = ["ToolOptions", "ToolSet", "tool"]
