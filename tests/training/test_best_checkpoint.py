"""Checkpoints are compared only with those that were judged by the same targets."""

import pytest
import torch
from lightning import LightningModule, Trainer
from torch.utils.data import DataLoader

from hydra_llm.training.best_checkpoint import BestCheckpoint
from hydra_llm.training.lightning_logging import quiet_lightning
from hydra_llm.training.phases.refinement import ROUND


class Replay(LightningModule):
    """Logs a given validation loss and round per epoch; its one parameter counts epochs."""

    def __init__(self, rows):
        super().__init__()
        self.rows, self.weight = rows, torch.nn.Parameter(torch.zeros(()))

    def training_step(self, batch, batch_idx):
        self.log(ROUND, float(self.rows[self.current_epoch][0]), on_epoch=True, on_step=False)
        with torch.no_grad():
            self.weight.fill_(float(self.current_epoch))
        return self.weight * 0.0

    def validation_step(self, batch, batch_idx):
        self.log("val_loss", self.rows[self.current_epoch][1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.0)

    def train_dataloader(self):
        return DataLoader([0.0])

    val_dataloader = train_dataloader


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([(0, 0.5), (0, 0.2), (0, 0.3)], 1),
        ([(0, 0.1), (1, 0.5), (1, 0.4), (1, 0.6)], 2),
        ([(0, 0.1), (1, 0.2), (2, 0.9)], 2),
    ],
)
def test_the_best_of_the_last_round_is_kept(rows, kept, tmp_path):
    best = BestCheckpoint(
        dirpath=tmp_path, filename="best", monitor="val_loss", mode="min", enable_version_counter=False
    )
    with quiet_lightning():
        Trainer(
            max_epochs=len(rows),
            logger=False,
            callbacks=[best],
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            accelerator="cpu",
        ).fit(Replay(rows))
    assert torch.load(best.best_model_path, weights_only=True)["state_dict"]["weight"] == kept
