from __future__ import annotations

import ast
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.action.function import FunctionTool
from agentcore.errors import ToolError
from agentcore.tools import calculate
from agentcore.tools.expressions import evaluate


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("0.1 + 0.2", "0.3"),
        ("0.1 * 3 == 0.3", "true"),
        ("1/3", "1/3 (≈ 0.333333333333333)"),
        ("1/3 + 1/6", "0.5"),
        ("2 ** 64 - 1", "18446744073709551615"),
        ("2 ** -2", "0.25"),
        ("1e-25", "0.0000000000000000000000001"),
        ("1 / 7**50", "≈ 5.56029712163857e-43"),
        ("(1/3) ** 2000", "≈ 5.72124519477295e-955"),
        ("-7 // 2", "-4"),
        ("7.5 % 2", "1.5"),
        ("1_000.5 * 2", "2001"),
        ("0xff + 0b11", "258"),
        ("(1 << 10) | 1 & 3", "1025"),
        ("~5 >> 1", "-3"),
        ("+-3", "-3"),
        ("1 < 2 <= 2 != 3", "true"),
        ("not (1 > 2 or 2 > 3) and 1 >= 1", "true"),
        ("True", "true"),
        ("3 × 4 ÷ 2 − 1", "5"),  # noqa: RUF001
    ],
)
def test_arithmetic_is_exact(expression: str, value: str) -> None:
    assert calculate(expression) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("sqrt(16)", "4"),
        ("sqrt(1/4)", "0.5"),
        ("sqrt(2)", "1.4142135623731"),
        ("8 ** (1/3)", "2"),
        ("64 ** (1/3) == 4", "true"),
        ("cbrt(-8)", "-2"),
        ("2 ** sqrt(2)", "2.66514414269023"),
        ("sin(pi)", "0"),
        ("cos(π/2)", "0"),
        ("sin(0.5)", "0.479425538604203"),
        ("tan(0)", "0"),
        ("log(1000, 10)", "3"),
        ("ln(e)", "1"),
        ("log(10**2000)", "4605.17018598809"),
        ("log(1/10**2000)", "-4605.17018598809"),
        ("factorial(20)", "2432902008176640000"),
        ("comb(5, 2) + perm(5, 2)", "30"),
        ("comb(5, 6)", "0"),
        ("gcd(12, 18) * lcm(4, 6, 10)", "360"),
        ("abs(-2.5) + abs(2)", "4.5"),
        ("round(2.675, 2)", "2.68"),
        ("round(2.5)", "2"),
        ("round(pi, 4)", "3.1416"),
        ("floor(-2.5) + ceil(2.1) + trunc(-1.9)", "-1"),
        ("max(1, 2/3) - min([3, 1/3])", "2/3 (≈ 0.666666666666667)"),
        ("sum(1/2, 1/3)", "5/6 (≈ 0.833333333333333)"),
        ("mean([1, 2, 4])", "7/3 (≈ 2.33333333333333)"),
        ("median(3, 1, 2, 4)", "2.5"),
        ("median(3, 1, 2)", "2"),
        ("hypot(3, 4)", "5"),
        ("math.sqrt(4)", "2"),
        ("-sin(0)", "0"),
    ],
)
def test_functions_are_exact_where_they_can_be(expression: str, value: str) -> None:
    assert calculate(expression) == value


