"""Reads arithmetic with Python's parser, after refusing what that would read as something else."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from types import MappingProxyType

from ..errors import ToolError

__all__ = ["TOO_DEEP", "clip", "parse"]

TOO_DEEP = "the expression is nested too deeply; calculate it in parts"

_MAX_LENGTH = 1_000
_MAX_EXPONENT = 3_000
_MAX_QUOTED = 80
_SYMBOLS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "π": "pi"})  # noqa: RUF001
_FOREIGN = re.compile(r"[^a-zA-Z0-9_ .+\-*/%()\[\],<>=!&|~^]")
_NUMBER = re.compile(
    r"(?<![\w.])"
    r"(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+"
    r"|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE](?P<exponent>[+-]?\d+))?)"
    r"(?P<rest>[\w.]*)"
)
_HINTS: Mapping[str, str] = MappingProxyType(
    {
        r"(?<![<>=!])=(?!=)": "write the expression alone, without `=`; `==` compares",
        r"!(?!=)": "for a factorial write factorial(n)",
        r"%": "for a percentage write p / 100 * x; `%` is the remainder",
        r"\bx\b": "for a product write `*`",
    }
)
"""What a model means that wrote this, by a pattern in a text that is no expression."""


def parse(expression: str) -> tuple[str, ast.expr]:
    """Return the text that was parsed, and its tree; positions in the tree are in that text.

    Raises:
        ToolError: it is no expression; the message says what to write instead.
    """
    if len(expression) > _MAX_LENGTH:
        raise ToolError(
            f"the expression has {len(expression)} characters, the most is {_MAX_LENGTH}; "
            "calculate it in parts"
        )
    source = " ".join(expression.translate(_SYMBOLS).split())
    _check(source)
    return source, _tree(source)


def clip(text: str) -> str:
    """Cut a text for a message."""
    return text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…"


def _check(source: str) -> None:
    """Refuse what Python's parser would read as something else, or warn about."""
    if not source:
        raise ToolError("the expression is empty; write one, such as 2 * (3 + 4)")
    foreign = _FOREIGN.search(source)
    if foreign is not None:
        raise ToolError(
            f"{foreign[0]!r} is not part of arithmetic; write numbers, operators and functions "
            "only, without units, quotes or currency signs"
        )
    for number in _NUMBER.finditer(source):
        if number["rest"]:
            raise ToolError(
                f"{number[0]!r} is not a number; between a number and a name write `*`, as in 2*pi"
            )
        if abs(int(number["exponent"] or 0)) > _MAX_EXPONENT:
            raise ToolError(f"{number[0]!r} is too large or too small a number")


def _tree(source: str) -> ast.expr:
    try:
        return ast.parse(source, mode="eval").body
    except SyntaxError as error:
        for pattern, hint in _HINTS.items():
            if re.search(pattern, source):
                raise ToolError(f"{clip(source)!r} is not an expression: {hint}") from error
        raise ToolError(
            f"{clip(source)!r} is not an expression: {error.msg} at character {error.offset}"
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ToolError(TOO_DEEP) from error
