"""The oracle derivative while it is written: computed from the states of a dataset, and put into it whole.

A dataset that lacks it is not simulated again for it. It is evaluated in blocks of a fixed size, so that it is the same
to the last digit whoever adds it, and when.
"""

import errno
from pathlib import Path

import torch

from hydra_llm.data.dataset import Dataset
from hydra_llm.data.errors import DatasetError
from hydra_llm.data.files import ArrayFile, sync_folder, write_json
from hydra_llm.data.oracle import FOLDER, Oracle
from hydra_llm.systems.base import System
from hydra_llm.systems.hidden_units import recorded_units

_FRAMES = 1000  # evaluated at once: part of what the numbers are, since sums round differently in another batch


def has_oracle(dataset: Path) -> bool:
    """Whether a dataset folder holds an oracle derivative that can be read."""
    try:
        oracle = Oracle.open(dataset)
        return all(oracle.drift(split) is not None for split in oracle.shapes)
    except (DatasetError, KeyError, TypeError):
        return False


def write_oracle(folder: Path, dataset: Dataset, system: System) -> None:
    """Evaluate the law of `system` at the true states of its dataset, for the recorded units, into a new folder."""
    observations, shapes, recorded = dataset.observations(), {}, recorded_units(system)
    for split in system.n_frames:
        external, states = observations.whole_external(split), dataset.states(split)
        shape = (len(states), states.shape[1] if recorded is None else len(recorded))
        file = ArrayFile(folder / split / "drift.npy", shape, states.dtype)
        for start in range(0, len(states), _FRAMES):
            here = slice(start, start + _FRAMES)
            held = None if external is None else torch.tensor(external[here])
            drift = system.drift(torch.tensor(states[here]), held)
            file.append(start, (drift if recorded is None else drift[:, recorded]).numpy())
        file.close()
        shapes[split] = list(shape)
    write_json(folder / "meta.json", {"shapes": shapes})
    for part in (folder, *(path for path in folder.iterdir() if path.is_dir())):
        sync_folder(part)


def place_oracle(folder: Path, dataset: Path) -> None:
    """Rename a written oracle into its dataset; one that another process put there meanwhile is as good."""
    try:
        folder.rename(dataset / FOLDER)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
    sync_folder(dataset)
