"""One dimension of a search space: Float, Integer, Categorical, or the Revision of a file of code.

Numeric dimensions map to the unit interval, linearly or through the logarithm, so that steps and distances mean the
same share of the range for every kind. A default outside the declared range stays legal: the baseline is what the
application's configuration says, and a search must be able to start there. (A study in memory has no application, and
refuses it: handwritten.py.)
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, ClassVar

import numpy as np

from hydra_llm.search.space.checks import check_condition, check_name, check_whole, plain_bound, plain_choices

SIGNIFICANT_DIGITS = 12  # 0.1 + 0.2 and 0.3 are one value; a parameter never needs more


def canonical_number(value: Any) -> float | None:
    """The number behind an int, float or numeric text, rounded to twelve significant digits; None if there is none."""
    if type(value) is float:
        return _rounded(value)
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return _rounded(number)


@lru_cache(maxsize=8192)
def _rounded(number: float) -> float | None:
    """Kept for numbers seen lately: configurations of one search share most of their values."""
    return float(f"{number:.{SIGNIFICANT_DIGITS}g}") if math.isfinite(number) else None


def _number(value: Any) -> float | None:
    """As canonical_number, without rounding what is a number already: canonical values are compared often."""
    return value if type(value) is float or type(value) is int else canonical_number(value)


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """What every kind shares. `when` maps another dimension's name to the values under which this one is active.

    `default` None says that there is no value to begin with: a study in memory begins in the middle of the range, or
    with the first option. Raises ValueError with a sentence for a field that cannot be.
    """

    name: str
    default: Any = None
    unit: str = ""
    help: str = ""
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    kind: ClassVar[str] = ""

    def __post_init__(self) -> None:
        check_name(self.name)
        check_condition(self.name, self.when)

    # ---- to be given by each kind ----
    def canonical(self, value: Any) -> Any:
        raise NotImplementedError

    def sample(self, rng: np.random.Generator) -> Any:
        raise NotImplementedError

    def neighbours(self, value: Any, step: float) -> list[Any]:
        raise NotImplementedError

    def distance(self, a: Any, b: Any) -> float:
        raise NotImplementedError

    def describe_range(self) -> str:
        raise NotImplementedError

    def _range_problem(self, value: Any) -> str | None:
        raise NotImplementedError

    @property
    def is_constant(self) -> bool:
        raise NotImplementedError

    @property
    def options(self) -> Sequence[Any] | None:
        """Every value within the range, None for a continuous one."""
        raise NotImplementedError

    # ---- shared ----
    def problem(self, value: Any) -> str | None:
        """A sentence if `value` cannot be taken, else None. The default is always legal."""
        return None if self.is_default(value) else self._range_problem(value)

    def is_default(self, value: Any) -> bool:
        if self.default is None:
            return value is None
        return value is not None and same_value(value, self.default)

    def is_active(self, values: Mapping[str, Any]) -> bool:
        """Whether the conditions in `when` hold for the dimensions declared before this one."""
        return all(
            any(same_value(values.get(other), option) for option in options) for other, options in self.when.items()
        )

    def with_default(self, default: Any) -> Any:
        return dataclasses.replace(self, default=default)

    def spec(self) -> dict[str, Any]:
        """The declaration as plain JSON data."""
        data = dataclasses.asdict(self)
        data["when"] = {name: list(options) for name, options in self.when.items()}
        return {"kind": self.kind} | {key: list(v) if isinstance(v, tuple) else v for key, v in data.items()}


@dataclass(frozen=True, kw_only=True)
class _Numeric(Dimension):
    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for end in ("low", "high"):
            object.__setattr__(self, end, plain_bound(self.name, end, getattr(self, end)))
        if self.low > self.high:
            raise ValueError(f"{self.name}: the range {self.low}..{self.high} is not an interval. Give low <= high.")
        if self.log and self.low <= 0:
            raise ValueError(f"{self.name}: a log scale needs low > 0, got {self.low}. Raise low or drop the log tag.")

    @property
    def is_constant(self) -> bool:
        return self.low == self.high and (self.default is None or same_value(self.default, self.low))

    def to_unit(self, value: float) -> float:
        """Position in the range, clipped to [0, 1]."""
        if self.high == self.low:
            return 0.0
        if self.log:
            value = min(max(value, self.low), self.high)
            return math.log(value / self.low) / math.log(self.high / self.low)
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def from_unit(self, position: float) -> Any:
        """The canonical value at a position in [0, 1]; inverse of to_unit."""
        position = min(max(position, 0.0), 1.0)
        if self.log:
            value = self.low * (self.high / self.low) ** position
        else:
            value = self.low + position * (self.high - self.low)
        return self.canonical(min(max(value, self.low), self.high))

    def sample(self, rng: np.random.Generator) -> Any:
        return self.from_unit(rng.random())

    def distance(self, a: Any, b: Any) -> float:
        first, second = _number(a), _number(b)
        if first is None or second is None:
            return 0.0 if same_value(a, b) else 1.0
        return abs(self.to_unit(first) - self.to_unit(second))

    def neighbours(self, value: Any, step: float) -> list[Any]:
        number = _number(value)
        if number is None:
            return [self.from_unit(0.5)]
        here = self.to_unit(number)
        found = [self.from_unit(here - step), self.from_unit(here + step)]
        return list(dict.fromkeys(new for new in found if not same_value(new, value)))

    def _range_problem(self, value: Any) -> str | None:
        number = canonical_number(value)
        if number is None:
            return f"{self.name} takes a finite number ({self.describe_range()}), got {value!r}."
        low, high = canonical_number(self.low), canonical_number(self.high)
        if not low <= number <= high:  # type: ignore[operator]  # both are finite, checked at construction
            return f"{self.name}={value!r} lies outside its range {self.describe_range()}. Choose a value inside."
        return None

    def describe_range(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.low:g}..{self.high:g}{unit}{', log scale' if self.log else ''}"


@dataclass(frozen=True, kw_only=True)
class Float(_Numeric):
    """A real number in [low, high]. Without a default a study in memory begins in the middle."""

    kind: ClassVar[str] = "float"

    @property
    def options(self) -> Sequence[Any] | None:
        return (self.canonical(self.low),) if self.low == self.high else None

    def canonical(self, value: Any) -> Any:
        number = canonical_number(value)
        return value if number is None else number


@dataclass(frozen=True, kw_only=True)
class Integer(_Numeric):
    """A whole number in [low, high], which are whole themselves. Without a default a study in memory begins in the
    middle.
    """

    kind: ClassVar[str] = "integer"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(self.name, "low", self.low)
        check_whole(self.name, "high", self.high)

    @property
    def options(self) -> Sequence[Any] | None:
        return range(math.ceil(self.low), math.floor(self.high) + 1)

    def canonical(self, value: Any) -> Any:
        number = canonical_number(value)
        return value if number is None else round(number)

    def neighbours(self, value: Any, step: float) -> list[Any]:
        found = [new for new in super().neighbours(value, step) if not same_value(new, value)]
        number = canonical_number(value)
        if not found and number is not None:  # a step below one unit: the next whole numbers
            near = (round(number) - 1, round(number) + 1)
            found = [self.canonical(new) for new in near if self.low <= new <= self.high]
        return found

    def _range_problem(self, value: Any) -> str | None:
        problem = super()._range_problem(value)
        number = canonical_number(value)
        if problem is None and number is not None and number != round(number):
            return f"{self.name} takes a whole number ({self.describe_range()}), got {value!r}."
        return problem


@dataclass(frozen=True, kw_only=True)
class Categorical(Dimension):
    """One of a list of values; `ordered` says that neighbours in the list are similar. Without a default a study in
    memory begins with the first, or with None where that is one of them.
    """

    choices: tuple[Any, ...]
    ordered: bool = False
    kind: ClassVar[str] = "categorical"

    @property
    def options(self) -> Sequence[Any] | None:
        return self.choices

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "choices", plain_choices(self.name, self.choices))

    @property
    def is_constant(self) -> bool:
        return len(self.choices) == 1 and (self.default is None or same_value(self.default, self.choices[0]))

    @cached_property
    def _places(self) -> dict[tuple[type, Any], int]:
        """Positions of values that were found, by type and value: a search asks for the same ones again and again."""
        return {}

    def canonical(self, value: Any) -> Any:
        place = self.index(value)
        return value if place is None else self.choices[place]

    def index(self, value: Any) -> int | None:
        """Position of a value in the list of choices, None for a default outside it."""
        plain = isinstance(value, str | int | float)  # others may not be hashable
        if plain and (known := self._places.get((type(value), value))) is not None:
            return known
        for position, choice in enumerate(self.choices):
            if same_value(choice, value):
                if plain:
                    self._places[type(value), value] = position
                return position
        return None

    def sample(self, rng: np.random.Generator) -> Any:
        return self.choices[int(rng.integers(len(self.choices)))]

    def neighbours(self, value: Any, step: float) -> list[Any]:
        here = self.index(value)
        if not self.ordered or here is None:
            return [choice for position, choice in enumerate(self.choices) if position != here]
        reach = max(1, round(step * (len(self.choices) - 1)))
        positions = (max(0, here - reach), min(len(self.choices) - 1, here + reach))
        return [self.choices[position] for position in dict.fromkeys(positions) if position != here]

    def distance(self, a: Any, b: Any) -> float:
        if same_value(a, b):
            return 0.0
        first, second = self.index(a), self.index(b)
        if not self.ordered or first is None or second is None or len(self.choices) < 2:
            return 1.0
        return abs(first - second) / (len(self.choices) - 1)

    def _range_problem(self, value: Any) -> str | None:
        if self.index(value) is None:
            return f"{self.name}={value!r} is not among its choices: {self.describe_range()}."
        return None

    def describe_range(self) -> str:
        return ", ".join(str(choice) for choice in self.choices) + (" (ordered)" if self.ordered else "")


@dataclass(frozen=True, kw_only=True)
class Revision(Categorical):
    """Which revision of a file of code runs: `base`, or one that the sweep has made (r1, r2, ...).

    No proposer of values moves it, since most of its choices do not exist yet; children keep their parent's.
    """

    kind: ClassVar[str] = "code"

    @property
    def options(self) -> Sequence[Any] | None:
        return None  # new ones come up while the sweep is on

    @property
    def is_constant(self) -> bool:
        return True

    def sample(self, rng: np.random.Generator) -> Any:
        return self.default

    def neighbours(self, value: Any, step: float) -> list[Any]:
        return []

    def describe_range(self) -> str:
        return "base, or a revision that the sweep has made"


def same_value(a: Any, b: Any) -> bool:
    """Whether two values are the same parameter value: numbers numerically (also as text), everything else by
    equality.
    """
    if isinstance(a, bool) or isinstance(b, bool):
        return str(a).lower() == str(b).lower()  # "true", as a command line or a model writes it, is True
    first, second = canonical_number(a), canonical_number(b)
    if first is not None and second is not None:
        return first == second
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same_value(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and a == b
