"""From flat published keys to a SignalSystem: the target of conf/simulation/signal_*.yaml."""

from collections.abc import Callable, Sequence
from typing import Any

from hydra_llm.choice import check_choice
from hydra_llm.families.signal.config import SignalSimulation
from hydra_llm.families.signal.system.connectivity import (
    Connectivity,
    Dale,
    Gaussian,
    Lorentz,
    LowRank,
    Null,
    RingAttractor,
    Sparse,
    Successor,
    Uniform,
    ZeroDiagonal,
)
from hydra_llm.families.signal.system.external_input import ExternalInput, Oscillatory, Triggered
from hydra_llm.families.signal.system.neuron_types import neuron_types
from hydra_llm.families.signal.system.system import SignalSystem
from hydra_llm.schema.fields import config_of

_PLAIN: dict[str, Connectivity] = {
    "chaotic": Gaussian(),
    "gaussian": Gaussian(),
    "lorentz": Lorentz(),
    "ring_attractor": RingAttractor(),
    "successor": Successor(),
    "uniform": Uniform(),
    "null": Null(),
}
CONNECTIVITY_TYPES = (*_PLAIN, "low_rank")


def signal_system(**keys: Any) -> SignalSystem:
    """The rate network that the keys of SignalSimulation describe.

    Raises ValueError with a sentence for an unknown key, and for every value that describes no network.
    """
    return build(config_of(SignalSimulation, keys))


def build(config: SignalSimulation) -> SignalSystem:
    return SignalSystem(
        config,
        connectivity=_connectivity(config),
        types=neuron_types(config.n_neuron_types, config.neuron_types, config.gain),
        external=_external_input(config),
    )


def _connectivity(config: SignalSimulation) -> Connectivity:
    """The sampler: base, then Dale's law, then sparsity, then no self-connections."""
    kind, rank, n_neurons = config.connectivity_type, config.connectivity_rank, config.n_neurons
    if kind == "low_rank":
        if rank > n_neurons:
            raise ValueError(f"connectivity_rank must be at most n_neurons ({n_neurons}), got {rank}.")
        base: Connectivity = LowRank(rank)
    elif kind in _PLAIN:
        base = _PLAIN[kind]
    else:
        raise ValueError(f"connectivity_type must be one of {', '.join(CONNECTIVITY_TYPES)}, got {kind!r}.")
    if config.Dale_law:
        base = Dale(base, config.Dale_law_factor)
    if config.connectivity_filling_factor != 1:
        base = Sparse(base, config.connectivity_filling_factor)
    return ZeroDiagonal(base)


def _external_input(config: SignalSimulation) -> ExternalInput | None:
    kinds: dict[str, Callable[[], ExternalInput | None]] = {
        "none": lambda: None,
        "oscillatory": lambda: Oscillatory(config.oscillation_max_amplitude, config.oscillation_frequency),
        "triggered": lambda: Triggered(
            n_impulses=config.triggered_n_impulses,
            n_input_neurons=config.triggered_n_input_neurons,
            strength=config.triggered_impulse_strength,
            first_frame=config.triggered_min_start_frame,
            duration=config.triggered_duration_frames,
            amplitude_range=_pair("triggered_amplitude_range", config.triggered_amplitude_range),
            frequency_range=_pair("triggered_frequency_range", config.triggered_frequency_range),
        ),
    }
    kind = config.external_input_type
    check_choice("external_input_type", kind, kinds)
    return kinds[kind]()


def _pair(name: str, bounds: Sequence[float]) -> tuple[float, float]:
    if len(bounds) != 2 or bounds[0] > bounds[1]:
        raise ValueError(f"{name} must be two values, the smaller one first, got {list(bounds)}.")
    return float(bounds[0]), float(bounds[1])
