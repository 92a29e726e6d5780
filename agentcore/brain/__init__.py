"""Brain: the LLM backends, and the LLMs that are made of others.

What is listed here loads when it is first named; a backend is imported from its own module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .direct import DirectCalls

__all__ = ["DirectCalls"]

_MODULES = {"DirectCalls": "direct"}


def __getattr__(name: str) -> object:
    """Import what is named; nothing that `import agentcore` does not need is loaded by it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
