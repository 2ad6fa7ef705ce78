"""Keys of the metabolism family: conf/simulation, conf/model, conf/training and conf/training/strategy."""

from dataclasses import dataclass, field
from typing import Any

from hydra_llm.schema.fields import key
from hydra_llm.schema.training import CustomStrategy, OpenTraining


@dataclass
class MetabolismSimulation:
    """A reaction network and its recording; the arguments of hydra_llm.families.metabolism.metabolism_system."""

    _target_: str = "hydra_llm.families.metabolism.metabolism_system"

    # ---- network ----
    n_metabolites: int = key(40, help="number of metabolites", low=2)
    n_reactions: int = key(90, help="number of reactions", low=1)
    max_metabolites_per_reaction: int = key(
        5, help="a random reaction has fewer metabolites than this on either side", low=2
    )
    cycle_fraction: float = key(1.0, help="share of reactions in autocatalytic cycles A + B -> 2 B", low=0, high=1)
    cycle_length: int = key(3, help="reactions per cycle", low=2)
    identifiable: bool = key(
        True, help="draw a network with rate constants that data can determine; false: the published generator"
    )
    stoichiometry_seed: int | None = key(
        None, help="seed of the published generator; null: from simulation.seed", low=0
    )

    # ---- kinetics ----
    use_mass_action: bool = key(True, help="mass action; false: saturating (Michaelis-Menten) kinetics")
    half_saturation: float = key(5.0, help="K of saturating kinetics", unit="concentration", low=0, open_low=True)
    log_k_min: float = key(-2.0, help="lower end of the log-uniform rate constants", unit="log10(1 / time)")
    log_k_max: float = key(-1.0, help="upper end of the log-uniform rate constants", unit="log10(1 / time)")
    flux_limit: bool = key(False, help="limit rates so that no substrate is used up within flux_limit_time")
    flux_limit_time: float = key(
        0.1,
        help="of flux_limit; published: the one Euler step per frame, which is the default of delta_t",
        unit="time",
        low=0,
        open_low=True,
    )
    concentration_min: float = key(
        1.0, help="lower end of the uniform initial concentrations", unit="concentration", low=0
    )
    concentration_max: float = key(
        9.0, help="upper end of the uniform initial concentrations", unit="concentration", low=0
    )

    # ---- homeostasis ----
    n_metabolite_types: int = key(2, help="number of types; each has a lambda and a baseline", low=1)
    homeostatic_strength: float = key(
        0.0, help="mean lambda, for types without a value in homeostatic_lambda_per_type", unit="1 / time", low=0
    )
    homeostatic_lambda_per_type: list[Any] | None = key(None, help="lambda of each type", unit="1 / time")
    homeostatic_baseline_per_type: list[Any] | None = key(None, help="baseline of each type", unit="concentration")
    baseline_mode: str = key(
        "fixed",
        help="fixed: a baseline per type; initial: each metabolite's concentration at the start of the training run",
        choices=("fixed", "initial"),
    )
    baseline_concentration: float = key(
        1.0,
        help="mean baseline, for types without a value in homeostatic_baseline_per_type",
        unit="concentration",
        low=0,
    )
    circadian_amplitude: float = key(
        0.0, help="amplitude of the oscillating baselines, as a share of them", low=0, high=1
    )
    circadian_period: float = key(1440.0, help="period of that oscillation", unit="frames", low=0, open_low=True)

    # ---- external input ----
    external_input_type: str = key(
        "none", help="slow known signals, one per metabolite", choices=("none", "modulation", "visual")
    )
    external_input_mode: str = key(
        "none",
        help="added to dc/dt, or a factor of the rates: the mean input of their substrates or products",
        choices=("none", "additive", "multiplicative", "multiplicative_substrate", "multiplicative_product"),
    )
    n_input_metabolites: int = key(
        0, help="number of metabolites that receive the input, counted from the first", low=0
    )
    modulation_period: float = key(20.0, help="shortest period of the input", unit="time", low=0, open_low=True)

    # ---- recording ----
    n_frames: int = key(600, help="recorded frames of the training trajectory", unit="frames", low=2)
    n_frames_validation: int | None = key(None, help="recorded frames; null: min(2000, n_frames)", unit="frames", low=2)
    n_frames_test: int | None = key(None, help="recorded frames; null: min(2000, n_frames)", unit="frames", low=2)
    start_frame: int = key(
        0, help="burn-in: minus the number of frames before the first recorded one", unit="frames", high=0
    )
    delta_t: float = key(0.1, help="time between recorded frames", unit="time", low=0, open_low=True)
    substeps: int = key(4, help="integration steps per recorded frame", low=1)
    integrator: str = key("rk4", help="integration method", choices=("euler", "rk4"))
    dtype: str = key("float64", help="precision of simulation, recording and fit", choices=("float32", "float64"))
    seed: int = key("${seed}", help="seed of network, rate constants, initial concentrations and noise")
    noise_model_level: float = key(0.0, help="standard deviation of the process noise", low=0)
    noise_scaling: str = key(
        "per_step",
        help="per_step: the level is added at every frame (as published); sqrt_dt: level * sqrt(dt)",
        choices=("per_step", "sqrt_dt"),
    )
    measurement_noise_level: float = key(
        0.0, help="standard deviation of the noise on the recorded concentrations", low=0
    )
    measurement_noise_unit: str = key(
        "relative",
        help="relative: to the standard deviation of the concentrations, pooled over units; absolute: in their units",
        choices=("relative", "absolute"),
    )


