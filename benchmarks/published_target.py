"""What a target that still holds the clean drift gives away under measurement noise, with the law of the fly known.

python benchmarks/published_target.py --parameters flow/0000/000/best_chkpt --seeds 0,1,2

Publications regress noisy voltages on the simulator's drift plus the difference of the measurement noise; process noise
never enters that target. Here it stands beside the drift and the differences of what was recorded, by the same closed
form (a ridge per neuron by evidence); rounds that filter the recording are in published_rows.
"""

import argparse
import tempfile
from collections.abc import Iterator

import numpy as np
import torch
from _report import mean_sd_least, publish

from hydra_llm.callbacks.dataset_writer import DatasetWriter
from hydra_llm.data.dataset import Dataset
from hydra_llm.data.store import DatasetStore
from hydra_llm.families.flyvis.fitting.neighbours import by_in_degree
from hydra_llm.families.flyvis.fitting.regressions import NormalEquations
from hydra_llm.families.flyvis.model.graph import known_graph
from hydra_llm.families.flyvis.system import flyvis_system
from hydra_llm.metrics.scores import identity_r2, slope
from hydra_llm.training.simulation import simulate

NAME, PROCESS, MEASURED = "published_target", 0.05, 0.1
FLOOR, ITERATIONS = 1e-9, 10  # of the evidence
SLOWEST = 0.01  # rates below this share of the median are fits to nothing


def main() -> None:
    parser = argparse.ArgumentParser(description="Targets of one-step regressions on a noisy recording of the fly.")
    parser.add_argument("--seeds", default="0,1,2", help="comma-separated seeds of the recording")
    parser.add_argument("--parameters", required=True, help="path of a trained network")
    parser.add_argument("--connectome", default=None, help="path of the connectome file")
    options = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {}
    for seed in map(int, options.seeds.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            dataset = record(DatasetStore(folder), options, seed)
            for name, states, target in targets(dataset):
                found.setdefault(name, []).append(scores(dataset, states, target))
    rows = [
        {"states and target": name, **{key: mean_sd_least([one[key] for one in several], 3) for key in several[0]}}
        for name, several in found.items()
    ]
    note = (
        f"simulation=flyvis_scenes, extent 2, 8,000 frames, parameters of a trained network, process noise {PROCESS}, "
        f"measurement noise {MEASURED}, law known, mean +- sd (minimum) over seeds {options.seeds}. Published for the "
        "third row at extent 8 with 64,000 frames: W 0.69, tau 0.31 (law known); slope 0.51 (learned)."
    )
    publish(NAME, "Targets of the fly under measurement noise", rows, packages=("torch",), note=note)


def record(store: DatasetStore, options: argparse.Namespace, seed: int) -> Dataset:
    system = flyvis_system(
        parameters=options.parameters,
        connectome=options.connectome,
        device="cpu",
        noise_model_level=PROCESS,
        measurement_noise_level=MEASURED,
        measurement_noise_unit="absolute",
        seed=seed,
    )
    return simulate(system, store, writer=DatasetWriter, callbacks=[], oracle=True, enable_progress_bar=False)


def targets(dataset: Dataset) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Names, states and slopes [frame, neuron]; the last frame of a sequence has no slope (NaN)."""
    observations = dataset.observations()
    clean = dataset.truth().clean_activity("train").astype(np.float64)
    noisy = np.array(observations.split("train").activity, dtype=np.float64)
    drift = dataset.oracle().drift("train").astype(np.float64)
    starts = np.asarray(observations.structure("sequence_start_train"))

    def difference(values: np.ndarray) -> np.ndarray:
        rate = np.diff(values, axis=0, append=np.nan) / float(observations.meta["delta_t"])
        rate[starts[1:] - 1] = np.nan
        return rate

    yield "clean, drift", clean, drift
    yield "noisy, drift", noisy, drift
    yield "noisy, drift + difference of the noise (published)", noisy, drift + difference(noisy - clean)
    yield "noisy, differences of the recording", noisy, difference(noisy)


def scores(dataset: Dataset, states: np.ndarray, target: np.ndarray) -> dict[str, float]:
    observations, truth = dataset.observations(), dataset.truth()
    edge_index, shown = known_graph(observations)["edge_index"], np.asarray(observations.structure("input_index"))
    own = -states
    own[:, shown] += np.array(observations.split("train").external, dtype=np.float64)
    used = np.isfinite(target).all(axis=1)
    v, own, y = (torch.from_numpy(values[used]) for values in (states, own, target))
    normal = NormalEquations.of(by_in_degree(edge_index, v.shape[1]), v.clamp_min(0), own, y)
    fitted, _ = normal.evidence(ITERATIONS, FLOOR)
    tau = 1 / fitted.rate.clamp_min(SLOWEST * float(fitted.rate.median()))
    W, true = fitted.beta * tau[edge_index[1]], truth["W"]
    found = {
        "W": identity_r2(W, true),
        "slope": slope(W, true),
        "tau": identity_r2(tau, truth["tau"]),
        "V_rest": identity_r2(fitted.offset * tau, truth["v_rest"]),
    }
    return {name: float("nan") if score is None else score for name, score in found.items()}


if __name__ == "__main__":
    main()
