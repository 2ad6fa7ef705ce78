"""What is left of training when a fit has ended: all that standard errors and evaluation need of it, as a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning import LightningModule

from hydra_llm.atomic_write import replacing
from hydra_llm.callbacks.history import History
from hydra_llm.callbacks.interval_snapshots import IntervalSnapshots
from hydra_llm.callbacks.stopwatch import Stopwatch
from hydra_llm.training.phases.base import Phase, Resumable
from hydra_llm.training.phases.refinement import RefinementPhase


@dataclass(frozen=True)
class EndedFit:
    """The parts of a fit that its end leaves behind. Those of a new process can take over what an earlier one kept."""

    module: LightningModule
    phases: Sequence[Phase]
    history: History
    snapshots: IntervalSnapshots
    stopwatch: Stopwatch

    def keep(self, path: Path, best: Mapping[str, Any]) -> None:
        """best: the checkpoint that validates best, whose file may move or go."""
        with self.snapshots.in_checkpoints():
            snapshots = self.snapshots.state_dict()
        kept = {
            "best": {"state_dict": best["state_dict"], "epoch": best["epoch"]},
            "phases": [phase.state_dict() if isinstance(phase, Resumable) else {} for phase in self.phases],
            "history": self.history.state_dict(),
            "snapshots": snapshots,
            "stopwatch": self.stopwatch.state_dict(),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as aside:
            torch.save(kept, aside)

    def take(self, path: Path, net: Any) -> dict[str, Any]:
        """The checkpoint that validated best, with the other parts as they were at the end of the fit."""
        kept = torch.load(path, map_location="cpu", weights_only=True)
        self.history.load_state_dict(kept["history"])
        self.snapshots.load_state_dict(kept["snapshots"])
        self.stopwatch.load_state_dict(kept["stopwatch"])
        for phase, state in zip(self.phases, kept["phases"], strict=True):
            if isinstance(phase, Resumable):
                phase.load_state_dict(state)
            if isinstance(phase, RefinementPhase):
                phase.restore_targets(net)
        return kept["best"]
