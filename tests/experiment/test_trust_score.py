"""The score that needs no truth ranks damaged fits as the hidden truth does."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from programs import PYTHON, run

UNITS, N_FRAMES = 16, 2000
SCRIPTS = Path(__file__).resolve().parents[2] / "examples" / "interop"
TAU = 0.05  # s, of the scripts


def _recording(path):
    """du = (-u + 7 W tanh(u)) dt with noise, by Euler-Maruyama in small steps: no code of the package."""
    draws = np.random.default_rng(4)
    W = 7 * draws.standard_normal((UNITS, UNITS)) / UNITS**0.5
    np.fill_diagonal(W, 0)
    u, frames = draws.standard_normal(UNITS), []
    for frame in range(-200, N_FRAMES):
        if frame >= 0:
            frames.append(u)
        for _ in range(4):
            u = u + 0.005 * (-u + W @ np.tanh(u)) + 0.02 * draws.standard_normal(UNITS)
    np.savez(path, activity=np.array(frames), delta_t=0.02)
    return W


def _of_a_simulator(name, package):
    """A recording by a script of examples/interop, in a process of its own."""

    def recorded(path):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install 'hydra-llm[interop]'")
        keys = ("--units", str(UNITS), "--frames", str(N_FRAMES), "--delta-t", "0.001", "--seed", "4")
        run([PYTHON, str(SCRIPTS / f"{name}.py"), str(path), *keys])
        return np.load(path.with_name(f"{path.stem}_truth.npy"))

    return recorded


RECORDINGS = {  # maker, ending, time constant
    "ours": (_recording, "npz", 1.0),
    "NEST": (_of_a_simulator("nest_network", "nest"), "nwb", TAU),
    "brian2": (_of_a_simulator("brian2_network", "brian2"), "nwb", TAU),
}


def _damages(W):
    """Name -> weights [target, source], from none to nothing left."""
    draws, off = np.random.default_rng(0), ~np.eye(UNITS, dtype=bool)
    size = W[off].std()

    def exchanged(share):
        values = W[off].copy()
        chosen = np.flatnonzero(draws.random(len(values)) < share)
        values[chosen] = values[draws.permutation(chosen)]
        found = W.copy()
        found[off] = values
        return found

    return {
        "none": W,
        **{f"blurred by {k}": W + k * size * draws.standard_normal(W.shape) * off for k in (0.15, 0.3, 0.6)},
        **{f"shrunk to {k}": k * W for k in (0.9, 0.6)},
        **{f"{k:.0%} removed": W * (draws.random(W.shape) > k) for k in (0.1, 0.3)},
        **{f"{k:.0%} exchanged": exchanged(k) for k in (0.1, 0.4, 1.0)},
    }


@pytest.mark.parametrize("simulator", RECORDINGS)
def test_damaged_fits_are_ranked_as_the_hidden_truth_ranks_them(simulator, run_composed, tmp_path):
    import torch
    from scipy.stats import spearmanr

    from hydra_llm.estimation.differences import Difference
    from hydra_llm.estimation.recorded import Recorded
    from hydra_llm.families.signal.fitting.given_functions import Terms
    from hydra_llm.families.signal.model.gnn import SignalGNN
    from hydra_llm.families.signal.recorded.system import recorded_network
    from hydra_llm.families.signal.recorded.trust.report import trust_score
    from hydra_llm.families.signal.recorded.trust.weights_checks import halves
    from hydra_llm.metrics.scores import identity_r2
    from hydra_llm.systems.random_streams import stream

    make, ending, tau = RECORDINGS[simulator]
    path = tmp_path / f"a.{ending}"
    W = make(path)
    network = recorded_network(path=str(path))
    recorded = {
        split: Recorded(torch.from_numpy(stretches[0].activity), None, network.delta_t)
        for split, stretches in network.parts.items()
    }
    keys = {
        "hidden_dim": 8,
        "n_layers": 2,
        "activation": "tanh",
        "embedding_dim": 0,
        "embedding_scale": 0.1,
    }
    net = SignalGNN(
        n_neurons=UNITS,
        W_init_scale=1.0,
        input_mode="none",
        generator=stream(0, "model_init"),
        dtype=torch.float64,
        **keys,
    )
    net.message, net.update = torch.tanh, lambda u: -u / tau  # the functions of a fit that has found them
    terms, off = Terms.of(net, Difference("forward").frames(recorded["train"])), ~np.eye(UNITS, dtype=bool)
    ranks = []
    for damaged in _damages(W).values():
        with torch.no_grad():
            net.W.copy_(torch.from_numpy(damaged))
        ranks.append((identity_r2(damaged[off], W[off]), trust_score(net, recorded, halves(terms, damaged, None))))
    assert spearmanr(*zip(*ranks, strict=True)).statistic >= 0.9
    assert max(ranks)[1] == max(score for _, score in ranks)  # the undamaged one leads
