"""A PEtab problem in the place of a simulated system: its measurements are the recording, its files what is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hydra_llm.data.observations import Observations
from hydra_llm.families.reactions.errors import ModelError
from hydra_llm.families.reactions.petab.problem import PetabProblem, ProblemFiles
from hydra_llm.systems.base import Recording, Segment

FILES, YAML = "files", "yaml"


@dataclass(frozen=True)
class Measurements:
    """The System protocol around a PEtab problem.

    files: without nominal values of what is estimated; training opens them. reference: values of the estimated
    parameters, of the published fit or the truth; is_truth says which. address: plain values that determine all of it.
    """

    name: str
    files: ProblemFiles
    reference: Mapping[str, float]
    is_truth: bool
    address: Mapping[str, Any]
    seed: int = 0

    dtype = "float64"
    independent_segments = False
    n_units = 1  # a frame is a measurement

    @cached_property
    def problem(self) -> PetabProblem:
        return self.files.problem()

    @property
    def keys(self) -> Mapping[str, Any]:
        return self.address

    @property
    def n_frames(self) -> Mapping[str, int]:
        return {"train": len(self.problem.measurements)}

    def arrays(self) -> dict[str, int]:
        return {"activity": 1}

    def observation_meta(self) -> dict[str, Any]:
        return {
            "system": self.name,
            "n_neurons": 1,
            "n_frames": dict(self.n_frames),
            "dtype": self.dtype,
            YAML: self.files.yaml,
            FILES: dict(self.files.texts),
        }

    def structure(self) -> dict[str, Tensor]:
        return {}  # it is in the files

    def truth(self) -> dict[str, Tensor]:
        return {}

    def truth_meta(self) -> dict[str, Any]:
        return {"system": self.name, "reference": dict(self.reference), "is_truth": self.is_truth}

    def drift(self, activity: Tensor, external: Tensor | None) -> Tensor:
        """Raises ModelError: measurements have no derivative that somebody knows."""
        raise ModelError(
            "Measurements of a reaction network have no derivative to fit; the likelihood is of their values."
        )

    def segments(self) -> tuple[Segment, ...]:
        return (Segment(("train",), 0, self.n_frames["train"]),)

    def start(self) -> "MeasurementReplay":
        return MeasurementReplay(self)


@dataclass(frozen=True)
class MeasurementReplay:
    """Hands all measurements on."""

    system: Measurements

    def advance(self, segment: Segment) -> tuple[Recording, ...]:
        values = np.array([[one.value] for one in self.system.problem.measurements])[segment.start : segment.stop]
        return (Recording("train", segment.start, torch.from_numpy(values), None, None),)


def stored_problem(observations: Observations) -> PetabProblem:
    """The problem of a data set, without nominal values of what is estimated."""
    return ProblemFiles(observations.meta[YAML], observations.meta[FILES]).problem()
