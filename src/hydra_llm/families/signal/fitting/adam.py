"""Plain Adam for signal networks: the fit of the publications."""

from dataclasses import dataclass
from typing import Any

from hydra_llm.data.windows import Frames
from hydra_llm.families.signal.fitting.ridge import solve_W
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.training.phases.adam import AdamPhase


@dataclass(frozen=True, kw_only=True)
class GradientPhase(AdamPhase):
    """Adam with a learning rate each for W, the two functions and the embedding.

    W_solve_interval: every so many steps W is replaced by its ridge solution on ridge_frames frames; 0: never.
    """

    learning_rate_W: float
    learning_rate: float
    learning_rate_embedding: float
    W_solve_interval: int
    ridge: float
    ridge_frames: int

    def groups(self, net: SignalGNN) -> list[dict[str, Any]]:
        functions = [*net.lin_edge.parameters(), *net.lin_phi.parameters()]
        return [
            {"params": [net.W], "lr": self.learning_rate_W},
            {"params": functions, "lr": self.learning_rate},
            {"params": [net.embedding.a], "lr": self.learning_rate_embedding},
        ]

    def after_step(self, done: int, net: SignalGNN, frames: Frames) -> None:
        if self.W_solve_interval and done % self.W_solve_interval == 0:
            solve_W(net, frames.spread(self.ridge_frames), self.ridge)
