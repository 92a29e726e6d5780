"""Exact arithmetic under bounds: operators and functions on whole numbers, fractions and floats.

Nothing here computes a number of more than `MAX_BITS` first and looks at its size later: what would
grow without limit (powers, factorials, shifts, rounding to many digits) is measured before.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import TypeAlias

from ..errors import ToolError

__all__ = ["CONSTANTS", "FUNCTIONS", "Function", "Number", "check_bits", "guarded", "power"]

Number: TypeAlias = int | Fraction | float
"""Whole numbers and fractions are exact; a float is what a root, a sine or a logarithm gives."""

MAX_BITS = 10_000
"""Of a number, or of numerator and denominator: about 3,000 digits."""
_MAX_FACTORIAL = 1_000
_MAX_PLACES = 300
_SMALL = Fraction(1, 10**300)
"""Fractions below it, and above its inverse, may be out of the range of floats."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function that an expression may call."""

    call: Callable[..., Number]
    least: int = 1
    """The fewest arguments."""
    most: int | None = 1
    """The most arguments; None: any number."""


def guarded(what: str, call: Callable[..., Number], *values: Number) -> Number:
    """Compute, and say what is wrong in words where there is no result.

    Raises:
        ToolError: the result is undefined, not real, or too large.
    """
    try:
        result = call(*values)
    except ZeroDivisionError as error:
        raise ToolError(f"{what}: division by zero; check the divisor") from error
    except OverflowError as error:
        raise ToolError(f"{what}: the result is too large") from error
    except ValueError as error:
        raise ToolError(f"{what}: has no real value for these numbers") from error
    if isinstance(result, float):
        if not math.isfinite(result):
            raise ToolError(f"{what}: the result is too large")
        return result
    check_bits(what, _bits(result))
    return result.numerator if result.denominator == 1 else result


def check_bits(what: str, bits: int, times: int = 1) -> None:
    """Refuse a number of `bits * times` bits.

    Raises:
        ToolError: it would be too large.
    """
    if bits * times > MAX_BITS:
        digits = int(MAX_BITS * math.log10(2))
        raise ToolError(
            f"{what}: the result would have more than {digits:,} digits; compute its logarithm "
            "instead, such as 1000 * log10(2) for 2**1000"
        )


def power(base: Number, exponent: Number) -> Number:
    """Raise to a power; exact for whole exponents, and for roots that come out even."""
    if isinstance(base, float) or isinstance(exponent, float):
        return math.pow(base, exponent)
    if isinstance(exponent, Fraction):
        root = _exact_root(Fraction(base), exponent.denominator)
        if root is None:
            return math.pow(base, exponent)
        base, exponent = root, exponent.numerator
    if abs(base) not in {0, 1}:
        check_bits("the power", _bits(base) - 1, abs(exponent))
    return Fraction(base) ** exponent