@pytest.mark.parametrize(
    ("expression", "advice"),
    [
        ("2^3", "for a power write `**`"),
        ("20% of 50", "for a percentage write p / 100 * x"),
        ("5!", "write factorial(n)"),
        ("x = 3", "without `=`"),
        ("3 x 4", "for a product write `*`"),
        ("2pi", "between a number and a name write `*`"),
        ("2(3 + 4)", "for a product write `*`"),
        ("1,000 + 2", "write 1000, not 1,000"),
        ("$3 + 4", "without units, quotes or currency signs"),
        ("sqr(4)", "did you mean sqrt?"),
        ("radius * 2", "the names are: e, pi, tau, abs"),
        ("sqrt", "call it with numbers, as in sqrt(2)"),
        ("log(8, base=2)", "write the arguments without names"),
        ("sqrt(1, 2)", "sqrt takes 1 numbers; 2 are given"),
        ("log()", "log takes 1 to 2 numbers; 0 are given"),
        ("(1 < 2) + 1", "is true or false, and a number is needed"),
        ("1 and 2", "is a number, and a comparison is needed"),
        ("factorial(2.5)", "a whole number is needed"),
        ("1.5 << 2", "is not a whole number"),
        ("1 2", "invalid syntax at character"),
        ("  ", "the expression is empty"),
        ("1/0", "division by zero"),
        ("0 ** -1", "division by zero"),
        ("sqrt(-1)", "has no real value"),
        ("(-8) ** (1/3)", "has no real value"),
    ],
)
def test_a_mistake_is_answered_with_what_to_write(expression: str, advice: str) -> None:
    with pytest.raises(ToolError) as caught:
        calculate(expression)

    assert advice in str(caught.value)


@pytest.mark.parametrize(
    "expression",
    [
        "9**9**9**9",
        "(2**9999) * (2**9999)",
        "2 ** -99999",
        "(1/3) ** 99999",
        "1 << 99999999999",
        "factorial(99999999)",
        "comb(10**9, 10**8)",
        "perm(10**9, 10**8)",
        "lcm(2**9999, 3**6000)",
        "sum(2**9999, 2**9999)",
        "exp(1000)",
        "exp(700) * exp(700)",
        "10**400 * exp(1)",
        "1e999999999",
        "round(5, -10**9)",
        "1" * 1001,
    ],
)
def test_what_grows_without_limit_is_refused(expression: str) -> None:
    with pytest.raises(ToolError, match=r"digits|too large|too many|the most is"):
        calculate(expression)


@pytest.mark.parametrize("expression", ["(" * 300, "-" * 900 + "1", "1+(" * 99 + "1" + ")" * 99])
def test_deep_nesting_is_refused(expression: str) -> None:
    with pytest.raises(ToolError, match="nested"):
        calculate(expression)


def test_a_long_sum_is_not_deep() -> None:
    assert calculate("+".join(["1"] * 500)) == "500"


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os')",
        "().__class__",
        "abs.__class__",
        "math.math.sqrt(4)",
        "lambda: 1",
        "[1 for x in [1]]",
        "1 if 2 else 3",
        "(x := 1)",
        "sqrt(*[4])",
        "{}",
        "...",
        "None",
        "2j",
        "abs(1)(2)",
        "[1][0]",
        "1 in [1]",
        "await 1",
    ],
)
def test_what_is_not_arithmetic_is_refused(expression: str) -> None:
    with pytest.raises(ToolError):
        calculate(expression)


def test_it_is_a_pure_tool_that_the_model_can_read_about() -> None:
    made = FunctionTool.of(calculate)

    assert made.effect == "none"
    assert made.spec.parameters["required"] == ["expression"]
    assert "Operators" in made.spec.description


TREES = st.recursive(
    st.integers(0, 999).map(str) | st.decimals(0, 99, places=2).map(str),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
    max_leaves=12,
)


@given(TREES)
def test_random_trees_agree_with_fractions(expression: str) -> None:
    try:
        expected = by_hand(ast.parse(expression, mode="eval").body, expression)
    except ZeroDivisionError:
        with pytest.raises(ToolError, match="division by zero"):
            evaluate(expression)
    else:
        assert evaluate(expression) == expected


def by_hand(node: ast.expr, source: str) -> Fraction:
    if not isinstance(node, ast.BinOp):
        return Fraction(source[node.col_offset : node.end_col_offset])
    left, right = by_hand(node.left, source), by_hand(node.right, source)
    match node.op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case _:
            return left / right


PIECES = ["1", "0.5", "9", "**", "*", "/", "(", ")", "-", "<<", "~", "<", "%", ",", "[", "]", " "]
NAMES = ["pi", "sqrt", "factorial", "round", "log", "comb", "lcm", "not", "and", "e", "x", "math."]


@given(st.text() | st.lists(st.sampled_from([*PIECES, *NAMES])).map("".join))
def test_any_text_is_a_value_or_an_explanation(text: str) -> None:
    with suppress(ToolError):
        assert calculate(text)
