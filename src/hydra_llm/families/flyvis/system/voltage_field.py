"""The drift of the fly's visual system: passive point neurons with graded release.

    dv_i/dt = (-v_i + sum_{j->i} W_ij relu(v_j) + I_i(t) + v_rest_i) / tau_i

v, W, I and v_rest without dimension, tau in seconds. Lappalainen et al. (2024).
"""

import warnings
from collections.abc import Mapping

import torch
from torch import Tensor


class VoltageField:
    """f(v, luminance) for a batch of sequences: v [neuron, sequence], luminance [input, sequence].

    The synaptic sum is one product of a sparse matrix (target x source) with the rectified voltages.
    """

    def __init__(self, edge_index: Tensor, W: Tensor, tau: Tensor, v_rest: Tensor, input_index: Tensor) -> None:
        """edge_index [(source, target), edge]; all on one device, W, tau and v_rest of one dtype."""
        # Divided by tau once here instead of at every step.
        self._synapses = _compressed(edge_index, W / tau[edge_index[1]], len(tau))
        self._rate, self._drive = (1 / tau)[:, None], (v_rest / tau)[:, None]
        self._input_index, self._input_rate = input_index, (1 / tau[input_index])[:, None]

    @classmethod
    def from_truth(
        cls, truth: Mapping[str, Tensor], input_index: Tensor, dtype: torch.dtype, device: torch.device
    ) -> "VoltageField":
        """The field of a recorded truth."""
        W, tau, v_rest = (truth[name].to(device, dtype) for name in ("W", "tau", "v_rest"))
        return cls(truth["edge_index"].to(device), W, tau, v_rest, input_index.to(device))

    def __call__(self, u: Tensor, external: Tensor | None, out: Tensor) -> Tensor:
        """Write dv/dt into `out` and return it."""
        torch.addcmul(self._drive, u, self._rate, value=-1, out=out)
        released = u.relu()
        if u.shape[1] == 1:  # several times faster than a product with a matrix of one column
            torch.addmv(out[:, 0], self._synapses, released[:, 0], out=out[:, 0])
        else:
            torch.addmm(out, self._synapses, released, out=out)
        if external is not None:
            out.index_add_(0, self._input_index, external * self._input_rate)
        return out


def _compressed(edge_index: Tensor, values: Tensor, n: int) -> Tensor:
    """The matrix [target, source] in compressed rows. Indices of 32 bits: half the memory to read per product."""
    source, target = edge_index
    order = torch.argsort(target * n + source)
    rows = torch.zeros(n + 1, dtype=torch.int32, device=values.device)
    rows[1:] = torch.bincount(target, minlength=n).cumsum(0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(rows, source[order].int(), values[order], (n, n), check_invariants=False)
