"""Keys of the signal family: conf/simulation, conf/model and conf/training.

A fit is an Adam phase, then splines (functions shared by all neurons) or variable projection (functions of their own);
each can be left out.
"""

from dataclasses import dataclass
from typing import Any

from hydra_llm.schema.fields import key
from hydra_llm.schema.training import ResampledTraining


@dataclass
class SignalSimulation:
    """A random rate network and its recording; the arguments of hydra_llm.families.signal.signal_system."""

    _target_: str = "hydra_llm.families.signal.signal_system"

    # ---- network ----
    n_neurons: int = key(100, help="number of neurons", low=2)
    n_neuron_types: int = key(1, help="number of neuron types", low=1)
    neuron_types: list[Any] | None = key(None, help="a row [a, b, g, s, w, h] per type; null: the default rows")
    shuffle_neuron_types: bool = key(
        False, help="whether types are assigned to neurons at random; otherwise in equal blocks"
    )
    gain: float | None = key(None, help="g of every type; null: the values in neuron_types")
    phi: str = key("tanh", help="the nonlinearity of a synapse", choices=("tanh", "relu", "sigmoid"))
    connectivity_type: str = key("chaotic", help="how W is drawn: chaotic is N(0, 1/n), low_rank a product of factors")
    connectivity_rank: int = key(20, help="rank of a low_rank W", low=1)
    connectivity_filling_factor: float = key(
        1.0, help="share of synapses that are present", low=0, high=1, open_low=True
    )
    Dale_law: bool = key(False, help="whether all synapses of a source neuron have one sign")
    Dale_law_factor: float = key(0.5, help="share of excitatory neurons under Dale's law", low=0, high=1)

    # ---- recording ----
    n_frames: int = key(10000, help="recorded frames of the training trajectory", unit="frames", low=2)
    n_frames_validation: int | None = key(None, help="recorded frames; null: min(2000, n_frames)", unit="frames", low=2)
    n_frames_test: int | None = key(None, help="recorded frames; null: min(2000, n_frames)", unit="frames", low=2)
    start_frame: int = key(
        -100, help="burn-in: minus the number of frames before the first recorded one", unit="frames", high=0
    )
    delta_t: float = key(0.01, help="time between recorded frames", unit="tau", low=0, open_low=True)
    substeps: int = key(2, help="integration steps per recorded frame", low=1)
    integrator: str = key("rk4", help="integration method", choices=("euler", "rk4"))
    dtype: str = key("float64", help="precision of simulation, recording and fit", choices=("float32", "float64"))
    seed: int = key("${seed}", help="seed of connectivity, initial states and noise")
    initial_state_scale: float = key(5.0, help="standard deviation of the initial states", low=0)
    noise_model_level: float = key(0.0, help="standard deviation of the process noise", low=0)
    noise_scaling: str = key(
        "per_step",
        help="per_step: the level is added at every frame (as published); sqrt_dt: level * sqrt(dt)",
        choices=("per_step", "sqrt_dt"),
    )
    measurement_noise_level: float = key(0.0, help="standard deviation of the noise on the recorded states", low=0)
    measurement_noise_unit: str = key(
        "relative",
        help="relative: to the standard deviation of the states, pooled over units; absolute: in their units",
        choices=("relative", "absolute"),
    )
    n_hidden_neurons: float = key(
        0.0, help="neurons that are simulated and not recorded: a number, or a share of them between 0 and 1", low=0
    )
    hidden: Any = key(
        "random",
        help="which are hidden: random, or names of neuron types (0, 1, ...), of which n_hidden_neurons=0 hides all",
    )

    # ---- external input ----
    external_input_type: str = key("none", help="what drives the network", choices=("none", "oscillatory", "triggered"))
    external_input_mode: str = key(
        "none", help="how the input enters du/dt", choices=("none", "additive", "multiplicative")
    )
    oscillation_max_amplitude: float = key(1.0, help="largest amplitude of a neuron's oscillation", low=0)
    oscillation_frequency: float = key(5.0, help="frequency of an oscillatory input", unit="cycles / tau", low=0)
    triggered_n_impulses: int = key(5, help="impulses per trajectory", low=1)
    triggered_n_input_neurons: int = key(10, help="neurons that receive an impulse", low=1)
    triggered_impulse_strength: float = key(5.0, help="height of an impulse")
    triggered_min_start_frame: int = key(100, help="no impulse before this frame", unit="frames", low=0)
    triggered_duration_frames: int = key(200, help="length of the decaying oscillation", unit="frames", low=1)
    triggered_amplitude_range: list[float] = key([0.5, 2.0], help="range of the amplitude of that oscillation")
    triggered_frequency_range: list[float] = key(
        [0.5, 2.0], help="range of the frequency of that oscillation", unit="cycles / tau"
    )


