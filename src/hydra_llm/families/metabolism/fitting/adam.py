"""Adam for reaction networks, with a learning rate for each part, as published."""

import math
from dataclasses import dataclass
from typing import Any

from hydra_llm.data.windows import Frames
from hydra_llm.families.metabolism.fitting.rate_constants import solve_rate_constants
from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.training.phases.adam import AdamPhase

SOLVED_FRAMES = 1000  # that a solution between two steps uses, evenly spaced


@dataclass(frozen=True, kw_only=True)
class ReactionGradientPhase(AdamPhase):
    """A part whose learning rate is 0 stands still.

    k_solve_interval: every so many steps the rate constants are replaced by their least-squares solution; 0: never.
    """

    learning_rate_k: float
    learning_rate_sub: float
    learning_rate_node: float
    learning_rate_embedding: float
    learning_rate_S: float
    k_solve_interval: int

    def groups(self, net: ReactionGNN) -> list[dict[str, Any]]:
        if not net.freeze_stoichiometry and self.learning_rate_S == 0:
            raise ValueError(
                "training.freeze_stoichiometry=false asks for learned coefficients, and "
                "training.learning_rate_S_start=0 keeps them where they were drawn. Set it above 0."
            )
        parts = [
            ([net.log_k], self.learning_rate_k),
            (list(net.substrate.parameters()), self.learning_rate_sub),
            (list(net.node_func.parameters()), self.learning_rate_node),
            ([net.embedding.a], self.learning_rate_embedding),
            ([net.S], 0.0 if net.freeze_stoichiometry else self.learning_rate_S),
        ]
        moving = [{"params": parameters, "lr": rate} for parameters, rate in parts if rate > 0]
        if not moving:
            raise ValueError(
                "All learning rates of the Adam phase are 0. Set training.learning_rate_k above 0, or "
                "training.max_steps=0 to leave the phase out."
            )
        return moving

    def after_step(self, done: int, net: ReactionGNN, frames: Frames) -> None:
        if self.k_solve_interval and done % self.k_solve_interval == 0:
            solve_rate_constants(net, frames.spread(SOLVED_FRAMES), lines=False)


def cosine(done: float) -> float:
    """Factor of the learning rates when this share of the phase is done: from 1 down to 1 %."""
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done))
