"""Fetching documents from the web without reaching what is not on the web."""

from .addresses import is_public
from .fetcher import WebFetcher

__all__ = ["WebFetcher", "is_public"]
