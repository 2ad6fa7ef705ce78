"""Variable projection: L-BFGS on the reduced loss, W solved in float64 at every evaluation.

A few random starts are tried briefly, because the reduced loss has flat regions where the message is a straight line;
the best one is continued while the ridge is lowered step by step. The network that arrives from an earlier phase is the
first of the starts.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol, Self, TypedDict, TypeVar

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import LBFGS, Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.systems.random_streams import stream
from hydra_llm.training.phases.base import FitData, Step

HISTORY = 50  # curvature pairs of L-BFGS
CHUNK = 30  # iterations between two looks at the progress
PROGRESS = 0.01  # a chunk that lowers the loss by a smaller share ends the stage


class Evaluated(Protocol):
    @property
    def loss(self) -> Tensor: ...


class Problem(Protocol):
    """A loss on a fixed set of frames from which linear parameters have been eliminated."""

    def evaluate(self, net: Any, ridge: float) -> Evaluated: ...

    def settle(self, net: Any, ridge: float) -> float:
        """Write the eliminated parameters into the network. Returns the loss."""
        ...


class ProjectionSettings(Protocol):
    """The keys of conf/training that every variable projection has."""

    seed: int
    projection_ridge: list[float]
    projection_iterations: int
    projection_starts: int
    projection_screening_iterations: int
    projection_frames: int | None
    projection_nodes: int


Settings = TypeVar("Settings", bound=ProjectionSettings)


def polishing(training: Settings) -> Settings:
    """The keys of a projection that goes on from a fitted network: one start, the last ridge."""
    keys: Any = training  # a dataclass, whatever the family
    return replace(
        keys,
        projection_starts=1,
        projection_screening_iterations=1,
        projection_ridge=training.projection_ridge[-1:],
        projection_iterations=min(CHUNK, training.projection_iterations),
    )


class ProjectionArguments(TypedDict):
    ridges: Sequence[float]
    iterations: int
    n_starts: int
    screening_iterations: int
    n_frames: int | None
    n_nodes: int
    generator: torch.Generator


def projection_arguments(training: ProjectionSettings) -> ProjectionArguments:
    """What the keys say of a ProjectionPhase."""
    return {
        "ridges": training.projection_ridge,
        "iterations": training.projection_iterations,
        "n_starts": training.projection_starts,
        "screening_iterations": training.projection_screening_iterations,
        "n_frames": training.projection_frames,
        "n_nodes": training.projection_nodes,
        "generator": stream(training.seed, "model_init/starts"),
    }


class ProjectionPhase(ABC):
    """Intervals: n_starts short ones, then one per value of `ridges`.

    ridges: from large to small, relative to the mean square of the message (which is 1 here). n_frames: frames that are
    used, evenly spaced; None: all. n_nodes: table nodes per function. generator: draws the starts.
    """

    name = "projection"
    chunk = CHUNK

    def __init__(
        self,
        *,
        ridges: Sequence[float],
        iterations: int,
        n_starts: int,
        screening_iterations: int,
        n_frames: int | None,
        n_nodes: int,
        generator: torch.Generator,
    ) -> None:
        if not ridges or min(ridges) <= 0:
            raise ValueError(f"projection_ridge must name at least one ridge, each above 0, got {list(ridges)}.")
        if n_starts < 1:
            raise ValueError(f"projection_starts must be at least 1, got {n_starts}.")
        self._ridges, self._iterations = tuple(ridges), iterations
        self._n_starts, self._screening_iterations = n_starts, screening_iterations
        self._n_frames, self._n_nodes, self._generator = n_frames, n_nodes, generator
        self._problem: Problem | None = None
        self._best: tuple[float, dict[str, Any]] | None = None

    @property
    def n_frames(self) -> int | None:
        """Frames that are used; None: all."""
        return self._n_frames

    @classmethod
    def of(cls, training: ProjectionSettings, data: FitData) -> Self:
        """The phase that the keys describe."""
        return cls(**projection_arguments(training))

    @property
    def n_intervals(self) -> int:
        return self._n_starts + len(self._ridges)

    @abstractmethod
    def parameters(self, net: Any) -> list[Parameter]:
        """What L-BFGS moves."""

    @abstractmethod
    def problem(self, net: Any, frames: Frames) -> Problem:
        """The reduced problem on these frames, with its linear parameters eliminated."""

    def optimizer(self, net: Any) -> Optimizer:
        return LBFGS(
            self.parameters(net),
            lr=1,
            history_size=HISTORY,
            tolerance_grad=1e-16,
            tolerance_change=1e-18,
            line_search_fn="strong_wolfe",
        )

    def run(self, interval: int, net: Any, frames: Frames, optimizer: Optimizer, step: Step) -> dict[str, float]:
        if self._problem is None:
            self._problem = self.problem(net, frames.spread(self._n_frames))
        if interval < self._n_starts:
            return {"reduced_loss": self._screen(interval, net, optimizer, step)}
        ridge = self._ridges[interval - self._n_starts]
        return {"reduced_loss": self._descend(net, ridge, self._iterations, optimizer, step), "ridge": ridge}

    def refine(self, net: Any, frames: Frames, optimizer: Optimizer, step: Step) -> float:
        """Go on from the network as it is, on all of these frames, whose targets have improved. Returns the loss."""
        self._problem = self.problem(net, frames)
        return self._descend(net, self._ridges[-1], self._screening_iterations, optimizer, step)

    def state_dict(self) -> dict[str, Any]:
        return {"generator": self._generator.get_state(), "best": None if self._best is None else list(self._best)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._generator.set_state(state["generator"])
        self._best = None if state["best"] is None else tuple(state["best"])

    def _screen(self, start: int, net: Any, optimizer: Optimizer, step: Step) -> float:
        if start > 0:
            net.reset_functions(self._generator)
        loss = self._descend(net, self._ridges[0], self._screening_iterations, optimizer, step)
        if self._best is None or loss < self._best[0]:
            self._best = (loss, copy.deepcopy(net.state_dict()))
        if start == self._n_starts - 1:
            net.load_state_dict(self._best[1])
        return loss

    def _descend(self, net: Any, ridge: float, iterations: int, optimizer: Optimizer, step: Step) -> float:
        """L-BFGS for so many iterations at one ridge; a step into nonsense is taken back."""
        problem = self._problem
        assert problem is not None  # set by run
        before, loss_before = copy.deepcopy(net.state_dict()), problem.settle(net, ridge)
        optimizer.state.clear()  # the curvature of another ridge, or another start, says nothing here

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = problem.evaluate(net, ridge).loss
            loss.backward()
            return loss

        loss = last = float("inf")
        group = optimizer.param_groups[0]
        for done in range(0, iterations, self.chunk):
            group["max_iter"] = min(self.chunk, iterations - done)
            group["max_eval"] = 2 * group["max_iter"]
            step(closure)  # goes on from the curvature of the last chunk
            loss = problem.settle(net, ridge)
            if not loss < (1 - PROGRESS) * last:
                break
            last = loss
        if not loss <= loss_before:  # NaN included
            net.load_state_dict(before)
            loss = loss_before
        return loss
