"""A calculator that is exact where it can be, and that cannot be made to do anything else."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction

from ..action import tool
from .arithmetic import Number
from .expressions import evaluate

__all__ = ["calculate"]

_MAX_PLACES = 30
_MAX_FRACTION_LENGTH = 40
_APPROXIMATE = Context(prec=15)
_EXACT = Context(prec=10_000)


@tool(effect="none")
def calculate(expression: str) -> str:
    """Calculate the value of an arithmetic expression, exactly where that is possible.

    Operators: + - * / // % (remainder) ** (power) and the comparisons. Functions such as sqrt, log,
    sin (radians), round, factorial, gcd, min, max, sum, mean. Constants pi, e, tau.

    Args:
        expression: such as `(19.99 * 3) / 2`, `2 ** 64 - 1` or `sqrt(2) < 1.5`.

    Raises:
        ToolError: it is no such expression, or has no result; the message says what to write.
    """
    return _show(evaluate(expression))


def _show(value: Number) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value + 0.0:.15g}"  # adding 0.0 turns -0.0 into 0.0
    return _show_fraction(value)


def _show_fraction(value: Fraction) -> str:
    """Return a decimal where it ends soon, else the fraction with an approximation."""
    places = _decimal_places(value.denominator)
    if places is not None:
        digits = value.numerator * 10**places // value.denominator
        return f"{Decimal(digits).scaleb(-places, _EXACT):f}"
    near = _APPROXIMATE.divide(Decimal(value.numerator), Decimal(value.denominator))
    exact = f"{value.numerator}/{value.denominator}"
    return f"{exact} (≈ {near:g})" if len(exact) <= _MAX_FRACTION_LENGTH else f"≈ {near:g}"


def _decimal_places(denominator: int) -> int | None:
    """Return how many decimal places a fraction has, or None where they do not end, or are many."""
    for places in range(1, _MAX_PLACES + 1):
        if 10**places % denominator == 0:
            return places
    return None
