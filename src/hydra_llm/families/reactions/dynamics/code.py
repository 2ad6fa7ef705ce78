"""Python functions from sympy expressions, with their common parts computed once.

Scalar ones for the integrator, which calls them at one state after another, and ones over arrays for what is observed.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy
from sympy import Expr, Symbol
from sympy.printing.numpy import NumPyPrinter
from sympy.printing.pycode import PythonCodePrinter

Compiled = Callable[..., list[Any]]


def _power(a: float, b: float) -> float:
    return a**b if a > 0 else 0.0


def _logarithm(a: float) -> float:
    return math.log(a) if a > 0 else -1e300


_SCALAR: dict[str, Any] = {
    **{name: getattr(math, name) for name in ("exp", "log", "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh")},
    "sqrt": math.sqrt,
    "pi": math.pi,
    "e": math.e,
    "power": _power,
    "logarithm": _logarithm,
    "kink": lambda first, second, sign: first if sign * (first - second) > 0 else second,
    "above": lambda a: 1.0 if a > 0 else 0.0,
}


def _array_power(a: Any, b: Any) -> Any:
    return np.where(np.greater(a, 0), np.power(np.maximum(a, 1e-300), b), 0.0)


_ARRAY: dict[str, Any] = {
    "power": _array_power,
    "logarithm": lambda a: np.where(np.greater(a, 0), np.log(np.maximum(a, 1e-300)), -1e300),
    "kink": lambda first, second, sign: np.where(sign * (first - second) > 0, first, second),
    "above": lambda a: np.where(np.greater(a, 0), 1.0, 0.0),
    "numpy": np,
}


def _text(printer: Any, value: Any) -> str:
    return str(printer.doprint(value))


def compiled(arguments: Mapping[str, Sequence[Symbol]], outputs: Sequence[Any], *, arrays: bool = False) -> Compiled:
    """f(*arguments) -> the outputs in order. arguments: of each parameter of f, the symbols that it holds.

    A parameter with one symbol and a name of its own, such as time, is passed as it is. arrays: every symbol may be an
    array. Arithmetic that fails (1 / 0, overflow) raises ArithmeticError in the scalar form.
    """
    names: dict[Symbol, Symbol] = {}
    lines = []
    used = set().union(*(getattr(one, "free_symbols", set()) for one in outputs)) if outputs else set()
    for place, (parameter, symbols) in enumerate(arguments.items()):
        for i, symbol in enumerate(symbols):
            own = Symbol(f"a{place}_{i}", real=symbol.is_real)
            names[symbol] = own
            if symbol in used:
                lines.append(f"    {own} = {parameter}[{i}]")
    unknown = used - names.keys()
    if unknown:
        raise ValueError(f"No argument holds {', '.join(sorted(map(str, unknown)))}.")
    renamed = [sympy.sympify(one).xreplace(names) for one in outputs]
    parts, reduced = sympy.cse(renamed, symbols=sympy.numbered_symbols("c_"), order="none", list=True)
    settings = {"fully_qualified_modules": arrays, "allow_unknown_functions": True}
    printer = NumPyPrinter(settings) if arrays else PythonCodePrinter(settings)
    lines += [f"    {symbol} = {_text(printer, value)}" for symbol, value in parts]
    lines.append(f"    return [{', '.join(_text(printer, value) for value in reduced)}]")
    source = f"def f({', '.join(arguments)}):\n" + "\n".join(lines)
    space = dict(_ARRAY if arrays else _SCALAR)
    exec(compile(source, "<reaction network>", "exec"), space)
    return space["f"]


def derivatives(outputs: Sequence[Expr], symbols: Sequence[Symbol]) -> tuple[list[Expr], np.ndarray, np.ndarray]:
    """The derivatives that are not zero, with their rows (of outputs) and columns (of symbols)."""
    column = {symbol: j for j, symbol in enumerate(symbols)}
    found, rows, columns = [], [], []
    for i, output in enumerate(outputs):
        for symbol in sorted(getattr(output, "free_symbols", set()) & column.keys(), key=column.__getitem__):
            value = sympy.diff(output, symbol)
            if value != 0:
                found.append(value)
                rows.append(i)
                columns.append(column[symbol])
    return found, np.array(rows, dtype=int), np.array(columns, dtype=int)
