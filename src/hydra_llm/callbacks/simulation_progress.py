"""A progress bar that calls a simulation a simulation."""

from lightning.pytorch.callbacks import TQDMProgressBar


class SimulationProgress(TQDMProgressBar):
    @property
    def predict_description(self) -> str:
        return "Simulating"