def _bits(value: int | Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _exact_root(value: Fraction, degree: int) -> Fraction | None:
    if value < 0:
        return None
    numerator = _whole_root(value.numerator, degree)
    denominator = _whole_root(value.denominator, degree)
    if numerator**degree != value.numerator or denominator**degree != value.denominator:
        return None
    return Fraction(numerator, denominator)


def _whole_root(value: int, degree: int) -> int:
    """Return the root rounded down, by Newton's method from above."""
    if value.bit_length() <= degree:
        return min(value, 1)
    guess = 1 << -(-value.bit_length() // degree)
    while True:
        better = ((degree - 1) * guess + value // guess ** (degree - 1)) // degree
        if better >= guess:
            return guess
        guess = better


def _root(degree: int, value: Number) -> Number:
    if value < 0 and degree % 2:
        return -_root(degree, -value)
    return power(value, Fraction(1, degree))


def _whole(value: Number) -> int:
    if value != int(value):
        raise ToolError(f"{value} is not a whole number, and a whole number is needed here")
    return int(value)


def _factorial(value: Number) -> Number:
    count = _whole(value)
    if count > _MAX_FACTORIAL:
        raise ToolError(
            f"factorial({count}) is too large, the most is factorial({_MAX_FACTORIAL}); sum log10 "
            "of the factors instead"
        )
    return math.factorial(count)


def _choices(count: Callable[[int, int], int], total: Number, chosen: Number) -> Number:
    items, taken = _whole(total), _whole(chosen)
    picked = min(taken, items - taken) if count is math.comb else min(taken, items)
    if items >= 0 and picked > 0:
        bits = picked * items.bit_length()
        check_bits(count.__name__, min(bits, items) if count is math.comb else bits)
    return count(items, taken)


def _absolute(value: Number) -> Number:
    return -value if value < 0 else value


def _truncate(value: Number) -> Number:
    return int(value)


def _round(value: Number, places: Number | None = None) -> Number:
    if places is None:
        return round(Fraction(value))
    digits = _whole(places)
    if abs(digits) > _MAX_PLACES:
        raise ToolError(f"round: {digits} places are too many; the most is {_MAX_PLACES}")
    return round(Fraction(value), digits)


def _log(value: Number, base: Number = math.e) -> Number:
    if base == math.e:
        return _natural_log(value)
    return _natural_log(value) / _natural_log(base)


def _natural_log(value: Number) -> float:
    if isinstance(value, Fraction) and value > 0 and not _SMALL < value < 1 / _SMALL:
        return math.log(value.numerator) - math.log(value.denominator)
    return math.log(value)


def _wave(function: Callable[[float], float], angle: Number) -> float:
    """Return sine, cosine or tangent; what is below the error of the angle itself is 0: sin(pi)."""
    result = function(float(angle))
    return 0.0 if abs(result) < math.ulp(float(angle)) else result


def _sum(*values: Number) -> Number:
    return _fold("sum", operator.add, 0, values)


def _mean(*values: Number) -> Number:
    return _sum(*values) * Fraction(1, len(values))


def _median(*values: Number) -> Number:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else _mean(ordered[middle - 1], ordered[middle])


def _gcd(*values: Number) -> Number:
    return math.gcd(*map(_whole, values))


def _lcm(*values: Number) -> Number:
    return _fold("lcm", math.lcm, 1, tuple(map(_whole, values)))


def _smallest(*values: Number) -> Number:
    return min(values)


def _largest(*values: Number) -> Number:
    return max(values)


def _hypot(*values: Number) -> Number:
    return math.hypot(*map(float, values))


def _fold(
    what: str, call: Callable[..., Number], start: Number, values: tuple[Number, ...]
) -> Number:
    """Combine the values one by one, each result under the bounds."""
    return functools.reduce(lambda left, right: guarded(what, call, left, right), values, start)


def _many(call: Callable[..., Number]) -> Function:
    return Function(call, most=None)


CONSTANTS: Mapping[str, float] = MappingProxyType({"e": math.e, "pi": math.pi, "tau": math.tau})
"""Names that stand for numbers."""

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "abs": Function(_absolute),
        "acos": Function(math.acos),
        "asin": Function(math.asin),
        "atan": Function(math.atan),
        "atan2": Function(math.atan2, 2, 2),
        "cbrt": Function(functools.partial(_root, 3)),
        "ceil": Function(math.ceil),
        "comb": Function(functools.partial(_choices, math.comb), 2, 2),
        "cos": Function(functools.partial(_wave, math.cos)),
        "cosh": Function(math.cosh),
        "degrees": Function(math.degrees),
        "exp": Function(math.exp),
        "factorial": Function(_factorial),
        "floor": Function(math.floor),
        "gcd": _many(_gcd),
        "hypot": _many(_hypot),
        "lcm": _many(_lcm),
        "ln": Function(_log),
        "log": Function(_log, 1, 2),
        "log10": Function(math.log10),
        "log2": Function(math.log2),
        "max": _many(_largest),
        "mean": _many(_mean),
        "median": _many(_median),
        "min": _many(_smallest),
        "perm": Function(functools.partial(_choices, math.perm), 2, 2),
        "pow": Function(power, 2, 2),
        "radians": Function(math.radians),
        "round": Function(_round, 1, 2),
        "sin": Function(functools.partial(_wave, math.sin)),
        "sinh": Function(math.sinh),
        "sqrt": Function(functools.partial(_root, 2)),
        "sum": _many(_sum),
        "tan": Function(functools.partial(_wave, math.tan)),
        "tanh": Function(math.tanh),
        "trunc": Function(_truncate),
    }
)
"""Functions by name. Angles are in radians; `round` takes halves to the even neighbour."""
