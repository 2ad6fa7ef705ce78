"""conf/training: keys of the fit. A fit is an Adam phase, then variable projection, then Gauss-Newton; each can be
left out.
"""

from dataclasses import dataclass

from hydra_llm.schema.fields import key


@dataclass
class SignalTraining:
    """How a signal network is fitted. Coefficients of regularisers act in the Adam phase."""

    seed: int = key("${seed}", help="of initialisation, batch order and training noise")
    target: str = key(
        "drift",
        help="what is predicted: the oracle's du/dt, or the recording's",
        choices=("drift", "finite_difference"),
    )
    difference_order: str = key("forward", help="of finite differences", choices=("forward", "central"))

    # ---- Adam ----
    max_steps: int | None = key(
        None, help="Adam steps; null: n_frames * data_augmentation_loop // batch_size * 0.2", low=0
    )
    data_augmentation_loop: int = key(25, help="passes over the frames, in the published counting", low=1)
    batch_size: int = key(8, help="frames per step", unit="frames", low=1)
    time_step: int = key(1, help="1: one-step prediction of du/dt; T > 1: rollout of T frames", unit="frames", low=1)
    noise_model_level: float = key(0.0, help="sd of the noise on the states that the network sees", low=0)
    learning_rate_W_start: float = key(2e-3, help="learning rate of W", low=0)
    learning_rate_start: float = key(1e-3, help="learning rate of the message and update functions", low=0)
    learning_rate_embedding_start: float = key(1e-3, help="learning rate of the embedding", low=0)
    W_solve_interval: int = key(
        0, help="W is solved by ridge regression every so many steps; 0: never", unit="steps", low=0
    )
    W_solve_ridge: float = key(
        1e-4, help="ridge of that regression, relative to the mean square message", low=0, open_low=True
    )
    W_solve_frames: int = key(2000, help="frames of that regression", unit="frames", low=2)

    # ---- regularisers (hydra_llm.modules.regularisers has the formulas) ----
    coeff_W_L1: float = key(0.0, help="few synapses", low=0)
    coeff_W_L2: float = key(0.0, help="weak synapses", low=0)
    coeff_W_sign: float = key(0.0, help="one sign per source neuron", low=0)
    coeff_edge_diff: float = key(0.0, help="the message rises with the state", low=0)
    coeff_edge_norm: float = key(0.0, help="the message is 1 at its upper plateau", low=0)
    coeff_edge_weight_L1: float = key(0.0, help="small weights in the message function", low=0)
    coeff_phi_weight_L1: float = key(0.0, help="small weights in the update function", low=0)
    coeff_phi_zero: float = key(0.0, help="a silent neuron stays silent", low=0)

    # ---- variable projection ----
    projection_iterations: int = key(120, help="L-BFGS iterations per ridge; 0: no projection", low=0)
    projection_starts: int = key(4, help="networks tried, the one from the Adam phase first", low=1)
    projection_screening_iterations: int = key(40, help="iterations of each trial start", low=1)
    projection_ridge: list[float] = key([1e-4, 1e-6, 1e-8], help="ridges, lowered step by step")
    projection_frames: int | None = key(2500, help="frames used, evenly spaced; null: all", unit="frames", low=2)
    projection_nodes: int = key(400, help="table nodes per function", low=12)

    # ---- Gauss-Newton ----
    gauss_newton_iterations: int = key(0, help="damped steps per ridge; 0: none", low=0)
    gauss_newton_ridge: list[float] = key([1e-8, 1e-10, 1e-12], help="ridges, lowered step by step")
    gauss_newton_frames: int | None = key(600, help="frames used, evenly spaced; null: all", unit="frames", low=2)
    gauss_newton_nodes: int = key(120, help="table nodes per function", low=12)

    # ---- evaluation ----
    rollout_frames: int = key(1000, help="length of the rollouts that are scored", unit="frames", low=2)
