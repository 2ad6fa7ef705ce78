"""Simulation under Lightning: predict_step integrates, a prediction writer stores.

The idea: a simulation is a prediction of a module whose parameters are the truth. Trainer, devices, progress bars and
writers then serve simulation and training alike, and a recording larger than memory passes through in segments.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lightning import Callback, LightningModule, Trainer

from hydra_llm.data.dataset import Dataset
from hydra_llm.data.draft import Draft
from hydra_llm.data.store import DatasetStore
from hydra_llm.systems.base import Recording, System
from hydra_llm.systems.integration_error import IntegrationError
from hydra_llm.training.lightning_logging import quiet_lightning

log = logging.getLogger(__name__)


class SimulationModule(LightningModule):
    """Integrates one segment per predict_step. n_done: segments at the start that are recorded already."""

    def __init__(self, system: System, n_done: int = 0) -> None:
        super().__init__()
        self._run = system.start()
        self._segments = system.segments()
        self._n_done = n_done

    def predict_dataloader(self) -> Sequence[int]:
        return range(self._n_done, len(self._segments))

    def predict_step(self, batch: int, batch_idx: int) -> tuple[Recording, ...]:
        return self._run.advance(self._segments[batch])


def simulate(
    system: System,
    store: DatasetStore,
    *,
    writer: Callable[[Draft], Callback],
    callbacks: Sequence[Callback],
    oracle: bool = False,
    **trainer: Any,
) -> Dataset:
    """The dataset of a system, simulated unless the store has it. oracle: with the oracle derivative in it.

    writer: makes the callback that stores predictions in a draft (callbacks.DatasetWriter). trainer: arguments of
    lightning.Trainer that override the quiet defaults. Raises DivergenceError and DatasetError; nothing is stored then.
    """
    dataset = store.find(system)
    if dataset is None:
        dataset = _simulated(system, store, writer, callbacks, trainer)
    return store.add_oracle(system) if oracle else dataset


def _simulated(
    system: System,
    store: DatasetStore,
    writer: Callable[[Draft], Callback],
    callbacks: Sequence[Callback],
    trainer: Mapping[str, Any],
) -> Dataset:
    with store.lock(system):
        dataset = store.find(system)  # another process may have finished it while this one waited
        if dataset is not None:
            return dataset
        with store.draft(system) as draft, quiet_lightning():
            arguments = {
                "accelerator": "cpu",
                "devices": 1,
                "logger": False,
                "enable_checkpointing": False,
                "enable_model_summary": False,
                "callbacks": [writer(draft), *callbacks],
                **trainer,
            }
            if draft.n_segments:
                log.info("Continuing after %d of %d segments ...", draft.n_segments, len(system.segments()))
            Trainer(**arguments).predict(SimulationModule(system, draft.n_segments), return_predictions=False)
        dataset = store.find(system)
    assert dataset is not None  # it has just been put in place
    log.info("Stored %s in %s.", system.name, dataset.path)
    _say_how_exact(dataset.truth().meta)
    return dataset


def _say_how_exact(meta: Mapping[str, Any]) -> None:
    """One line on the integrator, a warning where its error is part of the recording."""
    if "integration_error" in meta and "integrator" in meta:
        error = IntegrationError(**meta["integration_error"])
        level = logging.INFO if error.is_small else logging.WARNING
        log.log(level, "%s", error.sentence(meta["integrator"], meta["substeps"]))
