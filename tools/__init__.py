"""Tools, one family per file: each is a function marked with `@tool`, a tool set, or makes some.

The packages of the extras are loaded at the first call that needs them.
"""

from .approval import with_approval
from .calculator import calculate
from .files import EditableFiles, Files
from .search import DuckDuckGo, SearchEngine, SearchHit, WebSearch
from .sql import Database
from .web import WebPages

__all__ = [
    "Database",
    "DuckDuckGo",
    "EditableFiles",
    "Files",
    "SearchEngine",
    "SearchHit",
    "WebPages",
    "WebSearch",
    "calculate",
    "with_approval",
]
