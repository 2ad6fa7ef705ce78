"""`constraint: package.module.function`: a rule between parameters, asked before anything is launched.

The function gets the swept values as a mapping and returns True, or a sentence on what is wrong. Conditional parameters
that are not active are absent from it; a parameter that the command line fixes is there with its fixed value.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from hydra_llm.dotted import load
from hydra_llm.search.space.constraint_error import ConstraintError
from hydra_llm.sweeper.errors import SweepError

Constraint = Callable[[Mapping[str, Any]], "str | None"]  # values -> what is wrong


def load_constraint(path: str, fixed: Mapping[str, Any]) -> Constraint:
    """The function behind the dotted path, as values -> sentence or None. Raises DottedPathError when it cannot
    be imported. The function raises ConstraintError where the rule raises, or gives no answer.
    """
    function = load("constraint", path)
    if not callable(function):
        raise SweepError(f"constraint must be a function, got {path}, which is a {type(function).__name__}.")

    def violation(values: Mapping[str, Any]) -> str | None:
        try:
            answer = function({**fixed, **values})
        except Exception as error:
            raise ConstraintError(
                f"constraint={path} raised {type(error).__name__}: {error} for {dict(values)}. "
                "It must return True, or a sentence that says what is wrong. Mend it, and run again."
            ) from error
        if answer is True:
            return None
        if isinstance(answer, str) and answer.strip():
            return answer.strip()
        if answer is False:
            return f"The constraint {path} does not allow this configuration."
        raise ConstraintError(f"constraint={path} must return True or a sentence, got {answer!r} for {dict(values)}.")

    violation.__doc__ = inspect.getdoc(function)  # a language model is told what it is about
    return violation
