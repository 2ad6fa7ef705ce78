"""What the axes call things: neurons have activities, metabolites have concentrations."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Labels:
    """Words and units of one family of systems. `unit` is what a column of a trajectory is, in the singular;
    `compared` is what a prediction stands beside.
    """

    unit: str
    state: str
    state_unit: str
    time_unit: str
    compared: str = "truth"

    @property
    def state_axis(self) -> str:
        return f"{self.state} ({self.state_unit})"

    @property
    def time_axis(self) -> str:
        return f"time ({self.time_unit})"

    @property
    def rate_unit(self) -> str:
        return f"{self.state_unit} / {self.time_unit}"

    def count(self, n: int, drawn: int) -> str:
        """'100 neurons', or '500 of 13,741 neurons' where not all are drawn."""
        units = self.unit if n == 1 else f"{self.unit}s"
        return f"{n:,} {units}" if drawn >= n else f"{drawn:,} of {n:,} {units}"


NEURONS = Labels(unit="neuron", state="activity u", state_unit="a.u.", time_unit="τ")


def of_recording(state_unit: str) -> Labels:
    """Of a user's own recording, whose file says what a state is measured in and not what time is."""
    return Labels("unit", "activity u", state_unit, "as in the file", compared="recording")
