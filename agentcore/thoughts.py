"""Parts a model's thoughts from its answer where both came as one text."""

from __future__ import annotations

import re

__all__ = ["split_thoughts"]

_WHOLE = re.compile(r"\s*<(think|thinking|thought|reasoning)>(.*?)</\1>\s*", re.DOTALL)
_ENDED = re.compile(r"(.*?)</(?:think|thinking|thought|reasoning)>\s*", re.DOTALL)
_BEGUN = re.compile(r"\s*<(?:think|thinking|thought|reasoning)>(.*)", re.DOTALL)


def split_thoughts(text: str) -> tuple[str, str]:
    r"""Return the thoughts that a text begins with, and the rest; the thoughts may be empty.

    Where a chat template wrote the opening tag the text has the closing one only; where the answer
    was cut it has the opening one only, and no rest. Tags further on are the answer's own.

    Example:
        >>> split_thoughts("<think>17 and 25</think>\n42")
        ('17 and 25', '42')
    """
    for pattern, group in ((_WHOLE, 2), (_BEGUN, 1), (_ENDED, 1)):
        found = pattern.match(text)
        if found is not None:
            return found[group].strip(), text[found.end() :]
    return "", text
