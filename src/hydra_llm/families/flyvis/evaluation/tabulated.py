"""The law of a fitted network, asked at millions of states: its messages are read off a table."""

from collections.abc import Callable

import numpy as np
from torch import Tensor

from hydra_llm.families.flyvis.fitting.message_table import messages_of
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN

Law = Callable[[Tensor, Tensor | None], Tensor]  # dv/dt [state, neuron] of v [state, neuron] and an input


def tabulated(net, activity: np.ndarray) -> Law:
    """The network itself where it has no single curve for all neurons; otherwise its law with a table of that curve,
    exact to 1e-4 of it on the voltages [frame, neuron] of a recording. Beyond these the network is asked.
    """
    if not isinstance(net, FlyvisGNN) or net.edge_embedding or net.message_is_known:
        return net
    low, high = float(activity.min()), float(activity.max())
    message = messages_of(net, (low, high))

    def law(v: Tensor, external: Tensor | None) -> Tensor:
        least, most = v.aminmax()
        if not (low <= float(least) and float(most) <= high):  # NaN included
            return net(v, external)
        received = net.graph(net.W, message(v.T).T)
        return net.update(v, received, net.spread_input(v, external))

    return law
