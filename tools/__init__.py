"""Tools, one family per file: each is a function marked with `@tool`, a tool set, or makes some.

The packages of the extras are loaded at the first call that needs them.
"""

from .approval import with_approval
from .calculator import calculate
from .clock import current_time, date_difference, shift_date
from .files import EditableFiles, Files
from .search import DuckDuckGo, SearchEngine, SearchHit, WebSearch
from .shell import Shell
from .sql import Database
from .web import WebPages

__all__ = [
    "Database",
    "DuckDuckGo",
    "EditableFiles",
    "Files",
    "SearchEngine",
    "SearchHit",
    "Shell",
    "WebPages",
    "WebSearch",
    "calculate",
    "current_time",
    "date_difference",
    "shift_date",
    "with_approval",
]
