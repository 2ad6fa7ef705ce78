"""From flat published keys to a SignalSystem: the target of conf/simulation/signal_*.yaml."""

from collections.abc import Sequence
from typing import Any

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
from hydra_llm.families.signal.system.neuron_types import neuron_types as types_from
from hydra_llm.families.signal.system.system import SignalSystem
from hydra_llm.systems.integrators import integrator as integrator_named
from hydra_llm.systems.noise import ProcessNoise
from hydra_llm.systems.recording import plain, split_lengths

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
EXTERNAL_INPUT_TYPES = ("none", "oscillatory", "triggered")


def signal_system(
    *,
    n_neurons: int,
    n_neuron_types: int,
    neuron_types: Sequence[Sequence[float]] | None,
    shuffle_neuron_types: bool,
    gain: float | None,
    phi: str,
    connectivity_type: str,
    connectivity_rank: int,
    connectivity_filling_factor: float,
    Dale_law: bool,
    Dale_law_factor: float,
    n_frames: int,
    n_frames_validation: int | None,
    n_frames_test: int | None,
    start_frame: int,
    delta_t: float,
    substeps: int,
    integrator: str,
    dtype: str,
    seed: int,
    initial_state_scale: float,
    noise_model_level: float,
    noise_scaling: str,
    measurement_noise_level: float,
    external_input_type: str,
    external_input_mode: str,
    oscillation_max_amplitude: float,
    oscillation_frequency: float,
    triggered_n_impulses: int,
    triggered_n_input_neurons: int,
    triggered_impulse_strength: float,
    triggered_min_start_frame: int,
    triggered_duration_frames: int,
    triggered_amplitude_range: Sequence[float],
    triggered_frequency_range: Sequence[float],
) -> SignalSystem:
    """Build the rate network that the keys describe.

    neuron_types: rows [a, b, g, s, w, h], or None for the first n_neuron_types default rows; gain replaces g in all.
    n_frames_validation, n_frames_test: None takes min(2000, n_frames).
    start_frame: 0 or negative; so many frames are integrated before the first recorded one.
    Raises ValueError with a sentence for every value that describes no network.
    """
    keys = {name: plain(value) for name, value in locals().items()}
    return SignalSystem(
        keys=keys,
        seed=seed,
        n_units=n_neurons,
        connectivity=_connectivity(
            connectivity_type,
            n_neurons,
            connectivity_rank,
            connectivity_filling_factor,
            Dale_law_factor if Dale_law else None,
        ),
        types=types_from(n_neuron_types, neuron_types, gain),
        shuffle_types=shuffle_neuron_types,
        phi=phi,
        external=_external_input(
            external_input_type,
            Oscillatory(oscillation_max_amplitude, oscillation_frequency),
            lambda: Triggered(
                n_impulses=triggered_n_impulses,
                n_input_neurons=triggered_n_input_neurons,
                strength=triggered_impulse_strength,
                first_frame=triggered_min_start_frame,
                duration=triggered_duration_frames,
                amplitude_range=_pair("triggered_amplitude_range", triggered_amplitude_range),
                frequency_range=_pair("triggered_frequency_range", triggered_frequency_range),
            ),
        ),
        external_mode=external_input_mode,
        noise=ProcessNoise(noise_model_level, noise_scaling),
        measurement_noise_level=measurement_noise_level,
        initial_state_scale=initial_state_scale,
        integrator=integrator_named(integrator),
        delta_t=delta_t,
        substeps=substeps,
        burn_in=-start_frame,
        n_frames=split_lengths(n_frames, n_frames_validation, n_frames_test),
        dtype=dtype,
    )


def _connectivity(
    kind: str, n_neurons: int, rank: int, filling_factor: float, excitatory_share: float | None
) -> Connectivity:
    """The sampler: base, then Dale's law, then sparsity, then no self-connections."""
    if kind == "low_rank":
        if rank > n_neurons:
            raise ValueError(
                f"connectivity_rank={rank} exceeds the number of neurons ({n_neurons}). Choose rank <= {n_neurons}."
            )
        base: Connectivity = LowRank(rank)
    elif kind in _PLAIN:
        base = _PLAIN[kind]
    else:
        raise ValueError(f"connectivity_type={kind!r} is unknown. Choose one of: {', '.join(CONNECTIVITY_TYPES)}.")
    if excitatory_share is not None:
        base = Dale(base, excitatory_share)
    if filling_factor != 1:
        base = Sparse(base, filling_factor)
    return ZeroDiagonal(base)


def _external_input(kind: str, oscillatory: Oscillatory, triggered: Any) -> ExternalInput | None:
    if kind not in EXTERNAL_INPUT_TYPES:
        raise ValueError(f"external_input_type={kind!r} is unknown. Choose one of: {', '.join(EXTERNAL_INPUT_TYPES)}.")
    return {"none": None, "oscillatory": oscillatory, "triggered": triggered() if kind == "triggered" else None}[kind]


def _pair(name: str, bounds: Sequence[float]) -> tuple[float, float]:
    if len(bounds) != 2 or bounds[0] > bounds[1]:
        raise ValueError(f"{name}={list(bounds)} is no range. Give two values, the smaller one first.")
    return float(bounds[0]), float(bounds[1])
