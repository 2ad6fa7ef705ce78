"""Variable projection on a graph: L-BFGS on the message function, the parameters of the neurons solved at every look.

A message function drawn at random is a nonlinear feature already, and the regressions are exact, so the reduced loss
falls within some ten iterations, where Adam on all parameters has to move every weight by hand.
"""

from typing import Self, Unpack

from torch.nn import Parameter

from hydra_llm.data.windows import Frames
from hydra_llm.families.flyvis.config import FlyvisTraining
from hydra_llm.families.flyvis.fitting.closed_form import pools_of, relaxation_of
from hydra_llm.families.flyvis.fitting.reduced import FlyvisReducedProblem
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN
from hydra_llm.training.phases.base import FitData
from hydra_llm.training.phases.projection import ProjectionArguments, ProjectionPhase, projection_arguments

MOST = 5  # times the frames of the settings, under noise: as shipped (extent 2), twice as many as that gain nothing
STATES = 5_000_000  # of all neurons: in a large eye, many neurons tell of the one message in every frame


def most_frames(n_frames: int, n_neurons: int) -> int:
    """Frames that a projection looks at under any noise, where the settings say n_frames."""
    return max(n_frames, min(MOST * n_frames, STATES // n_neurons))


class MessageProjectionPhase(ProjectionPhase):
    """ProjectionPhase on FlyvisReducedProblem. pooled: whether neurons that are wired alike are fitted as one."""

    chunk = 10  # an evaluation costs more than in a small network

    def __init__(self, *, pooled: bool = False, **arguments: Unpack[ProjectionArguments]) -> None:
        super().__init__(**arguments)
        self._pooled = pooled

    @classmethod
    def of(cls, training: FlyvisTraining, data: FitData) -> Self:
        return cls(pooled=training.closed_form_ridge == "pooled", **projection_arguments(training))

    def frames_under(self, unexplained: float, n_neurons: int) -> int | None:
        """Frames that tell the message as well under noise as those of the settings do without much of it; None: all.

        unexplained: share of the variance of the target that noise makes. The information of a frame is signal over
        noise. Too few frames under noise, and the message found is any, such as a straight line.
        """
        if self.n_frames is None:
            return None
        noise_over_signal = unexplained / max(1 - unexplained, 1e-9)
        return round(min(self.n_frames * max(noise_over_signal, 1.0), most_frames(self.n_frames, n_neurons)))

    def parameters(self, net: FlyvisGNN) -> list[Parameter]:
        relaxation_of(net)
        if net.message_is_known:
            raise ValueError(
                "There is no message function to project: model.message_form is relu, or another without parameters. "
                "Set training.projection_iterations=0; the closed form alone fits this model."
            )
        return [*net.lin_edge.parameters(), *([net.embedding.a] if net.edge_embedding else [])]

    def problem(self, net: FlyvisGNN, frames: Frames) -> FlyvisReducedProblem:
        return FlyvisReducedProblem(net, frames, self._n_nodes, pools_of(net) if self._pooled else None)
