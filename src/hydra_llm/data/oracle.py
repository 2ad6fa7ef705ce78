"""The oracle derivative of a dataset: du/dt of the true law at the true states, which no experiment records.

Publications fit it; here it serves comparison with them. Training opens it under target=drift and at no other time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hydra_llm.data.errors import DatasetError
from hydra_llm.data.files import read_array, read_json
from hydra_llm.dataset_names import ORACLE

FOLDER = ORACLE


@dataclass(frozen=True)
class Oracle:
    """shapes: of the drift by split, (frame, unit)."""

    path: Path
    shapes: Mapping[str, tuple[int, ...]]

    @classmethod
    def open(cls, path: Path | str) -> "Oracle":
        """Open the dataset folder `path`. Raises DatasetError where nobody asked for the oracle derivative yet."""
        folder = Path(path) / FOLDER
        if not folder.is_dir():
            raise DatasetError(
                f"{path} holds no oracle derivative: it is written where it is asked for. "
                "Run with training.target=drift, or call DatasetStore.add_oracle."
            )
        shapes = read_json(folder / "meta.json")["shapes"]
        return cls(folder, {split: tuple(shape) for split, shape in shapes.items()})

    def drift(self, split: str) -> np.ndarray:
        """du/dt [frame, unit] at the true states of a split, memory-mapped."""
        drift = read_array(self.path / split / "drift.npy")
        if drift.shape != self.shapes[split]:
            raise DatasetError(
                f"drift of the {split} split in {self.path} has shape {drift.shape}, expected {self.shapes[split]}. "
                f"Delete {self.path} and run again."
            )
        return drift
