"""Frames in memory as the data of a fit, and samples of arrays as an oracle takes them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Recorded:
    """What a phase may look at; every split has the same frames."""

    recorded: Any  # hydra_llm.data.windows.Frames, which imports torch
    delta_t: float = 0.01

    def frames(self, split: str) -> Any:
        return self.recorded

    @property
    def n_refinements(self) -> int:
        return 0

    def refine(self, field: Any) -> None:
        raise AssertionError("these frames are as good as they get")


def samples_of(arrays: Any, *, target: str = "drift", delta_t: float, sequence_start: Any = None) -> Any:
    """Samples of the arrays activity, drift, external [frame, unit]: of the drift, or of forward differences."""
    import torch

    from hydra_llm.estimation.differences import Difference
    from hydra_llm.estimation.recorded import Recorded as Trajectory
    from hydra_llm.identifiability.samples import Samples

    if target == "drift":
        return Samples(arrays["activity"], arrays["drift"], arrays.get("external"))
    activity = torch.as_tensor(arrays["activity"]).double()
    external = None if arrays.get("external") is None else torch.as_tensor(arrays["external"])
    return Samples(*Difference("forward").frames(Trajectory(activity, external, delta_t, sequence_start))[:3])
