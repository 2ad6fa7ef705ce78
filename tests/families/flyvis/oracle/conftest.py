"""A small network that obeys the law of the fly visual system, simulated here step by step in numpy."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from recorded import samples_of


@dataclass
class ReluNetwork:
    graph: Data
    W: torch.Tensor
    tau: torch.Tensor
    v_rest: torch.Tensor
    types: torch.Tensor
    delta_t: float = 0.02

    def record(self, n_frames, noise, seed, substeps=1, target="drift", dtype=np.float64, sequence=None):
        """Samples of a trajectory from rest under smooth random light; sequence: frames until the state is reset."""
        rng = np.random.default_rng(seed)
        n = self.graph.num_nodes
        A = np.zeros((n, n))
        source, target_of = self.graph.edge_index.numpy()
        A[target_of, source] = self.W.numpy()
        tau, rest = self.tau.numpy(), self.v_rest.numpy()
        n_input = len(self.graph.input_index)
        k, phase = np.arange(n_frames)[:, None], rng.uniform(0, 6.28, (3, n_input))
        speed = rng.uniform(0.02, 0.3, (3, n_input))
        external = 0.5 + 0.5 * np.sin(speed[:, None] * k + phase[:, None]).mean(0)
        v, activity, drift = rest.copy(), np.empty((n_frames, n)), np.empty((n_frames, n))
        for t in range(n_frames):
            if sequence and t % sequence == 0:
                v = rest + rng.normal(0, 0.3, n)
            held = np.zeros(n)
            held[self.graph.input_index] = external[t]
            activity[t] = v
            for substep in range(substeps):
                slope = (-v + A @ np.maximum(v, 0) + held + rest) / tau
                if substep == 0:
                    drift[t] = slope
                v = v + self.delta_t / substeps * slope
            v = v + noise * rng.normal(size=n)
        starts = None if sequence is None else torch.arange(0, n_frames, sequence)
        arrays = {name: values.astype(dtype) for name, values in (("activity", activity), ("drift", drift))}
        arrays["external"] = external.astype(dtype)
        return samples_of(arrays, target=target, delta_t=self.delta_t, sequence_start=starts)


@pytest.fixture
def relu_network():
    """make(n_columns, seed, rest): 3 types per column of a ring of columns, the first type sees light."""

    def make(n_columns=12, seed=0, rest=0.3):
        rng = np.random.default_rng(seed)
        column = np.repeat(np.stack([np.arange(n_columns), np.zeros(n_columns, int)], 1), 3, axis=0)
        types = np.tile(np.arange(3), n_columns)
        kinds = {(0, 0): [1], (1, 0): [0], (0, 1): [0, 1], (1, 1): [-1], (2, 1): [0], (1, 2): [0, -1], (2, 2): [0]}
        edges, W = [], []
        for (source, target), steps in kinds.items():
            for step in steps:
                weight = rng.choice([-1, 1]) * rng.uniform(0.1, 0.5)
                for c in range(n_columns):
                    if 0 <= c + step < n_columns:
                        edges.append((3 * c + source, 3 * (c + step) + target))
                        W.append(weight)
        graph = Data(
            edge_index=torch.tensor(edges).T.contiguous(),
            input_index=torch.arange(0, 3 * n_columns, 3),
            column=torch.from_numpy(column),
            num_nodes=len(column),
        )
        tau, v_rest = np.array([0.05, 0.1, 0.2]), rest + rng.normal(0, 0.05, 3)
        return ReluNetwork(
            graph,
            torch.tensor(W, dtype=torch.float64),
            torch.from_numpy(tau[types]),
            torch.from_numpy(v_rest[types]),
            torch.from_numpy(types),
        )

    return make
