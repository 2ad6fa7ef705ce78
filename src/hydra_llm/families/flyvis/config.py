"""Keys of the fly visual system: conf/simulation, conf/model and conf/training."""

from dataclasses import dataclass
from typing import Any

from hydra_llm.schema.fields import key
from hydra_llm.schema.training import ResampledTraining


@dataclass
class FlyvisSimulation:
    """The fly's visual system and its recording; the arguments of hydra_llm.families.flyvis.flyvis_system."""

    _target_: str = "hydra_llm.families.flyvis.flyvis_system"

    # ---- network ----
    extent: int = key(2, help="radius of the eye; 2: 1,203 neurons, 8: 13,741, 15: 45,669", unit="columns", low=1)
    connectome: str | None = key(
        None, help="path of fib25-fib19_v2.2.json; null: from an installed flyvis, otherwise downloaded once with pip"
    )
    parameters: str = key(
        "varied",
        help="varied: drawn per type; high_bias: the same, few voltages below zero; default: flyvis before training; "
        "flow/0000/000 and the like: a published network that flyvis downloaded; otherwise the path of a trained one",
    )
    tau_mode: str = key(
        "unclamped",
        help="clamped: tau is at least delta_t, as in flyvis",
        choices=("unclamped", "clamped"),
    )
    ablation_ratio: float = key(0.0, help="share of synapses that are set to zero before the simulation", low=0, high=1)

    # ---- recording ----
    n_frames: int = key(8000, help="recorded frames of all training sequences together", unit="frames", low=2)
    n_frames_validation: int | None = key(None, help="recorded frames; null: min(2000, n_frames)", unit="frames", low=2)
    n_frames_test: int | None = key(None, help="recorded frames; null: min(2000, n_frames)", unit="frames", low=2)
    delta_t: float = key(0.02, help="time between recorded frames", unit="s", low=0, open_low=True)
    substeps: int | None = key(
        None, help="integration steps per recorded frame; null: steps of at most 2.5 ms (euler: 10 ms)", low=1
    )
    integrator: str = key("rk4", help="integration method", choices=("euler", "rk4"))
    dtype: str = key("float32", help="precision of simulation, recording and fit", choices=("float32", "float64"))
    device: str = key("auto", help="where the network is integrated", choices=("auto", "cpu", "cuda"))
    seed: int = key("${seed}", help="seed of stimulus, initial states, noise and untrained parameters")
    noise_model_level: float = key(0.05, help="standard deviation of the process noise", low=0)
    noise_scaling: str = key(
        "per_step",
        help="per_step: the level is added at every frame (as published); sqrt_dt: level * sqrt(dt)",
        choices=("per_step", "sqrt_dt"),
    )
    measurement_noise_level: float = key(0.0, help="standard deviation of the noise on the recorded voltages", low=0)
    measurement_noise_unit: str = key(
        "relative",
        help="relative: to the standard deviation of the voltages, pooled over units; absolute: in their units",
        choices=("relative", "absolute"),
    )
    n_hidden_neurons: float = key(
        0.0, help="neurons that are simulated and not recorded: a number, or a share of them between 0 and 1", low=0
    )
    hidden: Any = key(
        "random",
        help="which are hidden: random, or names of cell types, of which n_hidden_neurons=0 hides all",
    )

    # ---- visual input ----
    visual_input_type: str = key(
        "scenes",
        help="what the eye is shown; DAVIS and folder are filmed, the others computed",
        choices=("DAVIS", "scenes", "optical_flow", "flashes", "noise", "folder"),
    )
    sequence_duration: float = key(
        4.0,
        help="duration of a computed sequence, or of a view that wanders over a photograph",
        unit="s",
        low=0,
        open_low=True,
    )
    davis_root: str | None = key(
        None,
        help="folder that contains JPEGImages/480p; null: the variable DAVIS_ROOT, otherwise downloaded once (0.8 GB)",
    )
    stimulus_folder: str | None = key(
        None, help="visual_input_type folder: photographs, or one folder of frames per video"
    )
    video_fps: float = key(24.0, help="frame rate of the videos in stimulus_folder", unit="1 / s", low=0, open_low=True)
    video_least_frames: int = key(50, help="shorter videos are left out", unit="film frames", low=2)
    video_most_frames: int | None = key(
        80, help="longer videos are cut to this length; null: never", unit="film frames", low=2
    )
    pixels_per_column: int = key(
        13, help="pixels of a film or photograph per column; more give the eye a wider view", unit="px", low=1
    )
    vertical_splits: int = key(1, help="windows side by side in every video", low=1)
    flip_axes: list[int] = key([0, 1], help="reflections of every video across an axis of the lattice; 0: none")
    n_rotations: list[int] = key([0, 1, 2, 3, 4, 5], help="rotations of every video, in units of 60 degrees")

    # ---- the graph that a model observes ----
    n_extra_null_edges: int = key(
        0, help="pairs without a synapse that are added to the edges given to the model", low=0
    )
    null_edges_mode: str = key(
        "per_column", help="per_column: the same number per source neuron", choices=("per_column", "random")
    )
    edge_removal_ratio: float = key(0.0, help="share of the true edges that are hidden from the model", low=0, high=1)
    edge_removal_mode: str = key(
        "random",
        help="per_column: from every source neuron, always leaving it one edge",
        choices=("per_column", "random"),
    )


