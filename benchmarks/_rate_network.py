"""Rate networks with a known W, for benchmarks that judge weights and their errors."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

GAIN, DELTA_T, SUBSTEPS, BURN_IN = 7.0, 0.01, 2, 1000


@dataclass(frozen=True)
class Network:
    """du_i = (-u_i + sum_j W_ij tanh(u_j)) dt + process noise. sources: synapses per unit; None: half of all pairs."""

    n_units: int
    n_frames: int
    process: float  # standard deviation of what the state gains at random per frame
    measurement: float  # standard deviation of what a measurement adds, relative to that of the states
    sources: int | None
    seed: int

    def recorded(self) -> tuple[np.ndarray, np.ndarray]:
        """W [target, source] and the recording [frame, unit]."""
        draws = np.random.default_rng(self.seed)
        W = self._weights(draws)
        states = self._states(sparse.csr_matrix(W) if self.sources else W, draws)
        return W, states + self.measurement * states.std() * draws.standard_normal(states.shape)

    def _weights(self, draws: np.random.Generator) -> np.ndarray:
        n, k = self.n_units, self.sources or self.n_units / 2
        W = GAIN * draws.standard_normal((n, n)) / k**0.5
        W[draws.random((n, n)) > k / n] = 0
        np.fill_diagonal(W, 0)
        return W

    def _states(self, W: np.ndarray | sparse.csr_matrix, draws: np.random.Generator) -> np.ndarray:
        """Heun steps of the drift, noise at the end of a step."""
        u, dt = 5 * draws.standard_normal(self.n_units), DELTA_T / SUBSTEPS
        states = np.empty((self.n_frames, self.n_units))
        for frame in range(-BURN_IN, self.n_frames):
            if frame >= 0:
                states[frame] = u
            for _ in range(SUBSTEPS):
                slope = -u + W @ np.tanh(u)
                there = u + dt * slope
                u = u + dt / 2 * (slope - there + W @ np.tanh(there))
                if self.process:
                    u = u + self.process / SUBSTEPS**0.5 * draws.standard_normal(self.n_units)
        return states
