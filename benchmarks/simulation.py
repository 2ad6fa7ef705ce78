"""Simulation of 100 neurons x 10,000 frames: the integration alone, and with Lightning and the files.

python benchmarks/simulation.py
"""

import argparse
import tempfile
from pathlib import Path

from _report import ROOT, publish, repeated, spread
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from hydra_llm.bootstrap import register
from hydra_llm.callbacks.dataset_writer import DatasetWriter
from hydra_llm.data.store import DatasetStore
from hydra_llm.training.simulation import simulate


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the simulation of the default size.")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    register()
    rows = []
    for regime in ("signal_chaotic", "signal_low_rank", "signal_noisy", "signal_low_gain"):
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            simulation = compose("config", overrides=[f"simulation={regime}"]).simulation
        system = instantiate(simulation, _convert_="all")
        size = {"regime": regime, "neurons": simulation.n_neurons, "frames": simulation.n_frames}

        def integrate(system=system) -> None:
            run = system.start()
            for segment in system.segments():
                run.advance(segment)

        def store(system=system) -> None:
            with tempfile.TemporaryDirectory() as folder:
                simulate(
                    system,
                    DatasetStore(Path(folder)),
                    writer=DatasetWriter,
                    callbacks=(),
                    enable_progress_bar=False,
                )

        integrate()  # the first call pays for imports and allocations
        rows += [
            {**size, "what": what, **{f"{k} (s)" if k != "repeats" else k: v for k, v in times.items()}}
            for what, times in (
                ("integration, train + validation + test", spread(repeated(integrate, options.repeats))),
                ("the same under Lightning, stored", spread(repeated(store, options.repeats))),
            )
        ]
    publish("simulation", "Simulation of the signal regimes", rows, packages=("torch", "lightning"))


if __name__ == "__main__":
    main()