@dataclass
class RecordedSimulation:
    """A recording that the user brings; the arguments of hydra_llm.families.signal.recorded.recorded_network."""

    _target_: str = "hydra_llm.families.signal.recorded.recorded_network"

    # ---- the file ----
    path: Any = key(None, help="file of the recording (.npz .npy .csv .tsv .parquet .h5 .zarr .nwb); a list: sessions")
    groups: list[str] | None = key(None, help="of one HDF5 or zarr file, the groups that are a session each")
    activity: str | None = key(
        None,
        help="name of the array or series [frame, unit]; of a table, how columns of units begin; null: as usual",
    )
    time: str | None = key(None, help="name of the times [frame]; null: time, where there is one; none: not used")
    stimulus: str | None = key(
        None, help="name of what each unit receives [frame, unit]; null: stimulus, where there is one; none: not used"
    )
    segment: str | None = key(
        None, help="name of the labels [frame] that change where a stretch begins; null: segment; none: not used"
    )
    axes: str = key("frames_units", help="order of the activity's axes", choices=("frames_units", "units_frames"))
    delta_t: float | None = key(
        None, help="time between frames; null: what the file says", unit="of the recording", low=0, open_low=True
    )

    # ---- what is known beside it ----
    graph_path: str | None = key(
        None,
        help="file of the synapses that may exist, adjacency [target, source] or edge_index [2, edge]; null: any",
    )
    truth_path: str | None = key(
        None, help="file of the true weights [target, source], for the evaluation alone; null: unknown"
    )

    # ---- splits ----
    validation_share: float = key(0.15, help="share of every session, after the training frames", low=0.01, high=0.5)
    test_share: float = key(0.15, help="share of every session, at its end", low=0.01, high=0.5)
    dtype: str = key("float64", help="precision of the fit", choices=("float32", "float64"))


@dataclass
class SignalGNNConfig:
    """The graph network of the signal family; another `_target_` has its own keys."""

    _target_: str = "hydra_llm.families.signal.model.gnn.SignalGNN"

    hidden_dim: int = key(32, help="units per hidden layer of the message and update functions", low=1)
    n_layers: int = key(3, help="linear layers of each function", low=2)
    activation: str = key("tanh", help="activation between the layers", choices=("tanh", "silu", "gelu", "relu"))
    embedding_dim: int = key(0, help="learned dimensions per neuron; 0: one type, functions shared by all", low=0)
    embedding_scale: float = key(0.1, help="standard deviation of the embedding at the start", low=0)
    W_init_scale: float = key(1.0, help="standard deviation of W at the start, times sqrt(n_neurons)", low=0)


@dataclass
class SignalTraining(ResampledTraining):
    """How a signal network is fitted. Coefficients of regularisers act in the Adam phase."""

    seed: int = key("${seed}", help="seed of initialisation, batch order and training noise")

    # ---- Adam ----
    max_steps: int | None = key(
        None, help="Adam steps; null: n_frames * data_augmentation_loop // batch_size * 0.2", low=0
    )
    data_augmentation_loop: int = key(25, help="passes over the frames, counted as in the publications", low=1)
    batch_size: int = key(8, help="frames per step", unit="frames", low=1)
    time_step: int = key(1, help="1: one-step prediction of du/dt; T > 1: rollout of T frames", unit="frames", low=1)
    noise_model_level: float = key(
        0.0, help="standard deviation of the noise added to the network's input states", low=0
    )
    learning_rate_W_start: float = key(2e-3, help="learning rate of W", low=0)
    learning_rate_start: float = key(1e-3, help="learning rate of the message and update functions", low=0)
    learning_rate_embedding_start: float = key(1e-3, help="learning rate of the embedding", low=0)
    W_solve_interval: int = key(
        0, help="steps between two solutions of W by ridge regression; 0: never", unit="steps", low=0
    )
    W_solve_ridge: float = key(
        1e-4, help="ridge of that regression, relative to the mean square message", low=0, open_low=True
    )
    W_solve_frames: int = key(2000, help="frames used in that regression", unit="frames", low=2)

    # ---- regularisers (hydra_llm.families.signal.fitting.regularisers has the formulas) ----
    coeff_W_L1: float = key(0.0, help="penalty: few synapses", low=0)
    coeff_W_L2: float = key(0.0, help="penalty: weak synapses", low=0)
    coeff_W_sign: float = key(0.0, help="penalty: one sign per source neuron", low=0)
    coeff_edge_diff: float = key(0.0, help="penalty: the message rises with the state", low=0)
    coeff_edge_norm: float = key(0.0, help="penalty: the message is 1 at its upper plateau", low=0)
    coeff_edge_weight_L1: float = key(0.0, help="penalty: small weights in the message function", low=0)
    coeff_phi_weight_L1: float = key(0.0, help="penalty: small weights in the update function", low=0)
    coeff_phi_zero: float = key(0.0, help="penalty: a silent neuron stays silent", low=0)

    # ---- splines, for functions that all neurons share ----
    spline_knots: int = key(0, help="splines per function in the last stage of the spline fit; 0: no such fit", low=0)
    spline_frames: int = key(
        1000,
        help="frames used, evenly spaced, at least six per neuron; all where a rest that looks like noise remains",
        unit="frames",
        low=2,
    )

    spline_ridge: float = key(
        1e-8,  # of neurons that move alike (low gain) 1e-5 would forbid the true W
        help="weakest ridge while starts of the spline fit are compared, relative to the mean square message",
        low=0,
        open_low=True,
    )

    # ---- variable projection ----
    projection_iterations: int = key(120, help="L-BFGS iterations per ridge; 0: no projection", low=0)
    projection_starts: int = key(4, help="networks tried, the one from the Adam phase first", low=1)
    projection_screening_iterations: int = key(40, help="iterations for each start that is tried", low=1)
    projection_ridge: list[float] = key([1e-4, 1e-6, 1e-8], help="ridges, lowered step by step")
    projection_frames: int | None = key(2500, help="frames used, evenly spaced; null: all", unit="frames", low=2)
    projection_nodes: int = key(400, help="nodes of the interpolation table per function", low=12)

    # ---- units that were not recorded ----
    latent_inputs: Any = key(
        0, help="inputs that nobody recorded: their number, or auto, as many as held-out entries ask for"
    )

    # ---- evaluation ----
    rollout_frames: int = key(1000, help="length of the rollouts that are scored", unit="frames", low=2)
    regress_again: bool = key(
        True, help="whether W of a recording is regressed on changed recordings too, for two checks of trust.md"
    )
