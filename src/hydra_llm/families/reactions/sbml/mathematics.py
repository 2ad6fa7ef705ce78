"""Formulas of SBML and of PEtab, from libsbml's syntax tree to sympy."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import sympy
from sympy import Expr, Symbol

from hydra_llm.families.reactions.errors import ModelError, NotSupported, libsbml
from hydra_llm.families.reactions.sbml.functions import apply, kink, logarithm, power

TIME = Symbol("time", real=True)
AVOGADRO = 6.02214179e23  # as SBML Level 3 gives it


def real(name: str) -> Symbol:
    return Symbol(name, real=True)


def replaced(formula: Any, by: Mapping[Any, Any]) -> Any:
    """A formula with symbols replaced by other formulas."""
    return sympy.sympify(formula).xreplace(dict(by))


def number(value: float) -> Expr:
    """An exact integer where it is one."""
    value = float(value)
    return sympy.Integer(int(value)) if value.is_integer() and abs(value) < 1e15 else sympy.Float(value)


def _log(base: Expr, a: Expr) -> Expr:
    return apply(logarithm, a) / sympy.log(base)


def _chain(operation: Callable[[Expr, Expr], Any]) -> Callable[..., Any]:
    """A relation of SBML takes any number of arguments: a < b < c."""

    def chained(*terms: Expr) -> Any:
        return sympy.And(*(operation(a, b) for a, b in pairwise(terms)))

    return chained


def _piecewise(*terms: Any) -> Expr:
    """value, condition, value, condition, ..., otherwise."""
    pairs = [(terms[i], terms[i + 1]) for i in range(0, len(terms) - 1, 2)]
    if len(terms) % 2:
        pairs.append((terms[-1], sympy.true))
    return sympy.Piecewise(*pairs)


def _minus(*terms: Expr) -> Expr:
    return -terms[0] if len(terms) == 1 else terms[0] - terms[1]


def _larger(*terms: Expr) -> Expr:
    return terms[0] if len(terms) == 1 else _choice(terms[0], _larger(*terms[1:]), sympy.Ge)


def _smaller(*terms: Expr) -> Expr:
    return terms[0] if len(terms) == 1 else _choice(terms[0], _smaller(*terms[1:]), sympy.Le)


def _choice(first: Expr, second: Expr, relation: Any) -> Expr:
    return apply(kink, first, second, sympy.Integer(1 if relation is sympy.Ge else -1))


def _absolute(a: Expr) -> Expr:
    return apply(kink, a, -a, sympy.Integer(1))


def _operations(lib: Any) -> dict[int, Callable[..., Any]]:
    half = sympy.Float(0.5)
    return {
        lib.AST_PLUS: lambda *terms: sympy.Add(*terms),
        lib.AST_TIMES: lambda *terms: sympy.Mul(*terms),
        lib.AST_MINUS: _minus,
        lib.AST_DIVIDE: lambda a, b: a / b,
        lib.AST_POWER: power,
        lib.AST_FUNCTION_POWER: power,
        # SBML gives the degree first
        lib.AST_FUNCTION_ROOT: lambda *terms: power(terms[-1], half if len(terms) == 1 else 1 / terms[0]),
        lib.AST_FUNCTION_EXP: sympy.exp,
        lib.AST_FUNCTION_LN: logarithm,
        lib.AST_FUNCTION_LOG: lambda *terms: _log(*terms) if len(terms) == 2 else _log(sympy.Integer(10), terms[0]),
        lib.AST_FUNCTION_ABS: _absolute,
        lib.AST_FUNCTION_SIN: sympy.sin,
        lib.AST_FUNCTION_COS: sympy.cos,
        lib.AST_FUNCTION_TAN: sympy.tan,
        lib.AST_FUNCTION_ARCTAN: sympy.atan,
        lib.AST_FUNCTION_SINH: sympy.sinh,
        lib.AST_FUNCTION_COSH: sympy.cosh,
        lib.AST_FUNCTION_TANH: sympy.tanh,
        lib.AST_FUNCTION_PIECEWISE: _piecewise,
        lib.AST_FUNCTION_MAX: _larger,
        lib.AST_FUNCTION_MIN: _smaller,
        lib.AST_RELATIONAL_LT: _chain(sympy.Lt),
        lib.AST_RELATIONAL_LEQ: _chain(sympy.Le),
        lib.AST_RELATIONAL_GT: _chain(sympy.Gt),
        lib.AST_RELATIONAL_GEQ: _chain(sympy.Ge),
        lib.AST_RELATIONAL_EQ: _chain(sympy.Eq),
        lib.AST_RELATIONAL_NEQ: _chain(sympy.Ne),
        lib.AST_LOGICAL_AND: lambda *terms: sympy.And(*terms),
        lib.AST_LOGICAL_OR: lambda *terms: sympy.Or(*terms),
        lib.AST_LOGICAL_NOT: lambda a: sympy.Not(a),
    }


def expression(node: Any, place: str, known: Mapping[str, Expr] | None = None) -> Any:
    """A syntax tree as sympy: an expression, or a condition.

    place: where the formula stands, for sentences. known: the names that may occur; None: any. Raises ModelError for
    an unknown name, NotSupported for a function that has no equivalent.
    """
    lib = libsbml()
    kind = node.getType()
    constants = {
        lib.AST_CONSTANT_E: sympy.E,
        lib.AST_CONSTANT_PI: sympy.pi,
        lib.AST_CONSTANT_TRUE: sympy.true,
        lib.AST_CONSTANT_FALSE: sympy.false,
        lib.AST_NAME_TIME: TIME,
        lib.AST_NAME_AVOGADRO: sympy.Float(AVOGADRO),
    }
    if kind in constants:
        return constants[kind]
    if kind == lib.AST_INTEGER:
        return sympy.Integer(node.getInteger())
    if kind == lib.AST_RATIONAL:
        return sympy.Rational(node.getNumerator(), node.getDenominator())
    if node.isNumber():
        return _finite(node.getReal(), place)
    if kind == lib.AST_NAME:
        name = node.getName()
        if known is not None and name not in known:
            raise ModelError(f"{place} names {name}, which is not defined there.")
        return real(name) if known is None else known[name]
    operation = _operations(lib).get(kind)
    if operation is None:
        name = node.getName() or lib.formulaToL3String(node)
        feature = "delay" if kind == lib.AST_FUNCTION_DELAY else f"the function {name}"
        raise NotSupported(feature, f"{place} uses {feature}, which is not supported.")
    terms = [expression(node.getChild(i), place, known) for i in range(node.getNumChildren())]
    return operation(*terms)


def _finite(value: float, place: str) -> Expr:
    if value != value or value in (float("inf"), float("-inf")):
        raise NotSupported("a number that is not finite", f"{place} holds the number {value}, which is not supported.")
    return number(value)


def formula(text: str, place: str, known: Mapping[str, Expr] | None = None) -> Expr:
    """A formula in infix notation, as PEtab writes it: log is the natural logarithm, a power is ** or ^."""
    lib = libsbml()
    settings = lib.L3ParserSettings()
    settings.setParseLog(lib.L3P_PARSE_LOG_AS_LN)
    settings.setParseAvogadroCsymbol(False)
    settings.setParseUnits(False)
    node = lib.parseL3FormulaWithSettings(text.replace("**", "^"), settings)
    if node is None:
        problem = " ".join(lib.getLastParseL3Error().split())
        raise ModelError(f"{place} cannot be read as a formula: {text!r} ({problem}).")
    return expression(node, place, known)
