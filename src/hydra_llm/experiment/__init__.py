"""The composition root of the science: the only reader of the configuration. `run(cfg) -> dict[str, float]`."""

from hydra_llm.experiment.pipeline import run

__all__ = ["run"]
