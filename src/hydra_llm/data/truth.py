"""The mechanism behind a dataset. Opened by the evaluation, never by training."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hydra_llm.data.files import read_array, read_json
from hydra_llm.dataset_names import TRUTH

FOLDER = TRUTH


class Truth(Mapping[str, Tensor]):
    """The tensors of a truth by name.

    meta: what is not a tensor, such as integrator, substeps, noise_model_level, noise_scaling, measurement_noise_level,
    phi; arrays: names of what is kept per frame.
    """

    def __init__(self, path: Path, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> None:
        self.path, self._tensors, self.meta = path, dict(tensors), dict(meta)

    @classmethod
    def open(cls, path: Path | str) -> "Truth":
        """Open the dataset folder `path`."""
        folder = Path(path) / FOLDER
        meta = read_json(folder / "meta.json")
        tensors = {name: torch.from_numpy(np.array(read_array(folder / f"{name}.npy"))) for name in meta.pop("tensors")}
        return cls(folder, tensors, meta)

    @property
    def has_clean_activity(self) -> bool:
        """Whether the recording is not the states of all units: it holds measurement noise, or units are hidden."""
        return "clean_activity" in self.meta["arrays"]

    def clean_activity(self, split: str) -> np.ndarray:
        """The states [frame, neuron] of all units, without measurement noise."""
        return read_array(self.path / split / "clean_activity.npy")

    def __getitem__(self, name: str) -> Tensor:
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)
