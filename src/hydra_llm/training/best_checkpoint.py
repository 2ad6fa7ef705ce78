"""Keeps the checkpoint that validates best, among those that were judged by the same targets."""

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from hydra_llm.training.phases.refinement import ROUND


class BestCheckpoint(ModelCheckpoint):
    """Forgets its best whenever the targets are estimated again: losses against other targets say nothing here."""

    _round = 0.0

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        current = float(trainer.callback_metrics.get(ROUND, 0.0))
        if current > self._round:
            self._round = current
            self.best_k_models.clear()
            self.best_model_score, self.kth_best_model_path = None, ""
        super().on_validation_end(trainer, pl_module)
