"""What recordings of the fly's visual system determine: three oracles by process noise and target.

python benchmarks/flyvis_oracle.py
python benchmarks/flyvis_oracle.py --parameters /data/flyvis/flow/0000/000/best_chkpt --seeds 0,1,2
"""

import argparse
import tempfile
import time
from collections.abc import Sequence

from _report import mean_sd_least, publish
from omegaconf import OmegaConf

from hydra_llm.callbacks.dataset_writer import DatasetWriter
from hydra_llm.data.dataset import Dataset
from hydra_llm.data.store import DatasetStore
from hydra_llm.families.flyvis.evaluation.evaluator import FlyvisEvaluator
from hydra_llm.families.flyvis.system import flyvis_system
from hydra_llm.training.simulation import simulate

NOISE = (0.5, 0.05, 0.0)
TARGETS = ("drift", "finite_difference")
ORACLES = {name: f"oracle_{name}" for name in ("ls", "ridge", "evidence", "tied")}


def main() -> None:
    parser = argparse.ArgumentParser(description="Ceilings of recovery at extent 2, 8,000 frames of generated scenes.")
    parser.add_argument("--seeds", default="0", help="comma-separated seeds of the recording")
    parser.add_argument("--parameters", default="varied", help="varied, default, or the path of a trained network")
    parser.add_argument("--connectome", default=None, help="path of the connectome file")
    options = parser.parse_args()
    seeds = [int(seed) for seed in options.seeds.split(",")]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        store = DatasetStore(folder)
        for noise in NOISE:
            datasets = [record(store, options, noise, seed) for seed in seeds]
            rows += [row(noise, target, datasets, seeds) for target in TARGETS]
    trained = options.parameters not in ("varied", "default")
    note = (
        f"Identity R2 of all parameters, mean +- sd (minimum) over seeds {options.seeds}; parameters: "
        f"{'of a trained network' if trained else options.parameters}. ls: what the data leave open is zero; ridge: "
        "one strength, by validation; evidence: a strength per neuron; tied: types known. "
        "Recorded at 20 ms in two Euler steps, so finite differences are "
        "not the drift even without noise."
    )
    publish("flyvis_oracle", "Oracles of the fly visual system", rows, packages=("torch",), note=note)


def record(store: DatasetStore, options: argparse.Namespace, noise: float, seed: int) -> Dataset:
    where = {"parameters": options.parameters, "connectome": options.connectome, "device": "cpu"}
    system = flyvis_system(**where, noise_model_level=noise, seed=seed, integrator="euler")
    return simulate(system, store, writer=DatasetWriter, callbacks=[], oracle=True, enable_progress_bar=False)


def row(noise: float, target: str, datasets: Sequence[Dataset], seeds: Sequence[int]) -> dict[str, object]:
    found, seconds = [], []
    for dataset, seed in zip(datasets, seeds, strict=True):
        training = {"target": target, "difference_order": "forward", "seed": seed, "rollout_frames": 200}
        began = time.perf_counter()
        found.append(FlyvisEvaluator(dataset, OmegaConf.create(training)).oracle().scores)
        seconds.append(time.perf_counter() - began)
    cells: dict[str, object] = {"noise": noise, "target": target}
    for label, prefix in ORACLES.items():
        for name in ("connectivity_R2", "tau_R2", "V_rest_R2"):
            values = [scores[f"{prefix}_{name}"] for scores in found if f"{prefix}_{name}" in scores]
            cells[f"{label} {name.removesuffix('_R2').replace('connectivity', 'W')}"] = mean_sd_least(values, 3)
    cells["identifiable W"] = mean_sd_least([scores["oracle_connectivity_identifiable_share"] for scores in found], 3)
    cells["null dimensions"] = mean_sd_least([scores["oracle_null_dimensions"] for scores in found], 0)
    return cells | {"seconds": max(seconds)}


if __name__ == "__main__":
    main()