@dataclass
class FlyvisGNNConfig:
    """The graph network of the fly visual system (hydra_llm.families.flyvis.model.gnn).

    message_form, update_form and W_init are words, or nodes with the _target_ of a part of the user's own; another
    `_target_` of the whole node brings keys of its own.
    """

    _target_: str = "hydra_llm.families.flyvis.model.build.flyvis_gnn"
    _recursive_: bool = key(False, help="false: nodes with a _target_ below this one are built with the network")

    hidden_dim: int = key(80, help="units per hidden layer of the message and update functions", low=1)
    n_layers: int = key(3, help="linear layers of each function", low=2)
    activation: str = key("relu", help="activation between the layers", choices=("tanh", "silu", "gelu", "relu"))
    message_form: Any = key(
        "linear",
        help="what a neuron sends: linear, g = lin_edge; square, g = lin_edge^2 as published; relu, known",
        choices=("linear", "square", "relu"),
    )
    update_form: Any = key(
        "relaxation",
        help="dv/dt: relaxation, (-v + msg + I + v_rest) / tau per neuron; generic, lin_phi(v, a, msg, I) as published",
        choices=("relaxation", "generic"),
    )
    embedding_dim: int = key(0, help="learned dimensions per neuron", low=0)
    embedding_scale: float = key(0.1, help="standard deviation of the embedding at the start", low=0)
    embedding_center: float = key(0.0, help="mean of the embedding at the start; published: 1, with scale 0")
    edge_embedding: bool = key(False, help="whether the message function sees the embedding of its source")
    W_init: Any = key(
        "randn_scaled",
        help="W at the start: randn_scaled, N(0, W_init_scale^2 / n_edges); randn, N(0, W_init_scale^2); zeros",
        choices=("randn_scaled", "randn", "zeros"),
    )
    W_init_scale: float = key(1.0, help="scale of W at the start", low=0)
    implicit_stimulus: bool = key(
        False, help="whether the stimulus is learned as a function of place and time instead of given"
    )
    stimulus_hidden_dim: int = key(128, help="units per hidden layer of the stimulus", low=1)
    stimulus_n_layers: int = key(4, help="linear layers of the stimulus", low=2)
    stimulus_omega: float = key(
        1500.0,
        help="highest frequency of the first layer of the stimulus, over half the recording",
        unit="rad",
        low=0,
        open_low=True,
    )
    initial_rate: float = key(20.0, help="1 / tau of all neurons at the start", unit="1/s", low=0, open_low=True)


