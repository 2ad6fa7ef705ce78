"""conf/simulation: keys of the rate networks."""

from dataclasses import dataclass
from typing import Any

from hydra_llm.schema.fields import key


@dataclass
class SignalSimulation:
    """A random rate network and its recording; the arguments of hydra_llm.systems.signal.signal_system."""

    _target_: str = "hydra_llm.systems.signal.signal_system"

    # ---- network ----
    n_neurons: int = key(100, help="number of neurons", low=2)
    n_neuron_types: int = key(1, help="number of neuron types", low=1)
    neuron_types: list[Any] | None = key(None, help="rows [a, b, g, s, w, h], one per type; null: the default rows")
    shuffle_neuron_types: bool = key(False, help="whether types are scattered over the neurons, else equal blocks")
    gain: float | None = key(None, help="g of every type; null: as the type rows say")
    phi: str = key("tanh", help="the nonlinearity of a synapse", choices=("tanh", "relu", "sigmoid"))
    connectivity_type: str = key("chaotic", help="how W is drawn: chaotic is N(0, 1/n), low_rank a product of factors")
    connectivity_rank: int = key(20, help="rank of a low_rank W", low=1)
    connectivity_filling_factor: float = key(1.0, help="share of synapses that exist", low=0, high=1, open_low=True)
    Dale_law: bool = key(False, help="whether every source neuron has synapses of one sign")
    Dale_law_factor: float = key(0.5, help="share of excitatory neurons under Dale's law", low=0, high=1)

    # ---- recording ----
    n_frames: int = key(10000, help="recorded frames of the training trajectory", unit="frames", low=2)
    n_frames_validation: int | None = key(None, help="null: min(2000, n_frames)", unit="frames", low=2)
    n_frames_test: int | None = key(None, help="null: min(2000, n_frames)", unit="frames", low=2)
    start_frame: int = key(-100, help="burn-in: minus the frames before the first recorded one", unit="frames", high=0)
    delta_t: float = key(0.01, help="time between recorded frames", unit="tau", low=0, open_low=True)
    substeps: int = key(1, help="integration steps per recorded frame", low=1)
    integrator: str = key("euler", help="integration method", choices=("euler", "rk4"))
    dtype: str = key("float64", help="precision of simulation, recording and fit", choices=("float32", "float64"))
    seed: int = key("${seed}", help="of connectivity, initial states and noise")
    initial_state_scale: float = key(5.0, help="standard deviation of the initial states", low=0)
    noise_model_level: float = key(0.0, help="standard deviation of the process noise", low=0)
    noise_scaling: str = key(
        "per_step",
        help="per_step: the level is added at every frame (as published); sqrt_dt: level * sqrt(dt)",
        choices=("per_step", "sqrt_dt"),
    )
    measurement_noise_level: float = key(0.0, help="standard deviation added to the recorded states", low=0)

    # ---- external input ----
    external_input_type: str = key("none", help="what drives the network", choices=("none", "oscillatory", "triggered"))
    external_input_mode: str = key(
        "none", help="how the input enters du/dt", choices=("none", "additive", "multiplicative")
    )
    oscillation_max_amplitude: float = key(1.0, help="largest amplitude of a neuron's oscillation", low=0)
    oscillation_frequency: float = key(5.0, help="of an oscillatory input", unit="cycles / tau", low=0)
    triggered_n_impulses: int = key(5, help="impulses per trajectory", low=1)
    triggered_n_input_neurons: int = key(10, help="neurons that receive an impulse", low=1)
    triggered_impulse_strength: float = key(5.0, help="height of an impulse")
    triggered_min_start_frame: int = key(100, help="no impulse before this frame", unit="frames", low=0)
    triggered_duration_frames: int = key(200, help="length of the decaying oscillation", unit="frames", low=1)
    triggered_amplitude_range: list[float] = key([0.5, 2.0], help="range of its amplitude")
    triggered_frequency_range: list[float] = key([0.5, 2.0], help="range of its frequency", unit="cycles / tau")
