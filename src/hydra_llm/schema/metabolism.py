"""conf/simulation, conf/model, conf/training: keys of the metabolism family."""

from dataclasses import dataclass
from typing import Any

from hydra_llm.schema.fields import key


@dataclass
class MetabolismSimulation:
    """A reaction network and its recording; the arguments of hydra_llm.systems.metabolism.metabolism_system."""

    _target_: str = "hydra_llm.systems.metabolism.metabolism_system"

    # ---- network ----
    n_metabolites: int = key(40, help="number of metabolites", low=2)
    n_reactions: int = key(90, help="number of reactions", low=1)
    max_metabolites_per_reaction: int = key(5, help="bound on either side of a random reaction, excluded", low=2)
    cycle_fraction: float = key(1.0, help="share of reactions in autocatalytic cycles A + B -> 2 B", low=0, high=1)
    cycle_length: int = key(3, help="reactions per cycle", low=2)
    identifiable: bool = key(
        True, help="draw a network whose rate constants data can determine; false: the published generator"
    )
    stoichiometry_seed: int | None = key(None, help="of the published generator; null: from simulation.seed", low=0)

    # ---- kinetics ----
    use_mass_action: bool = key(True, help="mass action; false: saturating (Michaelis-Menten) kinetics")
    half_saturation: float = key(5.0, help="K of saturating kinetics", unit="concentration", low=0, open_low=True)
    log_k_min: float = key(-2.0, help="rate constants are log-uniform from here", unit="log10(1 / time)")
    log_k_max: float = key(-1.0, help="to here", unit="log10(1 / time)")
    flux_limit: bool = key(False, help="no substrate is consumed faster than it lasts for one step")
    concentration_min: float = key(
        1.0, help="initial concentrations are uniform from here", unit="concentration", low=0
    )
    concentration_max: float = key(9.0, help="to here", unit="concentration", low=0)

    # ---- homeostasis ----
    n_metabolite_types: int = key(2, help="types with a lambda and a baseline each", low=1)
    homeostatic_strength: float = key(
        0.0, help="mean lambda, for types without a value of their own", unit="1 / time", low=0
    )
    homeostatic_lambda_per_type: list[Any] | None = key(None, help="lambda of every type", unit="1 / time")
    homeostatic_baseline_per_type: list[Any] | None = key(None, help="baseline of every type", unit="concentration")
    baseline_mode: str = key(
        "fixed",
        help="fixed: a baseline per type; initial: every metabolite's concentration at the start of the training run",
        choices=("fixed", "initial"),
    )
    baseline_concentration: float = key(
        1.0, help="mean baseline, for types without a value of their own", unit="concentration", low=0
    )
    circadian_amplitude: float = key(0.0, help="swing of the baselines, as a share of them", low=0, high=1)
    circadian_period: float = key(1440.0, help="of that swing", unit="frames", low=0, open_low=True)

    # ---- external input ----
    external_input_type: str = key(
        "none", help="slow known signals, one per metabolite", choices=("none", "modulation", "visual")
    )
    external_input_mode: str = key(
        "none",
        help="added to dc/dt, or a factor of the rates: the mean input of their substrates or products",
        choices=("none", "additive", "multiplicative", "multiplicative_substrate", "multiplicative_product"),
    )
    n_input_metabolites: int = key(0, help="metabolites that receive the input, the first ones", low=0)
    modulation_period: float = key(20.0, help="shortest period of the input", unit="time", low=0, open_low=True)

    # ---- recording ----
    n_frames: int = key(600, help="recorded frames of the training trajectory", unit="frames", low=2)
    n_frames_validation: int | None = key(None, help="null: min(2000, n_frames)", unit="frames", low=2)
    n_frames_test: int | None = key(None, help="null: min(2000, n_frames)", unit="frames", low=2)
    start_frame: int = key(0, help="burn-in: minus the frames before the first recorded one", unit="frames", high=0)
    delta_t: float = key(0.1, help="time between recorded frames", unit="time", low=0, open_low=True)
    substeps: int = key(1, help="integration steps per recorded frame", low=1)
    integrator: str = key("euler", help="integration method", choices=("euler", "rk4"))
    dtype: str = key("float64", help="precision of simulation, recording and fit", choices=("float32", "float64"))
    seed: int = key("${seed}", help="of network, rate constants, initial concentrations and noise")
    noise_model_level: float = key(0.0, help="standard deviation of the process noise", low=0)
    noise_scaling: str = key(
        "per_step",
        help="per_step: the level is added at every frame (as published); sqrt_dt: level * sqrt(dt)",
        choices=("per_step", "sqrt_dt"),
    )
    measurement_noise_level: float = key(0.0, help="standard deviation added to the recorded concentrations", low=0)


@dataclass
class ReactionGNN:
    """The graph network of the metabolism family (hydra_llm.models.reaction_gnn)."""

    substrate_form: str = key(
        "log",
        help="log: the logarithm of the contribution is learned; softplus: the published form",
        choices=("log", "softplus"),
    )
    hidden_dim_sub: int = key(64, help="units per hidden layer of the substrate function", low=1)
    n_layers_sub: int = key(3, help="linear layers of the substrate function", low=2)
    hidden_dim_node: int = key(64, help="units per hidden layer of the node function", low=1)
    n_layers_node: int = key(3, help="linear layers of the node function", low=2)
    activation: str = key("tanh", help="between the layers", choices=("tanh", "silu", "gelu", "relu"))
    embedding_dim: int = key(2, help="learned dimensions per metabolite, an input of the node function", low=0)
    embedding_scale: float = key(0.1, help="standard deviation of the embedding at the start", low=0)
    log_k_init: list[float] = key([-2.0, 1.0], help="rate constants start log-uniform in this range", unit="log10")
