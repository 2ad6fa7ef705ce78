"""Fitted first phases, kept beside the datasets: a search over phase 2 fits the reactions once.

<folder of the datasets>/../phase1/<dataset>-<hash>.pt holds the tensors of one network. The hash is of everything that
the fit depended on.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hydra_llm.atomic_write import replacing
from hydra_llm.data.errors import DatasetError


def stored_at(dataset: Path, depends_on: Mapping[str, Any]) -> Path:
    """Where the first phase of a fit to this dataset belongs; depends_on: plain values."""
    digest = hashlib.sha256(json.dumps(depends_on, sort_keys=True, default=str).encode()).hexdigest()[:20]
    return dataset.parent.parent / "phase1" / f"{dataset.name}-{digest}.pt"


def save(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Whole or not at all: parallel runs may store the same fit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as aside:
        torch.save({name: tensor.detach().cpu() for name, tensor in tensors.items()}, aside)


def load(path: Path) -> dict[str, Tensor]:
    """The tensors by name. Raises DatasetError with a sentence for a file that is none of ours."""
    if not path.is_file():
        raise DatasetError(
            f"training.phase1_checkpoint must be the path of a file, or null to fit phase 1, got {path}."
        )
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise DatasetError(f"{path} cannot be read as a checkpoint of phase 1 ({error}). Fit it again.") from error
    if "state_dict" in found:  # a checkpoint of a run: names begin with net.
        found = {name.removeprefix("net."): tensor for name, tensor in found["state_dict"].items()}
    return found
