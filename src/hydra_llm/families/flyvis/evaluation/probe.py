"""What a fitted network says about its law: its functions, read off at recorded states.

One thing is given: a message is compared with relu, which the law is known to have, to take its gauge out.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from hydra_llm.data.observations import RecordedSplit
from hydra_llm.families.flyvis.evaluation.relaxation_gauge import (
    Linearised,
    MessageGauge,
    RecoveredParameters,
    message_gauge,
    to_physical_parameters,
)
from hydra_llm.metrics.gauge import recorded_grid
from hydra_llm.metrics.scores import function_r2

STATES = 64  # recorded frames at which derivatives are taken
GRID = 100  # voltages per neuron at which messages are compared
_PUBLISHED_STATES = 8
_STATES_AT_ONCE = 2**24
_AT_ONCE = 250_000  # evaluations of a function of the network


@dataclass(frozen=True)
class Probe:
    """The states that a network of the fly visual system is asked about.

    low, high: recorded range of the voltages [1, neuron]; mean, spread: of the training voltages [neuron].
    v [state, neuron] and external [state, input] are states of the validation trajectory.
    """

    edge_index: np.ndarray
    input_index: Tensor
    grid: np.ndarray  # [point, neuron] over the recorded range
    mean: np.ndarray
    spread: np.ndarray
    v: np.ndarray
    external: np.ndarray | None

    @classmethod
    def of(
        cls,
        edge_index: Tensor,
        input_index: Tensor,
        train: RecordedSplit,
        validation: RecordedSplit,
        n_states: int = STATES,
        n_points: int = GRID,
    ) -> "Probe":
        mean = train.activity.mean(axis=0, dtype=np.float64)
        frames = np.unique(np.linspace(0, validation.n_frames - 1, n_states).astype(int))
        return cls(
            edge_index=edge_index.numpy(),
            input_index=input_index,
            grid=recorded_grid(train.activity, n_points),
            mean=mean,
            spread=_spread(train.activity, mean),
            v=np.array(validation.activity[frames]),
            external=None if validation.external is None else np.array(validation.external[frames]),
        )

    def recover(self, net) -> RecoveredParameters:
        """The parameters of the law that the network learned; W of the edges of the probe."""
        gauge = message_gauge(evaluate(net.message, self.grid, net), np.maximum(self.grid, 0))
        return self._of_known(to_physical_parameters(_weights(net), self._edges(net), self.linearise(net), gauge))

    def _edges(self, net) -> np.ndarray:
        """[2, edge], those that a fit put beside the known ones too (fitting.missing_synapses)."""
        return net.edge_index.numpy() if len(net.W) > self.edge_index.shape[1] else self.edge_index

    def _of_known(self, found: RecoveredParameters) -> RecoveredParameters:
        return replace(found, W=found.W[: self.edge_index.shape[1]])

    def message_scores(self, net, gauge: MessageGauge) -> dict[str, float]:
        """message_R2 of the learned message, gauge taken out, against relu at the recorded states.

        1 - SSE / SST with the mean taken per source, over the sources whose scale the recording tells.
        """
        told = gauge.told & (gauge.scale != 0)
        learned = (evaluate(net.message, self.v, net) - gauge.offset)[:, told] / gauge.scale[told]
        true = np.maximum(self.v[:, told].astype(np.float64), 0)
        value = function_r2(learned, true)
        return {} if value is None else {"message_R2": value}

    def linearise(self, net) -> Linearised:
        """Medians over the states of the derivatives of f, and the mean of what they leave of it."""
        v, msg, held, f = self._states(net)
        by_v, by_msg, by_held = (np.median(part, axis=0) for part in self._slopes(net, v, msg, held))
        return Linearised(-by_v, by_msg, (f - by_v * v - by_msg * msg - by_held * held).mean(axis=0))

    def published(self, net) -> RecoveredParameters:
        """The correction of the publications: f at m = 0 and I = 0, messages over two standard deviations.

        tau is clipped to [0, 1] s there, and no constant of the messages is taken out of V_rest.
        """
        low, high = self.mean - 2 * self.spread, self.mean + 2 * self.spread
        steps = np.linspace(0, 1, GRID)[:, None]
        own = low + (high - low) * steps
        f = evaluate(lambda u: net.update(u, torch.zeros_like(u), torch.zeros_like(u)), own, net)
        f_slope, f_offset = _lines(own, f)
        positive = np.maximum(low, 0)
        seen = positive + (np.maximum(high, positive) - positive) * steps
        scale, _ = _lines(seen, evaluate(net.message, seen, net))
        told = (self.mean + self.spread > 0) & np.isfinite(scale)
        scale = np.where(told, scale, 1.0)
        v, msg, held, _ = self._states(net, _PUBLISHED_STATES)
        gain = np.median(self._slopes(net, v, msg, held)[1], axis=0)
        source, target = self._edges(net)
        with np.errstate(divide="ignore", invalid="ignore"):
            W = np.nan_to_num(-_weights(net) * (gain / f_slope)[target] * scale[source], posinf=0, neginf=0)
            tau, v_rest = np.clip(-1 / f_slope, 0, 1), np.nan_to_num(-f_offset / f_slope, posinf=0, neginf=0)
        gauge = MessageGauge(scale, np.zeros_like(scale), told)
        return self._of_known(RecoveredParameters(W, tau, v_rest, found=f_slope < 0, gauge=gauge))

    def _states(self, net, n_states: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """v, received message, input and f at the recorded states, [state, neuron] each."""
        chosen = slice(None) if n_states is None else np.linspace(0, len(self.v) - 1, n_states).astype(int)
        v = self.v[chosen]
        held = np.zeros_like(v)
        if self.external is not None:
            held[:, self.input_index.numpy()] = self.external[chosen]
        msg = received(evaluate(net.message, v, net), _weights(net), self._edges(net))
        return v, msg, held, evaluate(net.update, v, net, msg, held)

    def _slopes(self, net, v: np.ndarray, msg: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, ...]:
        """Derivatives of f by v, m and I, each [state, neuron]."""
        rows = max(1, _AT_ONCE // v.shape[1])
        parts = []
        for start in range(0, len(v), rows):
            given = [
                torch.from_numpy(values[start : start + rows]).to(net.W.dtype).requires_grad_()
                for values in (v, msg, held)
            ]
            slopes = torch.autograd.grad(net.update(*given).sum(), given, allow_unused=True, materialize_grads=True)
            parts.append([slope.double().numpy() for slope in slopes])
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def _spread(activity: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Standard deviation [neuron] of activity [frame, neuron], some frames at a time."""
    rows = max(1, _STATES_AT_ONCE // activity.shape[1])
    parts = (activity[start : start + rows] - mean for start in range(0, len(activity), rows))
    return np.sqrt(sum((part**2).sum(axis=0) for part in parts) / len(activity))


def evaluate(function: Callable[..., Tensor], values: np.ndarray, net, *others: np.ndarray) -> np.ndarray:
    """A function of the network on values [row, neuron] in float64, a limited number of rows at a time."""
    rows = max(1, _AT_ONCE // values.shape[1])
    found = []
    with torch.no_grad():
        for start in range(0, len(values), rows):
            given = [torch.from_numpy(part[start : start + rows]).to(net.W.dtype) for part in (values, *others)]
            found.append(function(*given).double().numpy())
    return np.concatenate(found)


def received(message: np.ndarray, w: np.ndarray, edge_index: np.ndarray) -> np.ndarray:
    """sum_j w_ij g_j [row, target] of messages [row, source]."""
    from scipy.sparse import csr_array  # half a second of import that only scoring needs

    source, target = edge_index
    n = message.shape[1]
    return message @ csr_array((w, (source, target)), shape=(n, n))


def _weights(net) -> np.ndarray:
    return net.W.detach().double().numpy()


def _lines(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope and intercept [neuron] of y over x in least squares, both [point, neuron]; NaN where x does not vary."""
    centred = x - x.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (centred * y).sum(axis=0) / (centred**2).sum(axis=0)
    return slope, y.mean(axis=0) - slope * x.mean(axis=0)
