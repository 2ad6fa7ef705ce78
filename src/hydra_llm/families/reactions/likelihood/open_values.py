"""Values that are a number or an estimated parameter, as tables of PEtab have them in their cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hydra_llm.families.reactions.errors import ModelError
from hydra_llm.families.reactions.petab.parameters import PetabParameter
from hydra_llm.families.reactions.petab.tables import number_of

Entry = float | int  # a float is a value; an int is the place of an estimated parameter


class Cells:
    """Turns a cell into an Entry."""

    def __init__(self, parameters: Sequence[PetabParameter]) -> None:
        estimated = [one.id for one in parameters if one.estimate]
        self._entries: dict[str, Entry] = {name: i for i, name in enumerate(estimated)}
        self._entries |= {one.id: float(one.nominal) for one in parameters if not one.estimate}

    def entry(self, cell: str, place: str) -> Entry:
        """Raises ModelError for a cell that is neither a number nor a parameter of the parameter table."""
        value = number_of(cell)
        if value is not None:
            return value
        if cell not in self._entries:
            raise ModelError(f"{place} holds {cell!r}, which is neither a number nor in the parameter table.")
        return self._entries[cell]

    def known(self) -> Mapping[str, Entry]:
        return self._entries


@dataclass(frozen=True)
class OpenValues:
    """values [entry] = base + choice @ theta, where a row of choice holds at most one 1."""

    base: np.ndarray
    rows: np.ndarray
    columns: np.ndarray

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> "OpenValues":
        base = np.array([0.0 if isinstance(one, int) else one for one in entries])
        rows = np.array([i for i, one in enumerate(entries) if isinstance(one, int)], dtype=int)
        columns = np.array([one for one in entries if isinstance(one, int)], dtype=int)
        return cls(base, rows, columns)

    def values(self, theta: np.ndarray) -> np.ndarray:
        found = self.base.copy()
        found[self.rows] = theta[self.columns]
        return found

    def gradient(self, slopes: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """d(values)/d(scaled theta) [entry, column], for these columns of theta. slopes: d(theta)/d(scaled theta)."""
        place = {int(column): j for j, column in enumerate(columns)}
        found = np.zeros((len(self.base), len(columns)))
        for row, column in zip(self.rows, self.columns, strict=True):
            if int(column) in place:
                found[row, place[int(column)]] = slopes[column]
        return found
