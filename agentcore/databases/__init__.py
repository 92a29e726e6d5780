"""Databases that are asked: read-only by construction, bounded in rows, size and seconds."""

from .duckdb import DuckDBSource
from .source import SQLRows, SQLSource
from .sqlite import SQLiteSource

__all__ = ["DuckDBSource", "SQLRows", "SQLSource", "SQLiteSource"]
