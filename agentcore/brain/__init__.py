"""Brain: the LLM backends, and the LLMs that are made of others.

What is listed here loads when it is first named; a backend is imported from its own module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .ballots import majority, majority_by, majority_by_field
    from .cached import Cached
    from .calibration import Calibration, Labelled, calibrate, label
    from .cascade import Cascade
    from .confidence import (
        AgreementConfidence,
        CheckConfidence,
        Confidence,
        Draft,
        LogprobConfidence,
    )
    from .direct import DirectCalls
    from .fallback import OUTAGE, Fallback, Spare
    from .rate_limit import RateLimit
    from .rate_limited import RateLimited
    from .retrying import Retrying
    from .vote import Vote

__all__ = [
    "OUTAGE",
    "AgreementConfidence",
    "Cached",
    "Calibration",
    "Cascade",
    "CheckConfidence",
    "Confidence",
    "DirectCalls",
    "Draft",
    "Fallback",
    "Labelled",
    "LogprobConfidence",
    "RateLimit",
    "RateLimited",
    "Retrying",
    "Spare",
    "Vote",
    "calibrate",
    "label",
    "majority",
    "majority_by",
    "majority_by_field",
]

_NAMES = {
    "ballots": ("majority", "majority_by", "majority_by_field"),
    "cached": ("Cached",),
    "calibration": ("Calibration", "Labelled", "calibrate", "label"),
    "cascade": ("Cascade",),
    "confidence": (
        "AgreementConfidence",
        "CheckConfidence",
        "Confidence",
        "Draft",
        "LogprobConfidence",
    ),
    "direct": ("DirectCalls",),
    "fallback": ("OUTAGE", "Fallback", "Spare"),
    "rate_limit": ("RateLimit",),
    "rate_limited": ("RateLimited",),
    "retrying": ("Retrying",),
    "vote": ("Vote",),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import what is named: `import agentcore` loads this package, and needs none of it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
