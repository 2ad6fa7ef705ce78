"""What the axes call things: neurons have activities, metabolites have concentrations."""

from collections.abc import Sequence
from dataclasses import dataclass

_MOST_CHARACTERS = 14  # of a name beside an axis


@dataclass(frozen=True)
class Labels:
    """Words and units of one family of systems. `unit` is what a column of a trajectory is, in the singular;
    `compared` is what a prediction stands beside; `names` are those of the columns, () where they have numbers alone.
    """

    unit: str
    state: str
    state_unit: str
    time_unit: str
    compared: str = "truth"
    names: tuple[str, ...] = ()

    @property
    def state_axis(self) -> str:
        return f"{self.state} ({self.state_unit})"

    @property
    def time_axis(self) -> str:
        return f"time ({self.time_unit})"

    @property
    def unit_axis(self) -> str:
        return self.unit if self.names else f"{self.unit} (index)"

    def name(self, column: int) -> str:
        """Of one column, cut where it would take the room of the picture."""
        text = self.names[column] if 0 <= column < len(self.names) else str(column)
        return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…"

    @property
    def rate_unit(self) -> str:
        return f"{self.state_unit} / {self.time_unit}"

    def count(self, n: int, drawn: int) -> str:
        """'100 neurons', or '500 of 13,741 neurons' where not all are drawn."""
        units = self.unit if n == 1 else f"{self.unit}s"
        return f"{n:,} {units}" if drawn >= n else f"{drawn:,} of {n:,} {units}"


NEURONS = Labels(unit="neuron", state="activity u", state_unit="a.u.", time_unit="τ")


def of_recording(state_unit: str, names: Sequence[str] = ()) -> Labels:
    """Of a user's own recording, whose file says what a state is measured in and not what time is. names: of its units;
    those that count from 0 say no more than numbers.
    """
    named = () if list(names) == [str(k) for k in range(len(names))] else tuple(names)
    return Labels("unit", "activity u", state_unit, "as in the file", compared="recording", names=named)