@dataclass
class ReactionGNNConfig:
    """The graph network of the metabolism family; another `_target_` has its own keys."""

    _target_: str = "hydra_llm.families.metabolism.model.gnn.ReactionGNN"

    substrate_form: str = key(
        "log",
        help="log: the logarithm of the contribution is learned; softplus: the published form",
        choices=("log", "softplus"),
    )
    hidden_dim_sub: int = key(64, help="units per hidden layer of the substrate function", low=1)
    n_layers_sub: int = key(3, help="linear layers of the substrate function", low=2)
    hidden_dim_node: int = key(64, help="units per hidden layer of the node function", low=1)
    n_layers_node: int = key(3, help="linear layers of the node function", low=2)
    activation: str = key("tanh", help="activation between the layers", choices=("tanh", "silu", "gelu", "relu"))
    embedding_dim: int = key(2, help="learned dimensions per metabolite, an input of the node function", low=0)
    embedding_scale: float = key(0.1, help="standard deviation of the embedding at the start", low=0)
    log_k_init: list[float] = key(
        [-2.0, 1.0], help="range of the log-uniform rate constants at the start", unit="log10"
    )


@dataclass
class MetabolismTraining(OpenTraining):
    """How a reaction network is fitted: Adam, then variable projection, then one exact solution for the rate constants;
    each can be left out. Coefficients of regularisers act in the Adam phase.
    """

    seed: int = key("${seed}", help="seed of initialisation, batch order and training noise")
    freeze_stoichiometry: bool = key(
        True, help="net coefficients are known; false: they are learned where they are not zero"
    )

    # ---- Adam ----
    max_steps: int | None = key(
        None, help="Adam steps; null: n_frames * data_augmentation_loop // batch_size * 0.2", low=0
    )
    data_augmentation_loop: int = key(40, help="passes over the frames, counted as in the publications", low=1)
    batch_size: int = key(8, help="frames per step", unit="frames", low=1)
    time_step: int = key(1, help="1: one-step prediction of dc/dt; T > 1: rollout of T frames", unit="frames", low=1)
    noise_model_level: float = key(
        0.0, help="standard deviation of the noise added to the network's input concentrations", low=0
    )
    learning_rate_k: float = key(5e-3, help="learning rate of log10 k; 0: not trained", low=0)
    learning_rate_sub: float = key(5e-4, help="learning rate of the substrate function; 0: not trained", low=0)
    learning_rate_node: float = key(1e-3, help="learning rate of the node function; 0: not trained", low=0)
    learning_rate_embedding: float = key(1e-3, help="learning rate of the embeddings; 0: not trained", low=0)
    learning_rate_S_start: float = key(0.0, help="learning rate of learned net coefficients", low=0)
    learning_rate_schedule: str = key(
        "constant", help="cosine: all learning rates fall to 1 % at the end", choices=("constant", "cosine")
    )
    k_solve_interval: int = key(
        0, help="steps between two least-squares solutions of the rate constants; 0: never", unit="steps", low=0
    )

    # ---- regularisers (hydra_llm.families.metabolism.fitting.regularisers has the formulas) ----
    coeff_S_L1: float = key(0.0, help="penalty: few and small net coefficients", low=0)
    coeff_S_integer: float = key(0.0, help="penalty: integer net coefficients", low=0)
    coeff_mass_conservation: float = key(0.0, help="penalty: a reaction produces as much as it consumes", low=0)
    coeff_MLP_sub_diff: float = key(5.0, help="penalty: a rate never falls as its substrate rises", low=0)
    coeff_MLP_sub_norm: float = key(1.0, help="penalty: a substrate at concentration 1 contributes the factor 1", low=0)
    coeff_MLP_node_L1: float = key(0.0, help="penalty: small homeostasis", low=0)
    coeff_k_floor: float = key(0.0, help="penalty: rate constants stay above the floor", low=0)
    k_floor_threshold: float = key(-3.0, help="the floor of coeff_k_floor", unit="log10 k")

    # ---- variable projection and the last step ----
    linear_homeostasis: bool = key(
        True, help="a line per metabolite is solved for with the rate constants, in both phases below"
    )
    projection_iterations: int = key(150, help="L-BFGS iterations per ridge; 0: no projection", low=0)
    projection_starts: int = key(4, help="substrate functions tried, the one from the Adam phase first", low=1)
    projection_screening_iterations: int = key(40, help="iterations for each start that is tried", low=1)
    projection_ridge: list[float] = key([1e-6, 1e-9, 1e-12], help="ridges, lowered step by step")
    projection_frames: int | None = key(1000, help="frames used, evenly spaced; null: all", unit="frames", low=2)
    projection_nodes: int = key(200, help="nodes of the interpolation table of the substrate function", low=12)
    newton_iterations: int = key(
        60, help="at most so many Gauss-Newton steps on the substrate function afterwards; 0: none", low=0
    )
    solve_rate_constants: bool = key(True, help="end with an exact solution for the rate constants, on all frames")

    # ---- a noisy recording ----
    path_fit: bool = key(
        True, help="where the recording is smoothed, end with network and path of the states fitted together"
    )
    share_lines: bool = key(
        True, help="metabolites share lines in that fit, if the recording prefers types of them to a line each"
    )

    # ---- evaluation ----
    rollout_frames: int = key(600, help="length of the rollouts that are scored", unit="frames", low=2)


