"""conf/training/strategy: the published remedies of phase 2, each a node that is absent unless chosen.

`training/strategy=[residual_supervision,gradient_clipping]` picks any set of them.
"""

from dataclasses import dataclass, field

from hydra_llm.schema.fields import key
from hydra_llm.schema.metabolism import MetabolismTraining


@dataclass
class ResidualSupervision:
    """1: the node function is fitted to what the reactions leave of dc/dt."""

    keep_rollout: bool = key(False, help="add the rollout error instead of replacing it")


@dataclass
class SignalAmplification:
    """2: the node function counts more in the loss at first."""

    start: float = key(10.0, help="factor at the start, annealed to 1", low=1, high=100)
    until: float = key(1.0, help="share of the training after which the factor is 1", low=0, high=1, open_low=True)


@dataclass
class Contrastive:
    """3: embeddings of metabolites with alike learned responses attract each other, others repel. No labels."""

    lambda_contrastive: float = key(0.1, help="weight", low=0)
    margin: float = key(1.0, help="distance of embeddings beyond which nothing repels", low=0, open_low=True)


@dataclass
class TimeStepCurriculum:
    """4: rollouts from long to short."""

    shares: list[float] = key([1.0, 0.5], help="of homeostasis_time_step, for equal parts of the training")
    position_power: float = key(0.0, help="position k of a rollout weighs k to this power; above 0: later ones more")


@dataclass
class Warmup:
    """5: learning rates over the training."""

    variant: str = key(
        "kick",
        help="kick: high, then low within a tenth; cosine: with restarts; ramp: up, then down",
        choices=("kick", "cosine", "ramp"),
    )
    start: float = key(10.0, help="kick: first factor of the learning rates", low=0, open_low=True)
    end: float = key(0.1, help="kick: factor after its share", low=0, open_low=True)
    share: float = key(0.1, help="kick: share of the training", low=0, high=1, open_low=True)
    cycles: int = key(4, help="cosine: half cosines", low=1)
    steps: int = key(500, help="ramp: optimiser steps until the full rate", unit="steps", low=1)
    floor: float = key(0.01, help="cosine, ramp: smallest factor", low=0, high=1)


@dataclass
class MultiScale:
    """6: every batch draws its rollout lengths."""

    lengths: list[int] = key([4, 16, 32, 64], help="choices; those above homeostasis_time_step are left out")
    draws: int = key(2, help="rollouts per batch, whose losses add up", low=1)


@dataclass
class GradientAccumulation:
    """7: several batches per optimiser step."""

    batches: int = key(4, help="batches per step, their losses divided by this number; published: 4 to 8", low=1)


@dataclass
class SeparateLosses:
    """8: reactions are given numbers for the gradient; their own error is monitored."""

    monitor_reaction: bool = key(True, help="log the error that the reactions leave alone")


@dataclass
class OffsetPenalty:
    """Against responses that are a constant. Biased: the true response is not zero where the penalty wants it to be."""

    coeff: float = key(2.0, help="weight", low=0)
    at: float = key(5.0, help="where the response is punished", unit="concentration", low=0)


@dataclass
class GradientClipping:
    """Bounds the gradient of long rollouts."""

    norm: float = key(1.0, help="largest norm of a step's gradient", low=0, open_low=True)


@dataclass
class KaimingInit:
    """Hidden layers of the node function are drawn again before phase 2; the output starts at zero."""

    stream: str = key("starts", help="name of the random stream that they are drawn from")


@dataclass
class Strategies:
    """Any set of them; null: not used."""

    residual_supervision: ResidualSupervision | None = None
    signal_amplification: SignalAmplification | None = None
    contrastive: Contrastive | None = None
    time_step_curriculum: TimeStepCurriculum | None = None
    warmup: Warmup | None = None
    multi_scale: MultiScale | None = None
    gradient_accumulation: GradientAccumulation | None = None
    separate_losses: SeparateLosses | None = None
    offset_penalty: OffsetPenalty | None = None
    gradient_clipping: GradientClipping | None = None
    kaiming_init: KaimingInit | None = None


@dataclass
class HomeostasisTraining(MetabolismTraining):
    """Phase 1 as MetabolismTraining, then phase 2: node function and embeddings."""

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
    phase1_checkpoint: str | None = key(None, help="a file of phase 1 to start from, instead of fitting one")
    linear_homeostasis: bool | None = key(  # type: ignore[assignment]
        None, help="phase 1 knows a line per metabolite; null: unless k is frozen, whose phase 1 is reactions only"
    )

    phase1_batch_size: int = key(8, help="frames per Adam step of phase 1; batch_size is phase 2's", low=1)

    # ---- k: frozen ----
    homeostasis_time_step: int = key(32, help="longest rollout", unit="frames", low=1)
    homeostasis_max_batches: int | None = key(
        None,
        help="null: n_frames * data_augmentation_loop // batch_size * 0.2 // homeostasis_time_step * 4",
        unit="batches",
        low=0,
    )
    learning_rate_node_homeostasis: float = key(1e-2, help="of the node function", low=0)
    learning_rate_embedding_homeostasis: float = key(1e-3, help="of the embeddings", low=0)
    strategy: Strategies = field(default_factory=Strategies, metadata={"help": "training/strategy=[...] picks them"})

    # ---- k: profiled, joint ----
    homeostasis_iterations: int = key(400, help="L-BFGS iterations", low=1)
    homeostasis_joint_iterations: int = key(
        100, help="k: joint, further iterations that move the substrate function too", low=1
    )
    homeostasis_frames: int | None = key(None, help="frames used, evenly spaced; null: all", unit="frames", low=2)

    # ---- evaluation ----
    embedding_clustering: str = key(
        "kmeans", help="how types are read from the embedding; dbscan: as published", choices=("kmeans", "dbscan")
    )
    cluster_distance_threshold: float = key(0.1, help="distance of dbscan", low=0, open_low=True)
