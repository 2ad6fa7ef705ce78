"""What an experimenter records. The only part of a dataset that training opens, unless it is given the oracle."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hydra_llm.data.errors import DatasetError
from hydra_llm.data.files import read_array, read_json
from hydra_llm.dataset_names import OBSERVATIONS
from hydra_llm.systems.hidden_units import RECORDED_INPUT

FOLDER = OBSERVATIONS
STRUCTURE = f"{FOLDER}/structure"
_SCAN = 32 * 2**20  # bytes looked at per step when searching for values that are no numbers


@dataclass(frozen=True)
class RecordedSplit:
    """One trajectory, memory-mapped [frame, unit].

    external has columns of its own where not every unit receives an input; it holds those of recorded units.
    """

    name: str
    activity: np.ndarray
    external: np.ndarray | None

    @property
    def n_frames(self) -> int:
        return self.activity.shape[0]


@dataclass(frozen=True)
class Observations:
    """The observations of a dataset.

    meta: system, n_neurons, n_frames by split, delta_t, external_input_mode, dtype, arrays (name -> columns), structure
    (names). Noise levels and the integrator are part of the truth: a fit has to tell them from the recording.
    """

    path: Path
    meta: Mapping[str, Any]

    @classmethod
    def open(cls, path: Path | str) -> "Observations":
        """Open the dataset folder `path`. Reads below observations/ only."""
        folder = Path(path) / FOLDER
        return cls(folder, read_json(folder / "meta.json"))

    def split(self, name: str, *, check: bool = True) -> RecordedSplit:
        """One of train, validation, test. With check, every value is looked at: a NaN is an error that says where."""
        if name not in self.meta["n_frames"]:
            raise DatasetError(
                f"A split must be one of {', '.join(self.meta['n_frames'])} in {self.path}, got {name!r}."
            )
        arrays: dict[str, np.ndarray] = {}
        for array, n_columns in self.meta["arrays"].items():
            shape = (self.meta["n_frames"][name], n_columns)
            arrays[array] = read_array(self.path / name / f"{array}.npy")
            if arrays[array].shape != shape:
                raise DatasetError(
                    f"{array} of the {name} split in {self.path} has shape {arrays[array].shape}, expected {shape}. "
                    "Delete the dataset folder and run again."
                )
            if check:
                check_numbers(arrays[array], array, name, self.path)
        external = arrays.get("external")
        if external is not None and RECORDED_INPUT in self.meta["structure"]:
            external = external[:, self.structure(RECORDED_INPUT).numpy()]
        return RecordedSplit(name, arrays["activity"], external)

    def whole_external(self, name: str) -> np.ndarray | None:
        """The input [frame, column] of a split, to units that are not recorded as well; None where there is none."""
        return read_array(self.path / name / "external.npy") if "external" in self.meta["arrays"] else None

    def structure(self, name: str) -> Tensor:
        """What the experimenter knows about the system beside its activity, such as edge_index."""
        if name not in self.meta["structure"]:
            known = ", ".join(self.meta["structure"]) or "nothing"
            raise DatasetError(f"{self.path} does not hold the structure {name!r}. It holds: {known}.")
        return torch.from_numpy(np.array(read_array(self.path / "structure" / f"{name}.npy")))


def check_numbers(values: np.ndarray, array: str, split: str, where: Path) -> None:
    """Raise for the first value [frame, neuron] that is NaN or infinite."""
    step = max(1, _SCAN // max(1, values[:1].nbytes))
    for start in range(0, len(values), step):
        finite = np.isfinite(values[start : start + step])
        if not finite.all():
            frame, neuron = (int(k) for k in np.argwhere(~finite)[0])
            raise DatasetError(
                f"{array} of the {split} split in {where} is {values[start + frame, neuron]} at frame {start + frame}, "
                f"neuron {neuron}. Training needs numbers: repair the recording or delete the dataset folder."
            )