@dataclass
class ResidualSupervision:
    """1: the node function is fitted to the residual of the reactions in dc/dt."""

    keep_rollout: bool = key(False, help="add the rollout error instead of replacing it")


@dataclass
class SignalAmplification:
    """2: the node function counts more in the loss at first."""

    start: float = key(10.0, help="factor at the start, annealed to 1", low=1, high=100)
    until: float = key(1.0, help="share of the training after which the factor is 1", low=0, high=1, open_low=True)


@dataclass
class Contrastive:
    """3: embeddings of metabolites with similar learned responses attract each other, others repel. No labels."""

    lambda_contrastive: float = key(0.1, help="weight", low=0)
    margin: float = key(1.0, help="distance of embeddings beyond which nothing repels", low=0, open_low=True)


@dataclass
class TimeStepCurriculum:
    """4: rollouts from long to short."""

    shares: list[float] = key(
        [1.0, 0.5], help="rollout lengths as shares of homeostasis_time_step, for equal parts of the training"
    )
    position_power: float = key(
        0.0, help="position k of a rollout is weighted by k to this power; above 0: later positions count more"
    )


@dataclass
class Warmup:
    """5: a schedule of the learning rates."""

    variant: str = key(
        "kick",
        help="kick: high, then low within a tenth; cosine: with restarts; ramp: up, then down",
        choices=("kick", "cosine", "ramp"),
    )
    start: float = key(10.0, help="kick: first factor of the learning rates", low=0, open_low=True)
    end: float = key(0.1, help="kick: factor afterwards", low=0, open_low=True)
    share: float = key(0.1, help="kick: share of the training that has the first factor", low=0, high=1, open_low=True)
    cycles: int = key(4, help="cosine: number of half cosines", low=1)
    steps: int = key(500, help="ramp: optimiser steps until the full rate", unit="steps", low=1)
    floor: float = key(0.01, help="cosine, ramp: smallest factor", low=0, high=1)


