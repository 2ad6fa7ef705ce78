"""What a key of the configuration is, and whether a value is one that it takes.

Standard library only: the plugin imports this in every Hydra application of the environment.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

WORDS = {
    object: "a value",
    dict: "a mapping",
    list: "a list",
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}
PLAIN = (str, bool, int, float, list, dict)


def in_words(low: float | None, high: float | None, open_low: bool = False) -> str:
    """A range as the end of a sentence, "" without bounds; `open_low` excludes `low` itself."""
    if low is None:
        return "" if high is None else f"at most {high:g}"
    if high is None:
        return f"above {low:g}" if open_low else f"at least {low:g}"
    return f"above {low:g} and at most {high:g}" if open_low else f"between {low:g} and {high:g}"


class Key(NamedTuple):
    """`kind` float takes whole numbers too, `object` anything; `open_low` excludes `low` itself. A list with
    `choices` holds some of them. `word`: a text that is taken in place of a value of `kind`. `dotted`: beside the
    choices, a class of the user's own by its path, or an object. `several`: a list of values is
    taken too. A key whose default is None may be null; `null`
    says so of one with another default.
    """

    kind: type
    default: Any
    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    choices: tuple[str, ...] = ()
    word: str = ""
    dotted: bool = False
    null: bool = False
    several: bool = False

    @property
    def nullable(self) -> bool:
        return self.null or self.default is None

    @property
    def range(self) -> str:
        """In words; "" for a key without bounds."""
        return in_words(self.low, self.high, self.open_low)

    def problem(self, value: Any) -> str:
        """What the value would have to be, as the end of a sentence; "" for one that the key takes."""
        if value is None and self.nullable:
            return ""
        if self.word and value == self.word:
            return ""
        if self.several and isinstance(value, list) and value:
            wanted = next(filter(None, map(self._wanted, value)), "")
            return f"{wanted}, or a list of such" if wanted else ""
        wanted = self._wanted(value)
        more = (self.word, "null" if self.nullable else "")
        return ", or ".join([wanted, *filter(None, more)]) if wanted else ""

    def _wanted(self, value: Any) -> str:
        if self.dotted and value is not None and not isinstance(value, PLAIN):
            return ""  # an object that a `_target_` node made
        if not self._is_of_kind(value):
            return WORDS[self.kind]
        if self.choices:
            chosen = value if isinstance(value, list) else [value]
            strangers = [item for item in chosen if not self._is_choice(item)]
            of = "a list of" if self.kind is list else "one of"
            more = ", or the dotted path of a class" if self.dotted else ""
            return f"{of} {', '.join(self.choices)}{more}" if strangers else ""
        return "" if self._is_in_range(value) else self.range or WORDS[self.kind]

    def _is_of_kind(self, value: Any) -> bool:
        if isinstance(value, bool):
            return self.kind in (bool, object)
        return isinstance(value, (int, float) if self.kind is float else self.kind)

    def _is_choice(self, value: Any) -> bool:
        return value in self.choices or (self.dotted and isinstance(value, str) and "." in value)

    def _is_in_range(self, value: Any) -> bool:
        if self.low is None:
            return self.kind is not float or value == value  # false for NaN, as the next line is
        above = value > self.low if self.open_low else value >= self.low
        return above and (self.high is None or value <= self.high)


Table = Mapping[str, Key]


def defaults(table: Table) -> dict[str, Any]:
    return {name: key.default for name, key in table.items()}


def check(table: Table, values: Mapping[str, Any], prefix: str = "") -> None:
    """Raise ValueError for the first value that its key does not take, with a sentence: what is required, what was
    given. Names that are not in the table are not looked at.
    """
    for name, value in values.items():
        wanted = table[name].problem(value) if name in table else ""
        if wanted:
            given = "null" if value is None else repr(value)
            raise ValueError(f"{prefix}{name} must be {wanted}, got {given}.")
