"""Tools, one family per file: each is a function marked with `@tool`, or makes some."""

from .calculator import calculate

__all__ = ["calculate"]
