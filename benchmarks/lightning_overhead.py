"""What Lightning costs: the same fit by Trainer.fit and by a bare loop over the same phases.

    python benchmarks/lightning_overhead.py
    python benchmarks/lightning_overhead.py --steps 6000 training=signal_adam

Both do the same steps in the same order from the same streams, so they end at the same loss; that is checked. The bare
loop validates as often as Lightning does, but keeps no checkpoint and no history.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from _report import ROOT, publish, spread
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch.optim import Optimizer

from hydra_llm.bootstrap import register
from hydra_llm.callbacks.dataset_writer import DatasetWriter
from hydra_llm.data.observations import Observations
from hydra_llm.data.store import DatasetStore
from hydra_llm.families.fitting import FitContext
from hydra_llm.families.signal.config import SignalTraining
from hydra_llm.families.signal.fit import build_net, fit, recipe
from hydra_llm.schema.fields import as_object
from hydra_llm.training.datamodule import RecordingDataModule
from hydra_llm.training.phases.base import Step
from hydra_llm.training.recovery import unexplained_variance
from hydra_llm.training.simulation import simulate

TOLERANCE = 1e-6  # relative, of the last validation loss


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a fit with and without Lightning; overrides may follow.")
    parser.add_argument("--steps", type=int, default=1500, help="steps of Adam")
    parser.add_argument("--repeats", type=int, default=3, help="pairs of fits, in turn")
    options, overrides = parser.parse_known_args()
    register()
    budget = [f"training.max_steps={options.steps}", "training.projection_iterations=0"]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        cfg = compose("config", overrides=[*budget, "training.spline_knots=0", *overrides])
    if cfg.trainer.threads:
        torch.set_num_threads(cfg.trainer.threads)
    with tempfile.TemporaryDirectory() as folder:
        system = instantiate(cfg.simulation, _convert_="all")
        store = DatasetStore(Path(folder) / "datasets")
        how = {"writer": DatasetWriter, "callbacks": (), "oracle": True, "enable_progress_bar": False}
        dataset = simulate(system, store, **how).path
        fits = {"bare loop": [], "Trainer.fit": []}
        for _ in range(options.repeats):
            fits["bare loop"].append(timed(lambda: bare_fit(dataset, cfg)))
            fits["Trainer.fit"].append(timed(lambda: lightning_fit(dataset, cfg, Path(folder))))
            ends = {runs[-1][2] for runs in fits.values()}
            if max(ends) - min(ends) > TOLERANCE * max(ends):
                raise SystemExit(f"The two fits ended at different losses ({ends}): not comparable.")
    rows = []
    for name, runs in fits.items():
        wall, processor = ([run[k] for run in runs] for k in (0, 1))
        row = {"fit": name, "steps": options.steps, "wall (s)": spread(wall)["median"]}
        rows.append(
            {**row, "least (s)": min(wall), "most (s)": max(wall), "processor (s)": spread(processor)["median"]}
        )
    over = {key: 100 * (rows[1][key] / rows[0][key] - 1) for key in ("wall (s)", "processor (s)")}
    shares = " and ".join(f"{share:.1f} % of {key.split()[0]} time" for key, share in over.items())
    note = (
        f"Lightning over the bare loop, medians of {options.repeats}: {shares}. Both end at val_loss {max(ends):.6g}."
    )
    publish("lightning_overhead", "A fit with and without Lightning", rows, packages=("torch", "lightning"), note=note)
    print(note)


def timed(work: Callable[[], float]) -> tuple[float, float, float]:
    """(wall seconds, processor seconds, what `work` returned); the second is less disturbed by other programs."""
    wall, processor = time.perf_counter(), time.process_time()
    returned = work()
    return time.perf_counter() - wall, time.process_time() - processor, returned


def bare_fit(dataset: Path, cfg: DictConfig) -> float:
    """Last validation loss of the phases in a plain loop."""
    training = as_object(cfg.training, SignalTraining)
    data = RecordingDataModule(dataset, training)
    frames, validation = data.frames("train"), data.frames("validation")
    net = build_net(cfg.model, training.seed, Observations.open(dataset), frames.activity)
    for phase in recipe(training, data):
        optimizer = phase.optimizer(net)
        for interval in range(phase.n_intervals):
            phase.run(interval, net, frames, optimizer, stepping(optimizer))
            loss = unexplained_variance(net, validation)
    return float(loss)


def stepping(optimizer: Optimizer) -> Step:
    """One step of the optimiser, as a phase asks for it."""
    return lambda closure: optimizer.step(closure)  # type: ignore[arg-type]  # torch's stub wants a float


def lightning_fit(dataset: Path, cfg: DictConfig, folder: Path) -> float:
    """The same under Trainer.fit, with its checkpoints and history, without loggers."""
    context = FitContext(folder, {"accelerator": "cpu", "enable_progress_bar": False}, keep_checkpoint=False)
    fitted = fit(dataset, cfg.model, cfg.training, context)
    return fitted.history["val_loss"][1][-1]


if __name__ == "__main__":
    main()
