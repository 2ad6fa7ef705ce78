"""How many frames ahead a rollout is better than the last state, and than a linear model of all units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from hydra_llm.estimation.recorded import Recorded
from hydra_llm.families.signal.recorded.predictions import Next
from hydra_llm.families.signal.recorded.trust.verdict import TrustVerdict, judged

HORIZONS = (1, 2, 5, 10, 20, 50, 100)
STARTS = 60  # frames that rollouts start from, evenly spaced
ENOUGH = 5  # frames ahead at which the network has to be better


@dataclass(frozen=True)
class Horizon:
    """ratios: mean square error of the network's rollouts over that of the best rival, by horizon in frames."""

    ratios: Mapping[int, float]

    @property
    def reach(self) -> int:
        """The last horizon up to which the network is better without a break; 0: it is not better at 1."""
        reached = 0
        for horizon, ratio in self.ratios.items():
            if not ratio < 1:
                break
            reached = horizon
        return reached


def rollouts_over_horizon(step: Next, rivals: Mapping[str, Next], recorded: Recorded) -> Horizon:
    """Rollouts from recorded frames of one split; horizons longer than its stretches are left out."""
    longest = max(own.stop - own.start for own in recorded.sequences()) - 1
    horizons = [horizon for horizon in HORIZONS if horizon <= longest]
    starts = recorded.interior(0, horizons[-1])
    starts = starts[torch.linspace(0, len(starts) - 1, min(STARTS, len(starts))).round().long()]
    mine = _errors(step, recorded, starts, horizons)
    theirs = [_errors(predict, recorded, starts, horizons) for predict in rivals.values()]
    return Horizon({one: mine[one] / max(min(errors[one] for errors in theirs), 1e-300) for one in horizons})


def rollout_verdict(horizon: Horizon, delta_t: float) -> TrustVerdict:
    skills = ", ".join(f"{frames}: {1 - ratio:.2f}" for frames, ratio in horizon.ratios.items())
    wanted = min(ENOUGH, max(horizon.ratios))
    sentence = (
        f"Rollouts from recorded states are better than the last state and than linear models up to {horizon.reach} "
        f"frames ({horizon.reach * delta_t:g} units of time). Skill by frames ahead (1 - error over that of the best "
        f"of these): {skills}."
    )
    return judged("Rollouts", horizon.reach >= wanted, sentence, {"test_rollout_reach": float(horizon.reach)})


def closeness(ratios: Sequence[float]) -> float:
    """Mean of 1 / (1 + ratio): 1 for no error, 1/2 for that of a rival; it ranks even what is far worse."""
    return float(np.mean([1 / (1 + ratio) if np.isfinite(ratio) else 0.0 for ratio in ratios]))


def _errors(predict: Next, recorded: Recorded, starts: torch.Tensor, horizons: Sequence[int]) -> dict[int, float]:
    """Mean square error of rollouts from these frames, by horizon; infinite where a rollout diverges."""
    u = recorded.activity[starts].double()
    errors: dict[int, float] = {}
    with torch.no_grad():
        for ahead in range(1, horizons[-1] + 1):
            external = None if recorded.external is None else recorded.external[starts + ahead - 1].double()
            u = predict(u, external)
            if ahead in horizons:
                error = float((u - recorded.activity[starts + ahead].double()).square().mean())
                errors[ahead] = error if np.isfinite(error) else float("inf")
    return errors
