"""Grids of configurations of two recovery tasks, each small enough that it can be run whole, on five recordings.

Keys are those of the shipped searches (conf/search) that change a run most. A run has a fifth (signal) or a third
(metabolism) of the shipped number of steps, so learning rates reach further up (10 and 100 times, and 3), and intervals
between solutions are shorter by as much. Tasks, values and recordings were chosen on a dozen runs of two recordings,
before any searcher had run: most fits succeeded there, some did not, and the shipped default was not the best. On the
others it is not so: two in three fits of the signal grid fail (docs/decisions/0180-tables-of-our-own-recoveries.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from _family_runs import BARE, FAMILIES

FAST = ("logger=none", "training.rollout_frames=5")  # the metric of the search needs neither


@dataclass(frozen=True)
class Grid:
    """`core`: keys and values to begin with; `later`: (key, value) by which the grid grows, one at a time."""

    family: str  # of FAMILIES
    overrides: tuple[str, ...]
    core: Mapping[str, tuple[Any, ...]]
    later: tuple[tuple[str, Any], ...]

    @cached_property
    def declared(self) -> Any:
        return FAMILIES[self.family].declared

    @property
    def words(self) -> tuple[str, ...]:
        return (*map(str, self.declared.trial_overrides), *self.overrides, *BARE, *FAST)

    @property
    def recordings(self) -> tuple[int, ...]:
        return FAMILIES[self.family].recordings[0][:5]

    def choices(self, grown: int) -> dict[str, tuple[Any, ...]]:
        """Of each key, after `grown` additions, in order."""
        found = {key: list(values) for key, values in self.core.items()}
        for key, value in self.later[:grown]:
            found[key].append(value)
        return {key: tuple(sorted(values)) for key, values in found.items()}

    def added(self, grown: int) -> list[dict[str, Any]]:
        """Configurations of the core, or of that addition."""
        before = whole(self.choices(grown - 1)) if grown else []
        return [values for values in whole(self.choices(grown)) if values not in before]


def whole(choices: Mapping[str, tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Every configuration of a grid, the last key fastest."""
    return [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]


GRIDS = {
    "signal": Grid(
        "signal",
        (
            *("simulation=signal_chaotic", "simulation.n_neurons=20", "simulation.n_frames=1000"),
            *("simulation.n_frames_validation=100", "simulation.n_frames_test=20", "training.max_steps=300"),
        ),
        {
            "training.learning_rate_W_start": (0.003, 0.01, 0.03, 0.1),
            "training.learning_rate_start": (0.003, 0.01, 0.03, 0.1),
            "training.coeff_edge_diff": (0.0,),
            "training.batch_size": (4, 16),
            "training.W_solve_interval": (0, 100),
        },
        (
            *(("training.coeff_edge_diff", 100.0), ("training.batch_size", 8)),
            *(("training.W_solve_interval", 150), ("training.coeff_edge_diff", 10.0)),
        ),
    ),
    "metabolism": Grid(
        "metabolism",
        (
            *("simulation=metabolism_small", "simulation.n_frames_validation=60", "simulation.n_frames_test=20"),
            "training.max_steps=200",
        ),
        {
            "training.learning_rate_k": (0.01, 0.03, 0.1),
            "training.learning_rate_sub": (0.0003, 0.001, 0.003, 0.01),
            "training.coeff_MLP_sub_diff": (5.0,),
            "training.coeff_MLP_sub_norm": (1.0, 10.0),
            "training.k_solve_interval": (0, 100),
        },
        (
            ("training.learning_rate_k", 0.3),
            *(("training.coeff_MLP_sub_diff", 0.0), ("training.k_solve_interval", 50)),
            *(("training.coeff_MLP_sub_norm", 0.0), ("training.coeff_MLP_sub_diff", 10.0)),
        ),
    ),
}
