"""Inputs from the smallest to the largest that a figure has to bear, as functions that draw it."""

from collections.abc import Callable
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from hydra_llm.families.flyvis.figures.by_type import by_type
from hydra_llm.families.flyvis.figures.hex_activity import hex_activity
from hydra_llm.families.flyvis.figures.hexagons import eye_activity, film
from hydra_llm.families.flyvis.figures.messages import messages
from hydra_llm.families.flyvis.figures.phases import phases
from hydra_llm.families.flyvis.figures.recovery import Parameter, recovery
from hydra_llm.families.metabolism.figures.homeostasis import homeostasis
from hydra_llm.families.metabolism.figures.identifiability import identifiability
from hydra_llm.families.metabolism.figures.rate_constants import rate_constants
from hydra_llm.families.metabolism.figures.substrate import substrate
from hydra_llm.families.signal.figures.eigenvalues import eigenvalues
from hydra_llm.families.signal.figures.functions import functions
from hydra_llm.families.signal.figures.weights import weights
from hydra_llm.figures.activity import activity
from hydra_llm.figures.embedding import embedding
from hydra_llm.figures.labels import Labels
from hydra_llm.figures.loss import loss
from hydra_llm.figures.rollout import rollout
from hydra_llm.figures.scatter import scatter
from hydra_llm.figures.spectrum import spectrum

METABOLITES = Labels(unit="metabolite", state="concentration c", state_unit="mM", time_unit="s")


def waves(n_frames: int, n: int) -> np.ndarray:
    """Activity [frame, neuron]: sines of as many frequencies as there are neurons, up to 40."""
    rng = np.random.default_rng(n)
    modes = np.sin(np.arange(n_frames)[:, None] * 0.01 * (1 + np.arange(min(n, 40))))
    return (modes @ rng.standard_normal((modes.shape[1], n))).astype(np.float32)


