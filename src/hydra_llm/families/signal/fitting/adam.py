"""Plain Adam for signal networks: the fit of the publications."""

from dataclasses import dataclass
from typing import Any, Self

from hydra_llm.data.windows import Frames
from hydra_llm.families.signal.config import SignalTraining
from hydra_llm.families.signal.fitting.regularisers import regularisers
from hydra_llm.families.signal.fitting.ridge import solve_W
from hydra_llm.families.signal.model.gnn import SignalGNN, state_scale
from hydra_llm.training.phases.adam import AdamPhase, adam_arguments
from hydra_llm.training.phases.base import FitData


@dataclass(frozen=True, kw_only=True)
class GradientPhase(AdamPhase):
    """Adam with a learning rate each for W, the two functions and the embedding.

    Every W_solve_interval steps W is replaced by its ridge solution.
    """

    training: SignalTraining

    @classmethod
    def of(cls, training: SignalTraining, data: FitData) -> Self:
        u_max = max(1.0, float(round(state_scale(data.frames("train").activity))))
        return cls(
            training=training, regularisers=regularisers(training, u_max=u_max), **adam_arguments(training, data)
        )

    def groups(self, net: SignalGNN) -> list[dict[str, Any]]:
        functions = [*net.lin_edge.parameters(), *net.lin_phi.parameters()]
        return [
            {"params": [net.W], "lr": self.training.learning_rate_W_start},
            {"params": functions, "lr": self.training.learning_rate_start},
            {"params": [net.embedding.a], "lr": self.training.learning_rate_embedding_start},
        ]

    def after_step(self, done: int, net: SignalGNN, frames: Frames) -> None:
        every = self.training.W_solve_interval
        if every and done % every == 0:
            solve_W(net, frames.spread(self.training.W_solve_frames), self.training.W_solve_ridge)
