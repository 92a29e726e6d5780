"""Evaluates arithmetic expressions. Python's parser reads them; Python never executes them.

Why this is safe: the text is parsed to a syntax tree, and the tree is walked by the code below,
which knows numbers, the names in two fixed tables, operators and calls of those functions. Every
other kind of node is refused: there are no attributes, strings or variables, and no `eval`. Length,
depth and the size of every number are bounded, so that an expression ends within milliseconds.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from ..errors import ToolError
from .arithmetic import CONSTANTS, FUNCTIONS, Number, check_bits, guarded, power
from .arithmetic_syntax import TOO_DEEP, clip, parse

__all__ = ["evaluate"]

_MAX_DEPTH = 60


def _divide(left: Number, right: Number) -> Number:
    if isinstance(left, float) or isinstance(right, float):
        return left / right
    return Fraction(left) / right


_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Number]] = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: _divide,
        ast.FloorDiv: lambda left, right: left // right,
        ast.Mod: operator.mod,
        ast.Pow: power,
    }
)
_BITWISE: Mapping[type[ast.operator], Callable[[int, int], int]] = MappingProxyType(
    {
        ast.BitAnd: int.__and__,
        ast.BitOr: int.__or__,
        ast.LShift: int.__lshift__,
        ast.RShift: int.__rshift__,
    }
)
_COMPARISONS: Mapping[type[ast.cmpop], Callable[..., bool]] = MappingProxyType(
    {
        ast.Eq: operator.eq,
        ast.NotEq: operator.ne,
        ast.Lt: operator.lt,
        ast.LtE: operator.le,
        ast.Gt: operator.gt,
        ast.GtE: operator.ge,
    }
)


def evaluate(expression: str) -> Number | bool:
    """Return the value of an expression.

    Raises:
        ToolError: it is no arithmetic, has no value, or is too large; the message says what to do.
    """
    source, tree = parse(expression)
    return _Evaluation(source).value(tree)


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """A walk over the tree of one expression; each step down is one deeper."""

    source: str
    depth: int = 0

    def value(self, node: ast.expr) -> Number | bool:
        if self.depth > _MAX_DEPTH:
            raise ToolError(TOO_DEEP)
        rule = _RULES.get(type(node))
        if rule is None:
            raise self._refused(node)
        return rule(_Evaluation(self.source, self.depth + 1), node)

    def _text(self, node: ast.expr) -> str:
        """Return the part of the source, cut, for a message."""
        return clip(self.source[node.col_offset : node.end_col_offset])

    def _refused(self, node: ast.expr) -> ToolError:
        if isinstance(node, ast.Tuple):
            hint = "commas only separate the arguments of a function; write 1000, not 1,000"
        else:
            hint = f"write numbers, + - * / // % **, comparisons, and {', '.join(FUNCTIONS)}"
        return ToolError(f"{self._text(node)!r} is not arithmetic; {hint}")

    def _number(self, node: ast.expr) -> Number:
        value = self.value(node)
        if isinstance(value, bool):
            raise ToolError(f"{self._text(node)!r} is true or false, and a number is needed there")
        return value

    def constant(self, node: ast.Constant) -> Number | bool:
        if isinstance(node.value, int):
            return node.value
        if isinstance(node.value, float):
            # What was written, not the nearest float: 0.1 is one tenth.
            written = self.source[node.col_offset : node.end_col_offset].replace("_", "")
            return guarded(self._text(node), Fraction, Fraction(written))
        raise self._refused(node)

    def named(self, node: ast.expr) -> Number:
        name = _name_of(node)
        if name is None:
            raise self._refused(node)
        if name in FUNCTIONS:
            raise ToolError(f"{name} is a function; call it with numbers, as in {name}(2)")
        if name not in CONSTANTS:
            raise ToolError(_unknown(name))
        return CONSTANTS[name]

    def unary(self, node: ast.UnaryOp) -> Number | bool:
        if isinstance(node.op, ast.Not):
            return not self._truth(node.operand)
        value = self._number(node.operand)
        if isinstance(node.op, ast.Invert):
            return ~self._whole(node.operand, value)
        return -value if isinstance(node.op, ast.USub) else value

    def binary(self, node: ast.BinOp) -> Number:
        """Go along a chain such as 1 + 2 + 3 in a loop: its length is no depth."""
        chain = [node]
        while isinstance(chain[-1].left, ast.BinOp):
            chain.append(chain[-1].left)
        result = self._number(chain[-1].left)
        for link in reversed(chain):
            result = self._combine(link, result, self._number(link.right))
        return result

    def _combine(self, node: ast.BinOp, left: Number, right: Number) -> Number:
        kind = type(node.op)
        if kind in _BINARY:
            return guarded(self._text(node), _BINARY[kind], left, right)
        if kind not in _BITWISE:
            hint = "; for a power write `**`" if kind is ast.BitXor else ""
            raise ToolError(f"{self._text(node)!r} has an operator that is not known here{hint}")
        first, second = self._whole(node.left, left), self._whole(node.right, right)
        if kind is ast.LShift:
            check_bits(self._text(node), first.bit_length() + max(second, 0))
        return guarded(self._text(node), _BITWISE[kind], first, second)

    def _whole(self, node: ast.expr, value: Number) -> int:
        if isinstance(value, int):
            return value
        raise ToolError(f"{self._text(node)!r} is not a whole number, and one is needed there")

    def compare(self, node: ast.Compare) -> bool:
        left = self._number(node.left)
        result = True
        for kind, operand in zip(node.ops, node.comparators, strict=True):
            if type(kind) not in _COMPARISONS:
                raise self._refused(node)
            right = self._number(operand)
            result = result and _COMPARISONS[type(kind)](left, right)
            left = right
        return result

    def _truth(self, node: ast.expr) -> bool:
        value = self.value(node)
        if isinstance(value, bool):
            return value
        raise ToolError(f"{self._text(node)!r} is a number, and a comparison is needed there")

    def logical(self, node: ast.BoolOp) -> bool:
        values = [self._truth(operand) for operand in node.values]
        return all(values) if isinstance(node.op, ast.And) else any(values)

    def call(self, node: ast.Call) -> Number:
        name = _name_of(node.func)
        if name is None:
            raise ToolError(f"{self._text(node)!r}: for a product write `*`, as in 2*(3 + 4)")
        if name not in FUNCTIONS:
            raise ToolError(_unknown(name))
        if node.keywords:
            raise ToolError(f"{self._text(node)!r}: write the arguments without names")
        arguments = [self._number(item) for item in _spread(node.args)]
        function = FUNCTIONS[name]
        most = len(arguments) if function.most is None else function.most
        if not function.least <= len(arguments) <= most:
            wanted = (
                f"{function.least}" if most <= function.least else f"{function.least} to {most}"
            )
            raise ToolError(f"{name} takes {wanted} numbers; {len(arguments)} are given")
        return guarded(self._text(node), function.call, *arguments)


_RULES: Mapping[type[ast.expr], Callable[[_Evaluation, Any], Number | bool]] = MappingProxyType(
    {
        ast.Constant: _Evaluation.constant,
        ast.Name: _Evaluation.named,
        ast.Attribute: _Evaluation.named,
        ast.UnaryOp: _Evaluation.unary,
        ast.BinOp: _Evaluation.binary,
        ast.Compare: _Evaluation.compare,
        ast.BoolOp: _Evaluation.logical,
        ast.Call: _Evaluation.call,
    }
)
"""All kinds of nodes that are evaluated."""


def _name_of(node: ast.expr) -> str | None:
    """Return a name; `math.sqrt` is `sqrt`, because models write it so."""
    match node:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="math"), attr=name):
            return name
        case _:
            return None


def _spread(arguments: list[ast.expr]) -> list[ast.expr]:
    """Take the elements of lists as arguments: mean([1, 2]) is mean(1, 2)."""
    return [
        element
        for argument in arguments
        for element in (
            argument.elts if isinstance(argument, (ast.List, ast.Tuple)) else [argument]
        )
    ]


def _unknown(name: str) -> str:
    known = [*CONSTANTS, *FUNCTIONS]
    near = get_close_matches(name, known, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{name!r} is unknown{hint}; the names are: {', '.join(known)}"
