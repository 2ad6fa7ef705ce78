"""Levenberg-Marquardt on the reduced problem, for recordings so ill-conditioned that L-BFGS stalls.

The residuals are linear in the tables of the two functions, so the normal matrix is assembled over tables (some hundred
unknowns) and carried to the weights of the perceptrons by their Jacobian. W is projected out per target with the
approximation of Kaufman (1975). Works for functions shared by all neurons.
"""

from collections.abc import Callable, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap
from torch.optim import Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.families.signal.config import SignalTraining
from hydra_llm.families.signal.fitting.reduced import ReducedProblem, Residual
from hydra_llm.families.signal.model.gnn import SignalGNN
from hydra_llm.training.phases.base import FitData, Step

DAMPING_START, DAMPING_MIN, DAMPING_UP, DAMPING_DOWN = 1e-6, 1e-16, 4.0, 5.0
ATTEMPTS = 14  # dampings tried before a stage is given up
PROGRESS, PATIENCE = 1e-3, 5  # so many steps in a row below this relative gain end a stage


class Attempt(Optimizer):
    """An optimiser whose step is the closure: Lightning counts steps of optimisers, and the step is computed there."""

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        super().__init__(parameters, {})

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        return None if closure is None else closure()


class GaussNewtonPhase:
    """One interval per ridge, `iterations` damped steps each."""

    name = "gauss_newton"

    def __init__(self, *, ridges: Sequence[float], iterations: int, n_frames: int | None, n_nodes: int) -> None:
        self._ridges, self._iterations = tuple(ridges), iterations
        self._n_frames, self._n_nodes = n_frames, n_nodes
        self._problem: ReducedProblem | None = None
        self._basis: Tensor | None = None

    @classmethod
    def of(cls, training: SignalTraining, data: FitData) -> Self:
        return cls(
            ridges=training.gauss_newton_ridge,
            iterations=training.gauss_newton_iterations,
            n_frames=training.gauss_newton_frames,
            n_nodes=training.gauss_newton_nodes,
        )

    @property
    def n_intervals(self) -> int:
        return len(self._ridges)

    def optimizer(self, net: SignalGNN) -> Optimizer:
        if not net.is_shared:
            raise ValueError(
                "Gauss-Newton steps need functions shared by all neurons, and model.embedding_dim is above 0. "
                "Set training.gauss_newton_iterations=0."
            )
        return Attempt([*net.lin_phi.parameters(), *net.lin_edge.parameters()])

    def run(self, interval: int, net: SignalGNN, frames: Frames, optimizer: Optimizer, step: Step) -> dict[str, float]:
        if self._problem is None:
            self._problem = ReducedProblem(net, frames.spread(self._n_frames), self._n_nodes)
            self._basis = _dense_basis(self._problem)
        ridge = self._ridges[interval]

        def closure() -> Tensor:
            return torch.tensor(self._descend(net, ridge))

        step(closure)
        return {"reduced_loss": self._problem.settle(net, ridge), "ridge": ridge}

    def state_dict(self) -> dict[str, Any]:
        """Nothing: every stage starts from the network alone."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass

    def _descend(self, net: SignalGNN, ridge: float) -> float:
        problem = self._problem
        assert problem is not None  # set by run
        damping = DAMPING_START
        with torch.no_grad():
            found = problem.evaluate(net, ridge)
            idle = 0
            for _ in range(self._iterations):
                H, gradient = self._normal_equations(net, found)
                weights = _flat(net)
                for _ in range(ATTEMPTS):
                    shifted = H + damping * torch.diagonal(H).max() * torch.eye(len(H)).to(H)
                    _assign(net, weights + torch.linalg.solve(shifted, gradient))
                    new = problem.evaluate(net, ridge)
                    if new.loss < found.loss:
                        break
                    damping *= DAMPING_UP
                else:
                    _assign(net, weights)
                    break
                idle = idle + 1 if new.loss > (1 - PROGRESS) * found.loss else 0
                found, damping = new, max(damping / DAMPING_DOWN, DAMPING_MIN)
                if idle == PATIENCE:
                    break
            return float(found.loss)

    def _normal_equations(self, net: SignalGNN, found: Residual) -> tuple[Tensor, Tensor]:
        """H and gradient of the linearised residuals over (lin_phi, lin_edge) weights, W projected out."""
        basis = self._basis
        problem = self._problem
        assert basis is not None  # set by run, as is the problem
        assert problem is not None
        n_frames, n, n_nodes = basis.shape
        x = (problem.table.nodes / net.state_scale)[:, :1]
        update_jacobian, message_jacobian = _jacobian(net.lin_phi, x), _jacobian(net.lin_edge, x)
        # the message is divided by its rms, which moves with the weights
        table = net.lin_edge(x).reshape(-1) / found.scale
        mean_square = torch.einsum("tng,tn->g", basis, found.message) / found.message.numel()
        message_jacobian = message_jacobian / found.scale
        message_jacobian = message_jacobian - torch.outer(table, mean_square @ message_jacobian)
        # d residual_ti / d (update table, message table) = -[S_ti, sum_j W_ij S_tj]
        incoming = torch.einsum("ij,tjg->tig", found.W, basis)
        design = torch.cat([basis, incoming], dim=-1)  # [frame, target, 2 node]
        flat = design.reshape(-1, 2 * n_nodes)
        normal, gradient = flat.T @ flat, flat.T @ found.residual.reshape(-1)
        projected = torch.einsum("tj,tig->ijg", found.message, design)  # [target, source, 2 node]
        C = found.inverse
        for i in range(n):
            own = C - torch.outer(C[:, i], C[i]) / C[i, i]  # the target's own column takes no part
            normal -= projected[i].T @ (own @ projected[i]) / n_frames
        J = torch.block_diag(update_jacobian, message_jacobian)
        return J.T @ (normal / flat.shape[0]) @ J, J.T @ (gradient / flat.shape[0])


def _dense_basis(problem: ReducedProblem) -> Tensor:
    """The stencil as a dense array [frame, neuron, node]."""
    index, weights = problem.table.index, problem.table.weights
    basis = weights.new_zeros(*index.shape[:2], len(problem.table.nodes))
    return basis.scatter_add_(2, index, weights)


def _jacobian(mlp: nn.Module, x: Tensor) -> Tensor:
    """d mlp(x) / d weights [node, weight], weights in the order of named_parameters."""
    parameters = {name: value.detach() for name, value in mlp.named_parameters()}

    def value(weights: dict[str, Tensor], point: Tensor) -> Tensor:
        return functional_call(mlp, weights, (point[None],)).reshape(())

    rows = vmap(jacrev(value), (None, 0))(parameters, x)
    return torch.cat([rows[name].reshape(len(x), -1) for name in parameters], dim=1)


def _flat(net: SignalGNN) -> Tensor:
    return torch.cat([value.reshape(-1) for part in (net.lin_phi, net.lin_edge) for value in part.parameters()])


def _assign(net: SignalGNN, weights: Tensor) -> None:
    place = 0
    for part in (net.lin_phi, net.lin_edge):
        for value in part.parameters():
            value.copy_(weights[place : place + value.numel()].reshape(value.shape))
            place += value.numel()
