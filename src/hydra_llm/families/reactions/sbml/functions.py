"""Functions that stand in for sympy's own.

An integrator steps a little below zero where a concentration should stay above it: power(a, b) is 0 for a <= 0, and
logarithm is finite there. Their derivatives are written with them. kink is the larger or the smaller of two values.
"""

from typing import Any

import sympy


def apply(function: Any, *arguments: Any) -> Any:
    """A sympy function of its arguments, or what it evaluates to."""
    return function(*arguments)


def _arguments(function: Any) -> tuple[Any, ...]:
    return function.args


class power(sympy.Function):
    """a**b for an exponent that is no integer; 0 where a <= 0."""

    nargs = 2
    is_real = True

    @classmethod
    def eval(cls, a: Any, b: Any) -> Any:
        if b.is_Float and float(b).is_integer():
            b = sympy.Integer(int(b))
        if b.is_Integer or (a.is_number and a.is_positive):
            return a**b
        return None

    def fdiff(self, argindex: int = 1) -> Any:
        a, b = _arguments(self)
        return b * apply(power, a, b - 1) if argindex == 1 else apply(power, a, b) * apply(logarithm, a)


class logarithm(sympy.Function):
    """The natural logarithm; a large negative number where a <= 0."""

    nargs = 1
    is_real = True

    @classmethod
    def eval(cls, a: Any) -> Any:
        return sympy.log(a) if a.is_number and a.is_positive else None

    def fdiff(self, argindex: int = 1) -> Any:
        return 1 / _arguments(self)[0]


class kink(sympy.Function):
    """first where `first - second` has the sign, else second: continuous, so that no integrator has to stop there.

    kink(first, second, 1) is the larger, kink(first, second, -1) the smaller of both.
    """

    nargs = 3
    is_real = True

    @classmethod
    def eval(cls, first: Any, second: Any, sign: Any) -> Any:
        if first.is_number and second.is_number:
            return sympy.Max(first, second) if sign > 0 else sympy.Min(first, second)
        return None

    def fdiff(self, argindex: int = 1) -> Any:
        first, second, sign = _arguments(self)
        return apply(above, sign * (first - second) if argindex == 1 else -sign * (first - second))


class above(sympy.Function):
    """1 where the argument is above 0, else 0; its derivative is taken as 0."""

    nargs = 1
    is_real = True

    def fdiff(self, argindex: int = 1) -> Any:
        return sympy.Integer(0)
