"""A space that a program wrote itself, checked as a whole, with a default for every dimension.

Under Hydra the defaults come from the application and the ranges from whoever searches, so that the first may lie
outside the second, conditions may name what is not searched this time, and a null is a default. Here one hand wrote
them side by side, and what does not fit together is a slip.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hydra_llm.search.space.dimension import Categorical, Dimension, same_value
from hydra_llm.search.space.space import Space
from hydra_llm.search.space.start import start_of


def handwritten(space: Space, argument: str = "space") -> Space:
    """The space with defaults in canonical form, missing ones filled in: the middle of a range, the first option of a
    choice (None where None is one of the choices).

    Raises ValueError, with a sentence, for what is no Space, for choices that are equal or no plain values, for a
    default that is none of a dimension's values, for a condition that can never hold, and for a constraint that the
    defaults break.
    """
    if not isinstance(space, Space):
        raise ValueError(
            f"{argument} must be a hydra_llm.Space, got {space!r}. Write it as "
            'Space([Float(name="lr", low=1e-5, high=0.1, log=True), Categorical(name="net", choices=["a", "b"])]).'
        )
    for dimension in space.dimensions:
        if isinstance(dimension, Categorical) and dimension.name not in space.by_slot:
            _check_choices(dimension)
    complete = replace(space, dimensions=tuple(_with_default(d, d.name in space.locked) for d in space.dimensions))
    for place, dimension in enumerate(complete.dimensions):
        _check_condition(dimension, complete, complete.names[:place])
    _check_constraint(complete)
    return complete


def _check_choices(dimension: Categorical) -> None:
    for place, choice in enumerate(dimension.choices):
        if not _is_plain(choice):
            raise ValueError(
                f"{dimension.name}: choices must be text, numbers of Python, True, False, None, or lists of such, "
                f"got {choice!r}. Give names, and let the program look up what they stand for."
            )
        first = dimension.index(choice)
        if first != place:
            same = "" if first is None else f", which is the same value as {dimension.choices[first]!r}"
            raise ValueError(f"{dimension.name}: choices must differ, got {choice!r}{same}. Leave it out.")


def _is_plain(choice: Any) -> bool:
    try:
        json.dumps(choice)
    except (TypeError, ValueError):
        return False
    return same_value(choice, choice)  # a NaN is not


def _with_default(dimension: Dimension, locked: bool) -> Dimension:
    among_choices = isinstance(dimension, Categorical) and dimension.index(None) is not None
    if dimension.default is None and not among_choices:
        return dimension.with_default(start_of(dimension))
    problem = None if locked else dimension.with_default(None).problem(dimension.default)
    if problem:
        raise ValueError(f"The default of {dimension.name} must be one of its values, since it runs first. {problem}")
    return dimension.with_default(dimension.canonical(dimension.default))


def _check_condition(dimension: Dimension, space: Space, before: tuple[str, ...]) -> None:
    for other, options in dimension.when.items():
        problems = [problem for option in options for problem in space.validate({other: option})]
        if problems:
            raise ValueError(f"{dimension.name} could not be active under its condition: {problems[0]}")
        if other == dimension.name:
            raise ValueError(f"{dimension.name}: when names {other} itself. Name another parameter.")
        if other not in before:
            raise ValueError(
                f"{dimension.name}: when names {other}, which is declared after it. Put {other} first in the space."
            )


def _check_constraint(space: Space) -> None:
    if space.constraint is not None and not callable(space.constraint):
        raise ValueError(
            f"constraint must be a function of the values that says what is wrong, or None, got {space.constraint!r}."
        )
    violation = space.violation(space.baseline())
    if violation is not None:
        raise ValueError(
            f"The defaults break the constraint, and they run first: {violation.rstrip('.')}. Give others."
        )
