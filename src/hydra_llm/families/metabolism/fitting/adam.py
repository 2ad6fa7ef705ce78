"""Adam for reaction networks, with a learning rate for each part, as published."""

import math
from dataclasses import dataclass
from typing import Any, Self

from hydra_llm.data.windows import Frames
from hydra_llm.families.metabolism.config import MetabolismTraining
from hydra_llm.families.metabolism.fitting.rate_constants import solve_rate_constants
from hydra_llm.families.metabolism.fitting.regularisers import reaction_regularisers
from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.training.phases.adam import AdamPhase, adam_arguments
from hydra_llm.training.phases.base import FitData

SOLVED_FRAMES = 1000  # that a solution between two steps uses, evenly spaced


@dataclass(frozen=True, kw_only=True)
class ReactionGradientPhase(AdamPhase):
    """A part whose learning rate is 0 stands still.

    Every k_solve_interval steps the rate constants are replaced by their least-squares solution.
    """

    training: MetabolismTraining

    @classmethod
    def of(cls, training: MetabolismTraining, data: FitData) -> Self:
        return cls(
            training=training,
            regularisers=reaction_regularisers(training),
            schedule=cosine if training.learning_rate_schedule == "cosine" else None,
            **adam_arguments(training, data, per_sample=True),
        )

    def groups(self, net: ReactionGNN) -> list[dict[str, Any]]:
        rates = self.training
        if not net.freeze_stoichiometry and rates.learning_rate_S_start == 0:
            raise ValueError(
                "training.learning_rate_S_start must be above 0 with training.freeze_stoichiometry=false, got 0: the "
                "coefficients to be learned would stay where they were drawn."
            )
        parts = [
            ([net.log_k], rates.learning_rate_k),
            (list(net.substrate.parameters()), rates.learning_rate_sub),
            (list(net.node_func.parameters()), rates.learning_rate_node),
            ([net.embedding.a], rates.learning_rate_embedding),
            ([net.S], 0.0 if net.freeze_stoichiometry else rates.learning_rate_S_start),
        ]
        moving = [{"params": parameters, "lr": rate} for parameters, rate in parts if rate > 0]
        if not moving:
            raise ValueError(
                "All learning rates of the Adam phase are 0. Set training.learning_rate_k above 0, or "
                "training.max_steps=0 to leave the phase out."
            )
        return moving

    def after_step(self, done: int, net: ReactionGNN, frames: Frames) -> None:
        every = self.training.k_solve_interval
        if every and done % every == 0:
            solve_rate_constants(net, frames.spread(SOLVED_FRAMES), lines=False)


def cosine(done: float) -> float:
    """Factor of the learning rates when this share of the phase is done: from 1 down to 1 %."""
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done))
