"""The weak form of pysindy on noisy recordings of rate networks, beside the ceiling of ours on the same data.

pip install pysindy==2.1.0
python benchmarks/weak_form_of_pysindy.py --seeds 0,1,2,3,4
"""

import argparse
import tempfile

import numpy as np
import torch
from _report import mean_sd_least, publish
from omegaconf import OmegaConf

from hydra_llm.callbacks.dataset_writer import DatasetWriter
from hydra_llm.data.dataset import Dataset
from hydra_llm.data.store import DatasetStore
from hydra_llm.families.signal.config import SignalTraining
from hydra_llm.families.signal.evaluation import SignalEvaluator
from hydra_llm.families.signal.system import signal_system
from hydra_llm.metrics.scores import identity_r2
from hydra_llm.training.simulation import simulate

LEVELS = (0.0, 0.017, 0.05)  # measurement noise, relative to the standard deviation of the states
TEST_FUNCTIONS = (500, 2000)
HALF_WIDTHS = (0.15, 0.3, 0.6)  # of a test function, in tau


def main() -> None:
    parser = argparse.ArgumentParser(description="Synaptic weights of signal_chaotic by pysindy's weak form.")
    parser.add_argument("--seeds", default="0,1,2,3,4", help="comma-separated seeds of the recording")
    options = parser.parse_args()
    seeds = [int(seed) for seed in options.seeds.split(",")]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        store = DatasetStore(folder)
        for level in LEVELS:
            theirs, ours = zip(*(scores(store, level, seed) for seed in seeds), strict=True)
            rows.append(
                {
                    "measurement noise": f"{level:.1%}",
                    "pysindy, its best setting by the truth": mean_sd_least(theirs, digits=3),
                    "ours, auto": mean_sd_least(ours, digits=3),
                }
            )
    note = (
        f"R2 of W to the identity line, mean +- sd (minimum) over seeds {options.seeds} of signal_chaotic: 100 "
        "neurons, 10,000 frames. Both know tanh and the linear leak, and have one regression per neuron. pysindy: "
        f"WeakPDELibrary of u and tanh(u), {' or '.join(map(str, TEST_FUNCTIONS))} test functions of half-width "
        f"{', '.join(map(str, HALF_WIDTHS))} tau, STLSQ without a threshold, ridge 1e-3; of these six the best by the "
        "true weights, which no user could choose. Ours: training.target=auto, the oracle's ridge by evidence or "
        "validation, nothing chosen by the truth."
    )
    packages = ("pysindy", "torch", "numpy")
    publish("weak_form_of_pysindy", "The weak form of pysindy", rows, packages=packages, note=note)


def scores(store: DatasetStore, level: float, seed: int) -> tuple[float, float]:
    """R2 of the weights of both, on one recording."""
    system = signal_system(seed=seed, measurement_noise_level=level)
    dataset = simulate(system, store, writer=DatasetWriter, callbacks=[], enable_progress_bar=False)
    training = OmegaConf.structured(SignalTraining(seed=seed))
    ours = SignalEvaluator(dataset, training).oracle().scores["oracle_connectivity_R2"]
    return by_pysindy(dataset, system.field().effective_connectivity.double().numpy()), ours


def by_pysindy(dataset: Dataset, W: np.ndarray) -> float:
    """The best of all settings."""
    try:
        import pysindy
    except ModuleNotFoundError:
        raise SystemExit("This comparison needs pysindy: pip install pysindy==2.1.0") from None
    observations = dataset.observations()
    u = np.array(observations.split("train").activity)
    time = np.arange(len(u)) * observations.meta["delta_t"]
    off = ~np.eye(len(W), dtype=bool)
    found = []
    for n_functions in TEST_FUNCTIONS:
        for half_width in HALF_WIDTHS:
            np.random.seed(0)  # places of the test functions  # noqa: NPY002
            library = pysindy.WeakPDELibrary(
                pysindy.CustomLibrary([lambda x: x, lambda x: np.tanh(x)], [lambda x: x, lambda x: f"tanh({x})"]),
                spatiotemporal_grid=time,
                K=n_functions,
                H_xt=[half_width],
                is_uniform=True,
            )
            model = pysindy.SINDy(feature_library=library, optimizer=pysindy.STLSQ(threshold=0.0, alpha=1e-3))
            model.fit(u, t=time)
            found.append(identity_r2(model.coefficients()[:, len(W) :][off], W[off]))
    return max(value for value in found if value is not None)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
