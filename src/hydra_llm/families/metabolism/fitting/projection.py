"""Variable projection for reaction networks."""

from typing import Self, Unpack

from torch.nn import Parameter

from hydra_llm.data.windows import Frames
from hydra_llm.families.metabolism.config import MetabolismTraining
from hydra_llm.families.metabolism.fitting.reduced import ReactionProblem
from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.training.phases.base import FitData
from hydra_llm.training.phases.projection import ProjectionArguments, ProjectionPhase, projection_arguments


class ReactionProjectionPhase(ProjectionPhase):
    """L-BFGS on the substrate function; rate constants are eliminated.

    lines: a line per metabolite is eliminated with them and takes the place of the node function, which is silenced.
    """

    def __init__(self, *, lines: bool, **search: Unpack[ProjectionArguments]) -> None:
        super().__init__(**search)
        self._lines = lines

    @classmethod
    def of(cls, training: MetabolismTraining, data: FitData) -> Self:
        return cls(lines=training.linear_homeostasis, **projection_arguments(training))

    def parameters(self, net: ReactionGNN) -> list[Parameter]:
        return list(net.substrate.parameters())

    def problem(self, net: ReactionGNN, frames: Frames) -> ReactionProblem:
        if self._lines:
            net.zero_node_output()
        return ReactionProblem(net, frames, self._n_nodes, lines=self._lines)