@dataclass
class MultiScaleConfig:
    """6: every batch draws its rollout lengths."""

    lengths: list[int] = key(
        [4, 16, 32, 64], help="lengths to draw from; those above homeostasis_time_step are left out"
    )
    draws: int = key(2, help="rollouts per batch; their losses are added", low=1)


@dataclass
class GradientAccumulation:
    """7: several batches per optimiser step."""

    batches: int = key(4, help="batches per step, their losses divided by this number; published: 4 to 8", low=1)


@dataclass
class SeparateLosses:
    """8: no gradient passes through the reactions; their own error is monitored."""

    monitor_reaction: bool = key(True, help="log the error that the reactions leave by themselves")


@dataclass
class OffsetPenaltyConfig:
    """Penalises constant responses. Biased: the true response is not zero at the concentration that is penalised."""

    coeff: float = key(2.0, help="weight", low=0)
    at: float = key(5.0, help="concentration at which the response is penalised", unit="concentration", low=0)


@dataclass
class GradientClipping:
    """Bounds the gradient of long rollouts."""

    norm: float = key(1.0, help="largest norm of a step's gradient", low=0, open_low=True)


@dataclass
class KaimingInit:
    """Hidden layers of the node function are drawn again before phase 2; the output starts at zero."""

    stream: str = key("starts", help="name of the random stream for the draws")


@dataclass
class Strategies(CustomStrategy):
    """Any set of strategies; null: not used."""

    residual_supervision: ResidualSupervision | None = None
    signal_amplification: SignalAmplification | None = None
    contrastive: Contrastive | None = None
    time_step_curriculum: TimeStepCurriculum | None = None
    warmup: Warmup | None = None
    multi_scale: MultiScaleConfig | None = None
    gradient_accumulation: GradientAccumulation | None = None
    separate_losses: SeparateLosses | None = None
    offset_penalty: OffsetPenaltyConfig | None = None
    gradient_clipping: GradientClipping | None = None
    kaiming_init: KaimingInit | None = None


@dataclass
class HomeostasisTraining(MetabolismTraining):
    """Phase 1 as in MetabolismTraining, then phase 2: node function and embeddings."""

    homeostasis_training: bool = key(True, help="run phase 2; false: end after phase 1")
    k: str = key(
        "profiled",
        help="rate constants in phase 2: frozen as published; profiled: eliminated by projection; joint: with the "
        "substrate function",
        choices=("frozen", "profiled", "joint"),
    )
    skip_phase1: bool = key(
        False, help="take phase 1 from the store, where the same fit of the same recording was done before"
    )
    phase1_checkpoint: str | None = key(None, help="a stored phase 1 to start from, instead of fitting one")
    linear_homeostasis: bool | None = key(  # type: ignore[assignment]
        None, help="whether phase 1 fits a line per metabolite; null: yes, unless k is frozen"
    )

    phase1_batch_size: int = key(8, help="frames per Adam step of phase 1; batch_size is that of phase 2", low=1)

    # ---- k: frozen ----
    homeostasis_time_step: int = key(32, help="longest rollout", unit="frames", low=1)
    homeostasis_max_batches: int | None = key(
        None,
        help="batches of phase 2; null: n_frames * data_augmentation_loop // batch_size * 0.2 // homeostasis_time_step "
        "* 4",
        unit="batches",
        low=0,
    )
    learning_rate_node_homeostasis: float = key(1e-2, help="learning rate of the node function", low=0)
    learning_rate_embedding_homeostasis: float = key(1e-3, help="learning rate of the embeddings", low=0)
    strategy: Strategies = field(  # type: ignore[assignment]
        default_factory=Strategies, metadata={"help": "training/strategy=[...] selects them"}
    )

    # ---- k: profiled, joint ----
    homeostasis_iterations: int = key(400, help="L-BFGS iterations", low=1)
    homeostasis_joint_iterations: int = key(
        100, help="with k: joint, further iterations that also train the substrate function", low=1
    )
    homeostasis_frames: int | None = key(None, help="frames used, evenly spaced; null: all", unit="frames", low=2)

    # ---- evaluation ----
    embedding_clustering: str = key(
        "kmeans", help="how types are read from the embedding; dbscan: as published", choices=("kmeans", "dbscan")
    )
    cluster_distance_threshold: float = key(0.1, help="distance threshold of dbscan", low=0, open_low=True)
