"""What the scripts of this folder share: the network that is simulated, the command line, and what is written.

    tau du_i = (-u_i + sum_j W_ij tanh(u_j)) dt + sqrt(tau) sigma dB_i,   W_ij ~ N(0, gain^2 / n), no self-connections

`--noise` is what the state gains at random per frame: sigma = noise sqrt(tau / delta_t). Needs numpy and h5py; nothing
of hydra-llm is used.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from nwb_file import write_nwb


@dataclass(frozen=True)
class RateNetwork:
    """Times in seconds; noise: standard deviation per frame; substeps: steps of the simulator per recorded frame;
    burn_in: frames before the first recorded one."""

    units: int = 100
    frames: int = 3000
    delta_t: float = 0.0025
    tau: float = 0.05
    gain: float = 7.0
    noise: float = 0.05
    measurement_noise: float = 0.0
    substeps: int = 10
    burn_in: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("units", 2), ("frames", 1), ("substeps", 1), ("burn_in", 0), ("seed", 0)):
            if getattr(self, name) < least:
                raise SystemExit(f"--{name.replace('_', '-')} must be at least {least}, got {getattr(self, name)}.")
        for name in ("delta_t", "tau", "gain"):
            if not getattr(self, name) > 0:
                raise SystemExit(f"--{name.replace('_', '-')} must be above 0, got {getattr(self, name)}.")
        for name in ("noise", "measurement_noise"):
            if not getattr(self, name) >= 0:
                raise SystemExit(f"--{name.replace('_', '-')} must be at least 0, got {getattr(self, name)}.")

    @property
    def step(self) -> float:
        """Of the simulator, in seconds."""
        return self.delta_t / self.substeps

    @property
    def sigma(self) -> float:
        """Of the equation above, in the unit of the state: without synapses, sqrt(2) standard deviations of a state."""
        return self.noise * (self.tau / self.delta_t) ** 0.5

    def weights(self) -> np.ndarray:
        """W [target, source], without a unit."""
        W = self.gain * self._draws("weights").standard_normal((self.units, self.units)) / self.units**0.5
        np.fill_diagonal(W, 0.0)
        return W

    def initial_state(self) -> np.ndarray:
        return self._draws("start").standard_normal(self.units)

    def measured(self, states: np.ndarray) -> np.ndarray:
        """What an instrument reads of states [frame, unit]."""
        return states + self.measurement_noise * self._draws("measurement").standard_normal(states.shape)

    def _draws(self, purpose: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, ("weights", "start", "measurement").index(purpose)])


Simulate = Callable[[RateNetwork, np.ndarray], np.ndarray]  # network, W [target, source] -> states [frame, unit]


def record(simulator: str, simulate: Simulate) -> None:
    """The program of one simulator: reads the command line, writes PATH.nwb and PATH_truth.npy."""
    network, path = _options(simulator)
    W = network.weights()
    write_nwb(
        path,
        network.measured(simulate(network, W)),
        rate=1 / network.delta_t,
        identifier=f"{simulator}-{network.seed}",
        description=f"Rate network simulated by {simulator}: {network}",
    )
    truth = path.with_name(f"{path.stem}_truth.npy")
    np.save(truth, W / network.tau)
    print(f"Wrote {path} ({network.frames} frames of {network.units} units) and the weights (1/s) to {truth}.")


def _options(simulator: str) -> tuple[RateNetwork, Path]:
    parser = argparse.ArgumentParser(
        description=f"Record a rate network with {simulator}.", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("path", type=Path, help="the recording, such as activity.nwb")
    keys = {
        "units": "number of units",
        "frames": "recorded frames",
        "delta_t": "time between frames (s)",
        "tau": "time constant of all units (s)",
        "gain": "standard deviation of the weights onto a unit, times the root of their number; chaotic above 1",
        "noise": "process noise: standard deviation of what a state gains at random per frame",
        "measurement_noise": "standard deviation of what is added to every recorded value",
        "substeps": "steps of the simulator per frame",
        "burn_in": "frames before the first recorded one",
        "seed": "of the weights, the start and all noise",
    }
    for name, words in keys.items():
        default = getattr(RateNetwork, name)
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default, help=words)
    given = vars(parser.parse_args())
    path = given.pop("path")
    if path.suffix != ".nwb":
        raise SystemExit(f"The recording must end in .nwb, got {path}.")
    return RateNetwork(**given), path
