"""The search space: named dimensions with a range, a scale, a unit and a help line.

A configuration is a mapping from dimension name to a canonical value. Two configurations are the same when their
canonical values are, whatever their text: 1e-3, 0.001 and "0.001" are one learning rate. The name of a dimension is
the override key verbatim ("training.lr", "model/net", "+n"), because it is the key's identity for Hydra.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from hydra_llm.search.space.constraint_error import ConstraintError
from hydra_llm.search.space.dimension import Categorical, Dimension, Float, Integer, Revision

__all__ = ["Categorical", "Dimension", "Float", "Integer", "Revision", "Space", "Values"]

Values = dict[str, Any]
Constraint = Callable[[Mapping[str, Any]], "str | bool | None"]  # values -> a sentence on what is wrong; None or True

MOST_LISTED = 4096  # configurations of a finite space that are counted
DRAWS = 256  # at most, for one that the constraint allows


@dataclass(frozen=True)
class Space:
    """Dimensions in their declared order; `locked` maps a key that may not move to the reason, `by_slot` names those
    that a slot keeps for itself: part of every configuration, but no proposer moves them.

    `constraint` is a rule between parameters. What breaks it is still a configuration of the space (it has a key), but
    is not to be run. Raises ValueError, with a sentence, for what are no dimensions, and for none.
    """

    dimensions: tuple[Dimension, ...]
    locked: Mapping[str, str] = field(default_factory=dict)
    constraint: Constraint | None = field(default=None, compare=False)
    by_slot: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.dimensions, list | tuple) or not all(isinstance(d, Dimension) for d in self.dimensions):
            raise ValueError(
                "The dimensions of a search space must be a list of Float, Integer and Categorical, such as "
                f'[Float(name="lr", low=1e-5, high=0.1)], got {self.dimensions!r}.'
            )
        object.__setattr__(self, "dimensions", tuple(self.dimensions))
        if not self.dimensions:
            raise ValueError(
                "The search space is empty, so there is nothing to search. Declare at least one dimension, such as "
                'Float(name="lr", low=1e-4, high=0.1, log=True).'
            )
        names = [dimension.name for dimension in self.dimensions]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"Declared twice in the search space: {', '.join(twice)}. Keep one declaration of each.")

    # ---- lookup ----
    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(dimension.name for dimension in self.dimensions)

    def __getitem__(self, name: str) -> Dimension:
        if name not in self._by_name:
            raise KeyError(self._unknown(name))
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @cached_property
    def _by_name(self) -> dict[object, Dimension]:
        return {dimension.name: dimension for dimension in self.dimensions}

    def baseline(self) -> Values:
        """The configuration made of every dimension's default: node 0 of a tree."""
        return self.canonical({dimension.name: dimension.default for dimension in self.dimensions})

    def free(self) -> tuple[Dimension, ...]:
        """Dimensions that may move: not locked, no slot's own, and with more than one value."""
        kept = {*self.locked, *self.by_slot}
        return tuple(d for d in self.dimensions if d.name not in kept and not d.is_constant)

    def varying(self) -> tuple[Dimension, ...]:
        """Dimensions in which two configurations may differ: the free ones, and the revision of a file of code."""
        moved = self.free()
        return moved + tuple(d for d in self.dimensions if isinstance(d, Revision))

    # ---- values ----
    def canonical(self, values: Mapping[str, Any]) -> Values:
        """The same configuration in canonical form and declared order; inactive conditional dimensions are left out.

        Missing dimensions take their default. Raises ValueError with one sentence per problem.
        """
        problems = self.validate(values)
        if problems:
            raise ValueError(" ".join(problems))
        full: Values = {}
        for dimension in self.dimensions:
            if dimension.is_active(full):
                full[dimension.name] = dimension.canonical(values.get(dimension.name, dimension.default))
        return full

    def validate(self, values: Mapping[str, Any]) -> list[str]:
        """One sentence per reason why this is no configuration of the space; an empty list means that it is one."""
        problems = []
        for name, value in values.items():
            if name in self.locked and not (name in self and self[name].is_default(value)):
                problems.append(f"{name} is locked ({self.locked[name]}) and cannot be set to {value!r}.")
            elif name not in self:
                problems.append(self._unknown(name))
            else:
                problem = self[name].problem(value)
                if problem:
                    problems.append(problem)
        return problems

    def violation(self, values: Mapping[str, Any]) -> str | None:
        """What the constraint says against a valid configuration, None when it may run. Raises ConstraintError where
        the constraint itself fails.
        """
        if self.constraint is None:
            return None
        full = self.canonical(values)
        name = getattr(self.constraint, "__name__", self.constraint)
        try:
            answer = self.constraint(full)
        except ConstraintError:
            raise
        except Exception as error:
            raise ConstraintError(
                f"The constraint {name} raised {type(error).__name__}: {error} for {full}. It must return None, or a "
                "sentence that says what is wrong. Mend it, and run again."
            ) from error
        if isinstance(answer, bool | np.bool_):  # as a predicate says it
            return None if answer else f"The constraint {name} does not allow this configuration."
        if answer is None or isinstance(answer, str):
            return answer
        raise ConstraintError(
            f"The constraint {name} returned {answer!r} for {full}. It must return None or True for a configuration "
            "that may run, or a sentence that says what is wrong. Mend it, and run again."
        )

    def key(self, values: Mapping[str, Any]) -> str:
        """The identity of a configuration as text: equal for equal canonical values."""
        return json.dumps(self.canonical(values), sort_keys=True)

    def key_of_canonical(self, values: Mapping[str, Any]) -> str:
        """As `key`, for values known to be canonical: without checking them again, unless conditions may apply."""
        if any(dimension.when for dimension in self.dimensions):
            return self.key(values)
        return json.dumps(values, sort_keys=True)

    @cached_property
    def configurations(self) -> frozenset[str] | None:
        """The keys of all configurations within the ranges that the constraint allows; None where there are more than
        MOST_LISTED.
        """
        options = [d.options if d.name not in self.locked else (d.default,) for d in self.dimensions]
        if None in options or math.prod(len(some) for some in options if some is not None) > MOST_LISTED:
            return None
        listed = (dict(zip(self.names, row, strict=True)) for row in product(*(some or () for some in options)))
        return frozenset(self.key(values) for values in listed if self.violation(values) is None)

    # ---- geometry ----
    def sample(self, rng: np.random.Generator) -> Values:
        """A configuration drawn uniformly (log-uniformly on a log scale) among those that the constraint allows.

        Locked dimensions keep their default. Where hardly anything is allowed, the last of DRAWS draws may break the
        constraint; the study refuses it.
        """
        drawn = self._draw(rng)
        for _ in range(DRAWS - 1 if self.constraint is not None else 0):
            if self.violation(drawn) is None:
                break
            drawn = self._draw(rng)
        return drawn

    def _draw(self, rng: np.random.Generator) -> Values:
        free = {dimension.name for dimension in self.free()}
        drawn: Values = {}
        for dimension in self.dimensions:
            drawn[dimension.name] = dimension.sample(rng) if dimension.name in free else dimension.default
        return self.canonical(drawn)

    def neighbours(self, values: Mapping[str, Any], name: str, step: float) -> list[Any]:
        """Values of one dimension at a distance of `step` (share of its range) below and above the present one."""
        return self[name].neighbours(values.get(name, self[name].default), step)

    def distance(self, a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
        """Mean over dimensions of the normalised distance, in [0, 1]."""
        return float(np.mean([d.distance(a.get(d.name, d.default), b.get(d.name, d.default)) for d in self.dimensions]))

    def changed(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
        """Names whose canonical values differ between two configurations, in declared order."""
        return tuple(name for name in self.names if old.get(name) != new.get(name))

    # ---- identity ----
    def spec(self) -> list[dict[str, Any]]:
        """The declaration as plain data, for the header of the event log and for prompts."""
        return [dimension.spec() for dimension in self.dimensions]

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits of the declaration's SHA-256; units and help lines do not enter."""
        core = [{k: v for k, v in spec.items() if k not in ("unit", "help")} for spec in self.spec()]
        text = json.dumps([core, sorted(self.locked)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def with_locks(self, names: Iterable[str], reason: str) -> Space:
        """The same space with more keys locked for one reason."""
        return replace(self, locked={**self.locked, **dict.fromkeys(names, reason)})

    def with_defaults(self, values: Mapping[str, Any]) -> Space:
        """The same space with another baseline."""
        moved: Sequence[Dimension] = [d.with_default(values.get(d.name, d.default)) for d in self.dimensions]
        return replace(self, dimensions=tuple(moved))

    def _unknown(self, name: str) -> str:
        near = difflib.get_close_matches(name, self.names, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Declared: {', '.join(self.names)}."
        return f"{name} is not a parameter of this search. {hint}"
