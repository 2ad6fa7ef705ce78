"""A fit of the recording never reads truth or oracle: it gives the same weights where there is none."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from hydra_llm.families.fitting import Fit, FitContext


def assert_blind_to_truth(fit: Callable[..., Fit], dataset: Path, cfg: Any, folder: Path) -> None:
    """Fits twice, without truth and oracle the second time, and compares bit by bit. `dataset` has lost them then."""

    def weights(name: str) -> dict[str, torch.Tensor]:
        context = FitContext(folder / name, {"accelerator": "cpu", "enable_progress_bar": False})
        return fit(dataset, cfg.model, cfg.training, context).net.state_dict()

    with_truth = weights("with")
    shutil.rmtree(dataset / "truth")
    shutil.rmtree(dataset / "oracle", ignore_errors=True)  # there where it was asked for
    without = weights("without")
    assert with_truth.keys() == without.keys()
    assert all(torch.equal(with_truth[name], without[name]) for name in with_truth)