@dataclass
class FlyvisTraining(ResampledTraining):
    """How a flyvis network is fitted: Adam, variable projection, then a closed-form solution; each can be left out.

    Defaults of published keys are those of the published training landscape.
    """

    seed: int = key("${seed}", help="seed of initialisation, batch order and training noise")

    # ---- Adam ----
    n_epochs: int = key(1, help="epochs of the Adam phase", low=1)
    max_steps: int | None = key(
        None,
        help="Adam steps of all epochs; null: n_epochs times n_frames * data_augmentation_loop // batch_size * 0.2",
        low=0,
    )
    data_augmentation_loop: int = key(25, help="passes over the frames, counted as in the publications", low=1)
    batch_size: int = key(1, help="frames per step", unit="frames", low=1)
    time_step: int = key(1, help="1: one-step prediction of dv/dt; T > 1: rollout of T frames", unit="frames", low=1)
    noise_model_level: float = key(
        0.05, help="standard deviation of the noise added to the network's input states", low=0
    )
    learning_rate_W_start: float = key(1e-3, help="learning rate of W", low=0)
    learning_rate_start: float = key(
        5e-4, help="learning rate of the message and update functions, tau and v_rest", low=0
    )
    learning_rate_embedding_start: float = key(1e-3, help="learning rate of the embedding", low=0)

    learning_rate_stimulus: float = key(1e-3, help="learning rate of a learned stimulus", low=0)

    # ---- alternating between W-phases and V_rest-phases ----
    alternate_training: bool = key(False, help="whether W and V_rest are trained in turns")
    n_alternations: int = key(4, help="W/V_rest cycles per epoch", low=1)
    alternate_vrest_ratio: float = key(0.5, help="share of each cycle spent in the V_rest-phase", low=0, high=1)
    alternate_lr_W: float = key(6e-7, help="learning rate of W in V_rest-phases", low=0)
    alternate_lr_edge: float = key(1.2e-6, help="learning rate of the message function in V_rest-phases", low=0)
    alternate_lr_update: float = key(1.2e-6, help="learning rate of the update function in W-phases", low=0)
    alternate_lr_embedding: float = key(1.55e-6, help="learning rate of the embedding in W-phases", low=0)
    alternate_lr_unit: str = key(
        "absolute",
        help="alternate_lr_*: absolute learning rates, or ratios to the active ones",
        choices=("absolute", "ratio"),
    )

    # ---- regularisers of the Adam phase (hydra_llm.families.flyvis.fitting.regularisers has the formulas) ----
    regul_annealing_rate: float = key(
        0.0, help="annealing rate of the penalties on W and weights, per epoch; 0: full strength at once", low=0
    )
    coeff_W_L1: float = key(5e-5, help="penalty: few synapses", low=0)
    coeff_W_L2: float = key(0.0, help="penalty: weak synapses", low=0)
    coeff_W_sign: float = key(0.0, help="penalty: one sign per source neuron", low=0)
    coeff_edge_diff: float = key(500.0, help="penalty: the message rises with the state", low=0)
    coeff_edge_norm: float = key(1.0, help="penalty: the message at 2 x is 2 x, with x = 1.5 sd of the activity", low=0)
    coeff_edge_zero: float = key(0.0, help="penalty: a silent neuron sends nothing", low=0)
    coeff_edge_weight_L1: float = key(0.0, help="penalty: small parameters in the message function", low=0)
    coeff_edge_weight_L2: float = key(0.0, help="penalty: small parameters in the message function", low=0)
    coeff_phi_weight_L1: float = key(0.0, help="penalty: small parameters in the update function", low=0)
    coeff_phi_weight_L2: float = key(0.0, help="penalty: small parameters in the update function", low=0)
    coeff_phi_zero: float = key(0.0, help="penalty: the update is zero at v = 0, msg = 1, I = 1", low=0)
    coeff_update_diff: float = key(0.0, help="penalty: the update rises with the message of one source", low=0)
    coeff_update_msg_diff: float = key(0.0, help="penalty: the update rises with the received message", low=0)
    coeff_update_msg_sign: float = key(0.0, help="penalty: the update at v = 0 has the sign of the message", low=0)
    coeff_update_linearity: float = key(0.0, help="penalty: the update is linear in v; after a warm-up", low=0)
    coeff_update_centering: float = key(
        0.0, help="penalty: the update is zero at the mean state; after a warm-up", low=0
    )

    # ---- variable projection ----
    projection_iterations: int = key(0, help="L-BFGS iterations per ridge; 0: no projection", low=0)
    projection_starts: int = key(1, help="message functions tried, the one from the Adam phase first", low=1)
    projection_screening_iterations: int = key(10, help="iterations for each start that is tried", low=1)
    projection_ridge: list[float] = key([1e-3, 1e-5], help="ridges, lowered step by step")
    projection_frames: int | None = key(
        800,
        help="frames used, evenly spaced, in rounds up to five times as many under noise; null: all",
        unit="frames",
        low=2,
    )
    projection_nodes: int = key(300, help="nodes of the interpolation table per message function", low=4)

    # ---- closed form of W, tau and v_rest ----
    closed_form: bool = key(
        False, help="whether the fit ends with a closed-form solution for all but the message function"
    )
    closed_form_interval: int = key(
        0, help="Adam steps between two closed-form solutions; 0: only at the end", unit="steps", low=0
    )
    closed_form_frames: int | None = key(None, help="frames used, evenly spaced; null: all", unit="frames", low=2)
    closed_form_ridge: str = key(
        "pooled",
        help="how neurons are shrunk: pooled, to those that are wired alike; or to zero: evidence, validation, fixed",
        choices=("pooled", "evidence", "validation", "fixed"),
    )
    closed_form_strength: float = key(
        1e-4, help="the fixed ridge, relative to the mean square message", low=0, open_low=True
    )

    # ---- prediction errors, with target=flow ----
    flow_rounds: int = key(
        0,
        help="rounds of predicting every frame from those before it and fitting what is left; 0: refined targets",
        low=0,
    )
    flow_substeps: int | None = key(
        None, help="Euler steps per frame, if a simulator is known to have taken them; null: the exact flow", low=1
    )

    # ---- neurons that were not recorded ----
    hidden_activity: str = key(
        "auto",
        help="what hidden neurons send: reconstructed, by the law of neurons wired alike; silenced, nothing; auto: "
        "reconstructed where prediction errors are fitted",
        choices=("auto", "reconstructed", "silenced"),
    )

    # ---- synapses that the wiring diagram lacks ----
    missing_synapses: str = key(
        "auto",
        help="what most neurons wired alike have and the wiring diagram lacks: auto, fitted beside the known synapses "
        "where regressions are pooled; ignored",
        choices=("auto", "ignored"),
    )

    # ---- evaluation ----
    rollout_frames: int = key(1000, help="length of the rollouts that are scored", unit="frames", low=2)