def network(n: int, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """W_true, W_learned [target, source] and the off-diagonal mask."""
    rng = np.random.default_rng(n)
    off_diagonal = ~np.eye(n, dtype=bool)
    W = off_diagonal * rng.standard_normal((n, n)) / np.sqrt(n)
    return W, W + noise * off_diagonal * rng.standard_normal((n, n)), off_diagonal


def _weights(n: int, noise: float) -> Figure:
    return weights(*network(n, noise), {"connectivity_R2": 0.9, "connectivity_R2_slope": 1.01})


def _functions(n_types: int, with_density: bool) -> Figure:
    u = np.linspace(-8, 8, 200)
    phi = np.tanh(u)
    update = -np.linspace(1, 2, n_types)[:, None] * u
    density = np.where(np.abs(u) < 5, np.exp(-(u**2) / 8), 0) if with_density else None
    return functions(u, phi, 1.05 * phi, update, update + 0.1 * np.cos(u), density)


def _embedding(n: int, n_types: int, n_clusters: int) -> Figure:
    rng = np.random.default_rng(n)
    types = np.arange(n) % n_types
    a = rng.standard_normal((n_types, 2))[types] + 0.05 * rng.standard_normal((n, 2))
    return embedding(a, types, types % n_clusters, 0.875)


def _loss(n_points: int, n_regularisers: int) -> Figure:
    steps = np.arange(n_points)
    losses = {"train": (steps, np.exp(-steps / 100)), "validation": (steps, 1.1 * np.exp(-steps / 100))}
    return loss(losses, {f"regulariser {k}": (steps, 0.1**k + 0 * steps) for k in range(n_regularisers)}, n_points - 1)


def _eigenvalues(n: int) -> Figure:
    W, W_hat, _ = network(n, 0.01)
    return eigenvalues(7 * W, 7 * W_hat, True)


def _rollout(n_frames: int, n: int) -> Figure:
    u = waves(n_frames, n)
    return rollout(u, 0.9 * u, 0.01)


def _hexagon(extent: int) -> np.ndarray:
    span = range(-extent, extent + 1)
    return np.array([(u, v) for u in span for v in span if abs(u + v) <= extent])


def _hex_activity(extent: int, n_times: int, names: tuple[str, ...]) -> Figure:
    uv = _hexagon(extent)
    columns = {name: uv if name != "Lawf1" else uv[::3] for name in names}
    rows = {name: waves(n_times, len(at)) for name, at in columns.items()}
    return hex_activity(columns, rows, 0.2 * np.arange(n_times), "Voltages on the lattice", "v (a.u.)")


def _by_type(n_types: int, noise: float) -> Figure:
    rng = np.random.default_rng(n_types)
    types = np.repeat(np.arange(n_types), 5)
    tau, rest = 0.02 + 0.3 * (np.arange(n_types) / n_types) ** 4, np.linspace(-1, 1, n_types)
    names = [f"TmY{k}" for k in range(n_types)]
    learned = {"tau (s)": tau[types] * (1 + noise * rng.standard_normal(len(types)))}
    learned["V_rest (a.u.)"] = rest[types] + noise * rng.standard_normal(len(types))
    true = {"tau (s)": tau[types], "V_rest (a.u.)": rest[types]}
    return by_type(types, names, {name: (true[name], learned[name]) for name in true})


def _messages(n_types: int) -> Figure:
    rng = np.random.default_rng(n_types)
    v = np.linspace(-1, 2, 40) * rng.uniform(0.5, 2, (n_types, 1))
    raw = rng.uniform(0.5, 3, (n_types, 1)) * np.maximum(v, 0) + 0.1
    return messages(v, np.maximum(v, 0), np.maximum(v, 0) + 0.02 * np.sin(v), raw)


def _recovery(n: int) -> Figure:
    W, W_hat, _ = network(n, 0.02)
    tau = np.linspace(0.02, 0.3, n)
    parameters = [Parameter("W", "connectivity", "a.u.", W, W_hat), Parameter("tau", "tau", "s", tau, 1.1 * tau)]
    return recovery(parameters, {"connectivity_R2": 0.99, "tau_R2": 0.9, "tau_R2_slope": 1.1})


def _eye(extent: int, n_types: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns (u, v) of a hexagon, once per type, and types [neuron]."""
    uv = _hexagon(extent)
    return np.tile(uv, (n_types, 1)), np.repeat(np.arange(n_types), len(uv))


def _film(n_frames: int, extent: int, n_types: int) -> Figure:
    columns, _ = _eye(extent, n_types)
    wave = np.sin(np.arange(n_frames)[:, None] * 0.1 + columns[:, 0])
    return film(0.5 + 0.5 * wave, columns, 0.02)


def _voltages(extent: int, n_types: int) -> Figure:
    columns, types = _eye(extent, n_types)
    names = tuple(f"Type{k}" for k in range(n_types))
    return eye_activity(np.sin(columns[:, 0] + types), columns, types, names, 1.5)


def _rate_constants(n: int, n_open: int) -> Figure:
    rng = np.random.default_rng(n)
    log_k, known = rng.uniform(-2, -1, n), np.arange(n) >= n_open
    learned = log_k + np.where(known, 0.01, 0.6) * rng.standard_normal(n)
    scores = {"rate_constants_R2": 0.7, "rate_constants_R2_slope": 0.97, "rate_constants_R2_identifiable": 0.999}
    return rate_constants(log_k, learned, known, scores)


def _substrate(orders: list[float]) -> Figure:
    c = np.geomspace(1e-3, 100, 80)
    law = c[:, None] ** np.array(orders)
    return substrate(c, law, law * (1 + 0.3 / (1 + c[:, None])), orders, np.abs(waves(300, 20)))


def _homeostasis(n: int, n_types: int, noise: float) -> Figure:
    """Responses over ranges from a hundredth to ten, slopes with errors that grow as the range shrinks."""
    rng = np.random.default_rng(n)
    types = np.arange(n) * n_types // n
    width = 10 ** rng.uniform(-2, 1, n)
    c = rng.uniform(1, 9, n) + width * np.linspace(-1, 1, 20)[:, None]
    true_slope = -0.001 * (1 + np.arange(n_types))
    true_offset = -true_slope * (4 + np.arange(n_types))
    slope = true_slope[types] * (1 + noise * rng.standard_normal(n) / width)
    learned = slope * c + true_offset[types]
    return homeostasis(c, learned, types, true_slope, true_offset, slope, width / np.sqrt(3), METABOLITES)


CASES: dict[str, Callable[[], Figure]] = {
    "homeostasis of 1 metabolite": lambda: _homeostasis(1, 1, 0.0),
    "homeostasis of 40 metabolites of 2 types": lambda: _homeostasis(40, 2, 0.05),
    "homeostasis of 100 metabolites of 12 types, poor": lambda: _homeostasis(100, 12, 1.0),
    "activity of 1 frame of 1 neuron": lambda: activity(np.ones((1, 1)), 0.01),
    "activity of 2 neurons": lambda: activity(waves(30, 2), 0.01),
    "activity of 100 neurons, shared input": lambda: activity(waves(10_000, 100), 0.01, np.ones(10_000)),
    "activity of 2,000 neurons, input to each": lambda: activity(waves(500, 2000), 0.02, waves(500, 2000)),
    "activity of 100,000 frames": lambda: activity(waves(100_000, 3), 0.02),
    "silent activity": lambda: activity(np.zeros((50, 4)), 0.01),
    "concentrations": lambda: activity(np.abs(waves(300, 20)), 0.1, None, METABOLITES),
    "weights of 2 neurons": partial(_weights, 2, 0.1),
    "weights of 20 neurons": partial(_weights, 20, 0.1),
    "weights of 100 neurons": partial(_weights, 100, 0.02),
    "weights of 100 neurons, lost": partial(_weights, 100, 1e4),
    "weights of 2,000 neurons": partial(_weights, 2000, 0.001),
    "functions of 1 type": partial(_functions, 1, False),
    "functions of 4 types": partial(_functions, 4, True),
    "functions of 65 types": partial(_functions, 65, True),
    "embedding of 2 neurons of 1 type": partial(_embedding, 2, 1, 1),
    "embedding of 4 types": partial(_embedding, 100, 4, 4),
    "embedding of 20 types": partial(_embedding, 200, 20, 12),
    "embedding of 13,741 neurons of 65 types": partial(_embedding, 13_741, 65, 60),
    "embedding of unknown types": lambda: embedding(waves(100, 2), None, np.arange(100) % 3, None),
    "loss of 1 step": partial(_loss, 1, 0),
    "loss": partial(_loss, 500, 3),
    "loss with 30 regularisers": partial(_loss, 500, 30),
    "loss of zero": lambda: loss({"train": ([0, 1], [0.0, 0.0])}),
    "eigenvalues of 2 neurons": partial(_eigenvalues, 2),
    "eigenvalues of 100 neurons": partial(_eigenvalues, 100),
    "eigenvalues of 2,000 neurons": lambda: eigenvalues(
        *np.linalg.eigvals(network(100, 1)[:2]).repeat(20, axis=1), True
    ),
    "rollout of 2 neurons": partial(_rollout, 3, 2),
    "rollout of 100 neurons": partial(_rollout, 2000, 100),
    "rollout of 2,000 neurons": partial(_rollout, 400, 2000),
    "film of 1 frame": partial(_film, 1, 1, 1),
    "film of 5 frames": partial(_film, 5, 2, 8),
    "film of 400 frames before 721 columns": partial(_film, 400, 15, 1),
    "voltages of 1 type": partial(_voltages, 2, 1),
    "voltages of 65 types": partial(_voltages, 2, 65),
    "spectrum of 1 neuron": lambda: spectrum(waves(50, 1)),
    "spectrum of 2 neurons": lambda: spectrum(waves(50, 2)),
    "spectrum of 100 neurons": lambda: spectrum(waves(2000, 100)),
    "spectrum of 2,000 neurons": lambda: spectrum(waves(300, 2000)),
    "spectrum of silence": lambda: spectrum(np.zeros((50, 4))),
    "lattice of 7 columns, one type once": partial(_hex_activity, 1, 1, ("R1",)),
    "lattice of 217 columns, 7 types": partial(
        _hex_activity, 8, 6, ("R1", "L1", "Lawf1", "Mi1", "Tm3", "CT1(M10)", "T4a")
    ),
    "2 types": partial(_by_type, 2, 0.1),
    "65 types": partial(_by_type, 65, 0.1),
    "65 types, lost": partial(_by_type, 65, 1e6),
    "messages of 2 types": partial(_messages, 2),
    "messages of 65 types": partial(_messages, 65),
    "recovery of 20 neurons": partial(_recovery, 20),
    "recovery of 300 neurons": partial(_recovery, 300),
    "phases of one point": lambda: phases([640], [0.5], ["W"], "Recovery of W"),
    "phases": lambda: phases(
        640 * np.arange(1, 25), np.tanh(np.arange(24) / 5), ["W", "W", "V_rest"] * 8, "Recovery of W"
    ),
    "rate constants": partial(_rate_constants, 90, 0),
    "rate constants, some left open": partial(_rate_constants, 256, 17),
    "rate constants of 2 reactions": partial(_rate_constants, 2, 0),
    "identifiability": lambda: identifiability(np.geomspace(3, 0.01, 170), 170, "rate constants and lines"),
    "identifiability with a null space": lambda: identifiability(
        np.r_[np.geomspace(3, 0.01, 447), np.zeros(9)], 447, "rate constants and lines"
    ),
    "identifiability of 1 unknown": lambda: identifiability([2.0], 1, "rate constants"),
    "substrate of order one": partial(_substrate, [1.0]),
    "substrate of two orders": partial(_substrate, [1.0, 2.0]),
    "scatter of 2 values": lambda: scatter([0.01, 0.02], [0.01, 0.03], {"tau_R2": -0.5}, "tau", "s"),
    "scatter of 20,000 values": lambda: scatter(*waves(10_000, 2).reshape(2, -1), {}, "V_rest", "mV"),
}
