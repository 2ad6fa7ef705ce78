"""Variable projection for reaction networks."""

from typing import Any

from torch.nn import Parameter

from hydra_llm.data.windows import Frames
from hydra_llm.families.metabolism.fitting.reduced import ReactionProblem
from hydra_llm.families.metabolism.model.gnn import ReactionGNN
from hydra_llm.training.phases.projection import ProjectionPhase


class ReactionProjectionPhase(ProjectionPhase):
    """L-BFGS on the substrate function; rate constants are eliminated.

    lines: a line per metabolite is eliminated with them and takes the place of the node function, which is silenced.
    """

    def __init__(self, *, lines: bool, n_nodes: int, **search: Any) -> None:
        super().__init__(n_nodes=n_nodes, **search)
        self._lines, self._nodes = lines, n_nodes

    def parameters(self, net: ReactionGNN) -> list[Parameter]:
        return list(net.substrate.parameters())

    def problem(self, net: ReactionGNN, frames: Frames) -> ReactionProblem:
        if self._lines:
            net.zero_node_output()
        return ReactionProblem(net, frames, self._nodes, lines=self._lines)
