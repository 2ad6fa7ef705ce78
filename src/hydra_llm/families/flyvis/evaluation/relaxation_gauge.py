"""From a learned network to the parameters of its law: tau dv/dt = -v + sum_j W_ij relu(v_j) + I + V_rest.

The network predicts dv_i/dt = f_i(v_i, m_i, I_i) with m_i = sum_j w_ij g_j(v_j), and three gauges leave the prediction
as it is: the scale of g_j, the scale of m_i, and a constant in g_j. They are fixed by
* g_j = c_j relu + d_j in least squares over the recorded range of neuron j,
* rates at recorded states: a_i = -df/dv, b_i = df/dm, and the intercept f_i + a_i v_i - b_i m_i - (df/dI) I_i.
Then tau_i = 1/a_i, W_ij = w_ij c_j b_i / a_i, and V_i = (intercept_i + b_i sum_j w_ij d_j) / a_i.
A message that vanishes for v <= 0 has d = 0: it is this choice that makes V_rest comparable.
"""

from dataclasses import dataclass

import numpy as np

from hydra_llm.metrics.gauge import source_scale


@dataclass(frozen=True)
class Linearised:
    """A learned network at recorded states, one value per neuron."""

    rate: np.ndarray  # -df/dv
    message_gain: np.ndarray  # df/dm
    intercept: np.ndarray  # f without what v, m and I explain


@dataclass(frozen=True)
class MessageGauge:
    """g_j = scale_j relu + offset_j; told: whether the recording moves the message of j. All [source]."""

    scale: np.ndarray
    offset: np.ndarray
    told: np.ndarray


@dataclass(frozen=True)
class RecoveredParameters:
    """W [edge], tau and v_rest [neuron], and the gauge that was taken out of them.

    found [neuron]: whether f falls with v, so that there is a time constant.
    """

    W: np.ndarray
    tau: np.ndarray
    v_rest: np.ndarray
    found: np.ndarray
    gauge: MessageGauge


def message_gauge(learned: np.ndarray, true: np.ndarray) -> MessageGauge:
    """learned = scale true + offset in least squares, both [point, source] on the same states.

    A source that is hardly ever above 0 sends a constant, the offset: its scale is set to the median of the others.
    """
    found = source_scale(learned, true)
    told = np.isfinite(found)
    scale = np.where(told, found, np.median(found[told]) if told.any() else 1.0)
    return MessageGauge(scale, (learned - scale * true).mean(axis=0), told)


def to_physical_parameters(
    w: np.ndarray, edge_index: np.ndarray, linearised: Linearised, gauge: MessageGauge
) -> RecoveredParameters:
    """The parameters of the law. w [edge]; edge_index [2, edge] (source, target).

    A neuron whose rate is not positive has no time constant and is given the median of the others.
    """
    source, target = edge_index
    found = np.isfinite(linearised.rate) & (linearised.rate > 0)
    rate = np.where(found, linearised.rate, np.median(linearised.rate[found]) if found.any() else 1.0)
    gain = linearised.message_gain / rate
    constant = np.bincount(target, w * gauge.offset[source], minlength=len(rate))
    return RecoveredParameters(
        W=w * gauge.scale[source] * gain[target],
        tau=1 / rate,
        v_rest=linearised.intercept / rate + gain * constant,
        found=found,
        gauge=gauge,
    )
