"""Measurement and process noise of every unit, from the recording before any fit (hydra_llm.estimation.noise)."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from hydra_llm.estimation.noise import NoiseLevels, noise_levels
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.families.signal.fitting.sessions import Sessions


@dataclass(frozen=True)
class ChannelNoise:
    """Standard deviations [unit], in the unit of the recording: of what a measurement adds to the state, of what the
    state gains at random per frame, and of the recording itself. Where is_noise is False, the recording is smooth and
    the first two are upper bounds.
    """

    measurement: np.ndarray
    process: np.ndarray
    spread: np.ndarray
    levels: NoiseLevels

    @classmethod
    def of(cls, recorded: Recorded) -> "ChannelNoise":
        return cls._of_levels(noise_levels(recorded), recorded.activity.double().std(dim=0))

    @classmethod
    def of_sessions(cls, sessions: Sessions) -> "ChannelNoise":
        """Every unit over the sessions that show it, each with its number of frames as weight."""
        n = sessions.n_units
        totals, weight, is_noise = torch.zeros(3, n, dtype=torch.float64), torch.zeros(n, dtype=torch.float64), []
        for number in sessions.numbers:
            recorded, shown = sessions.recorded(number), sessions.visible[number]
            levels = noise_levels(recorded)
            own = torch.stack([levels.measurement, levels.process, levels.change]) * recorded.n_frames
            totals[:, shown] += own
            weight[shown] += recorded.n_frames
            is_noise.append(levels.is_noise)
        levels = NoiseLevels(*(totals / weight), is_noise=all(is_noise))
        return cls._of_levels(levels, sessions.moments()[1].sqrt())

    @classmethod
    def _of_levels(cls, levels: NoiseLevels, spread: Tensor) -> "ChannelNoise":
        measurement, process = (part.clamp_min(0).sqrt().numpy() for part in (levels.measurement, levels.process))
        return cls(measurement, process, spread.numpy(), levels)

    @property
    def is_noise(self) -> bool:
        return self.levels.is_noise

    @cached_property
    def scores(self) -> dict[str, float]:
        """measurement_noise and process_noise: medians over units, with _low and _high, the 10 and 90 % quantiles;
        _share: of the variance of the change per frame, over all units. Absent where the recording shows no noise.
        """
        found = dict(zip(("measurement_noise_share", "process_noise_share"), self.levels.shares(), strict=True))
        for name, level in (("measurement_noise", self.measurement), ("process_noise", self.process)):
            low, middle, high = np.quantile(level, [0.1, 0.5, 0.9])
            found |= {name: float(middle), f"{name}_low": float(low), f"{name}_high": float(high)}
        return found if self.is_noise else {"measurement_noise_share": 0.0, "process_noise_share": 0.0}

    def sentence(self, unit: str) -> str:
        """Both levels in words."""
        if not self.is_noise:
            return "The recording is smooth: differences of high order show no noise of measurement or of process."
        one, other = self.scores, self.levels.shares()
        return (
            f"Measurement noise: a standard deviation of {one['measurement_noise']:.3g} {unit} (median over units; 10 "
            f"to 90 %: {one['measurement_noise_low']:.2g} to {one['measurement_noise_high']:.2g}), {other[0]:.0%} of "
            f"the change from frame to frame in variance. Process noise: {one['process_noise']:.3g} {unit} per frame "
            f"({one['process_noise_low']:.2g} to {one['process_noise_high']:.2g}), {other[1]:.0%}. The median unit has "
            f"a standard deviation of {float(np.median(self.spread)):.3g} {unit.removesuffix('.')}."
        )
