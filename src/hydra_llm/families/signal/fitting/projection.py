"""Variable projection for signal networks: L-BFGS on the message and update functions, W solved at every evaluation."""

from torch.nn import Parameter

from hydra_llm.data.windows import Frames
from hydra_llm.families.signal.fitting.reduced import ReducedProblem
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.training.phases.projection import ProjectionPhase


class SignalProjectionPhase(ProjectionPhase):
    """ProjectionPhase on ReducedProblem; the embedding moves too where neurons have one."""

    def parameters(self, net: SignalGNN) -> list[Parameter]:
        functions = [*net.lin_edge.parameters(), *net.lin_phi.parameters()]
        return functions if net.is_shared else [*functions, net.embedding.a]

    def problem(self, net: SignalGNN, frames: Frames) -> ReducedProblem:
        return ReducedProblem(net, frames, self._n_nodes)
