"""Records a rate network with NEST, the simulator of the NEST Initiative.

    pip install 'hydra-llm[interop]'
    python examples/interop/nest_network.py activity.nwb
    python examples/interop/nest_network.py activity.nwb --units 200 --frames 30000 --measurement-noise 0.1 --seed 1

The units are NEST's own rate neurons, tau dX = (-X + sum_j w_j tanh(X_j)) dt + sqrt(tau) sigma dB: `tanh_rate_ipn`
with linear_summation=False, which applies tanh to every input and not to their sum (Hahne et al. 2017,
doi:10.3389/fninf.2017.00034). NEST integrates the leak and the noise exactly; what a unit receives is held over a step.
"""

import os

import numpy as np
from rate_network import RateNetwork, record

MODELS = ("tanh_rate_ipn", "tanh_ipn")  # NEST 3.10 and its predecessors
MS = 1000.0  # NEST counts in milliseconds
TIC = 0.001  # ms, the unit of its clock


def step_in_ms(network: RateNetwork) -> float:
    """Of the simulation. Ends the program where NEST cannot count it."""
    tics = round(network.step * MS / TIC)
    if not tics or abs(network.step * MS / TIC - tics) > 1e-6:
        raise SystemExit(
            f"A step of NEST must be a multiple of {TIC} ms, got {network.step * MS:g} ms, which is --delta-t over "
            "--substeps. Choose others."
        )
    return tics * TIC


def simulate(network: RateNetwork, W: np.ndarray) -> np.ndarray:
    """States [frame, unit] under weights W [target, source]."""
    nest = _nest()
    nest.ResetKernel()
    nest.resolution = step_in_ms(network)
    nest.use_wfr = False  # relaxing the inputs within a step costs four times as much as shorter steps do
    nest.rng_seed = network.seed + 1  # NEST takes no 0
    model = next((name for name in MODELS if name in nest.node_models), None)
    if model is None:
        raise SystemExit(f"This NEST has none of the models {', '.join(MODELS)}. Install nest-simulator 3.10.")
    keys = {"tau": network.tau * MS, "lambda": 1.0, "mu": 0.0, "sigma": network.sigma}
    units = nest.Create(model, network.units, params={**keys, "g": 1.0, "theta": 0.0, "linear_summation": False})
    units.rate = network.initial_state()
    nest.Connect(units, units, "all_to_all", {"synapse_model": "rate_connection_instantaneous", "weight": W})
    start = network.burn_in * network.delta_t * MS
    meter = nest.Create(
        "multimeter", params={"record_from": ["rate"], "interval": network.delta_t * MS, "start": start}
    )
    nest.Connect(meter, units)
    nest.Simulate((network.burn_in + network.frames + 1) * network.delta_t * MS)
    events = meter.get("events")
    order = np.lexsort((events["senders"], events["times"]))
    return events["rate"][order].reshape(-1, network.units)[: network.frames]


def _nest():
    os.environ.setdefault("PYNEST_QUIET", "1")
    try:
        import nest
    except ImportError:
        raise SystemExit("This script needs NEST: pip install nest-simulator, or 'hydra-llm[interop]'.") from None
    nest.verbosity = nest.VerbosityLevel.ERROR
    return nest


if __name__ == "__main__":
    record("NEST", simulate)
