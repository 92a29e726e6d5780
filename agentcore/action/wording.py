"""How names and values are shown to a model that made a mistake: short, and with a way out."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from pydantic_core import to_json

__all__ = ["clip", "listing", "show", "suggest"]

_MAX_SHOWN = 80
_MAX_LISTED = 50


def clip(text: str, limit: int = _MAX_SHOWN) -> str:
    """Cut a text that is longer than `limit` characters, and mark the cut."""
    return text if len(text) <= limit else f"{text[:limit]}…"


def show(value: object) -> str:
    """Write a value that came from JSON as JSON again, cut to a readable length."""
    return clip(to_json(value, inf_nan_mode="constants", fallback=repr).decode())


def suggest(name: str, known: Collection[str]) -> str:
    """Return ` (did you mean 'x'?)` where a known name is near, else nothing."""
    near = get_close_matches(clip(name), known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def listing(names: Collection[str]) -> str:
    """Write names one after the other; the rest of very many is counted."""
    shown = ", ".join(list(names)[:_MAX_LISTED])
    rest = len(names) - _MAX_LISTED
    return f"{shown} and {rest} more" if rest > 0 else shown
