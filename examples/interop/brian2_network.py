"""Records a rate network with brian2, whose equations are text.

    pip install 'hydra-llm[interop]'
    python examples/interop/brian2_network.py activity.nwb
    python examples/interop/brian2_network.py activity.nwb --units 200 --frames 30000 --measurement-noise 0.1 --seed 1

xi is white noise of brian2, of which sqrt(dt) times a standard normal number enters per step; Euler-Maruyama.
"""

import numpy as np
from rate_network import RateNetwork, record

EQUATIONS = """
du/dt = (-u + received) / tau + {noise} : 1
received : 1
"""
OWN_NOISE = "sigma * xi / sqrt(tau)"
GIVEN_NOISE = "kick(t, i) / dt"
SYNAPSES = """
w : 1
received_post = w * tanh(u_pre) : 1 (summed)
"""


def simulate(network: RateNetwork, W: np.ndarray, kicks: np.ndarray | None = None) -> np.ndarray:
    """States [frame, unit] under weights W [target, source].

    kicks [step, unit]: what noise adds to a state in each step from the start of the burn-in on; None: brian2 draws it.
    """
    try:
        import brian2 as b2
    except ImportError:
        raise SystemExit("This script needs brian2: pip install brian2, or 'hydra-llm[interop]'.") from None
    b2.prefs.codegen.target = "numpy"  # needs no compiler
    b2.seed(network.seed)
    b2.start_scope()
    clock = b2.Clock(dt=network.step * b2.second)
    names = {"tau": network.tau * b2.second, "sigma": network.sigma}
    if kicks is not None:
        names["kick"] = b2.TimedArray(kicks, dt=network.step * b2.second)
    equations = EQUATIONS.format(noise=OWN_NOISE if kicks is None else GIVEN_NOISE)
    units = b2.NeuronGroup(network.units, equations, method="euler", namespace=names, clock=clock)
    units.u = network.initial_state()
    synapses = b2.Synapses(units, units, SYNAPSES, clock=clock)
    targets, sources = np.nonzero(W)
    synapses.connect(i=sources, j=targets)
    synapses.w = W[targets, sources]
    run = b2.Network(units, synapses)
    run.run(network.burn_in * network.delta_t * b2.second)
    meter = b2.StateMonitor(units, "u", record=True, dt=network.delta_t * b2.second)
    run.add(meter)
    run.run(network.frames * network.delta_t * b2.second)
    return np.array(meter.u).T[: network.frames]


if __name__ == "__main__":
    record("brian2", simulate)
