"""Fit, look at the recording again with what was fitted, fit again."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.schema.target import TargetKeys
from hydra_llm.training.phases.base import FitData, Phase, Step

ROUND = "target_round"  # logged: a checkpoint of an earlier round was judged by other targets
SETTLED = 1e-3  # change of the targets, relative to what the network leaves of them, below which no fit would differ
_SAMPLE = 200  # frames that this is judged on: a whole recording may not fit into memory twice


class RefinementPhase:
    """At most n_rounds times: estimate the targets with the present network, then fit to them.

    inner: makes the phase of one round. The rounds end where the targets hardly change: under much process noise the
    second one is the last.
    """

    name = "refinement"

    def __init__(self, inner: Callable[[], Phase], data: FitData, n_rounds: int) -> None:
        self._make, self._data, self._n_rounds = inner, data, n_rounds
        self._inner = inner()
        self._reference: dict[str, Tensor] | None = None  # the network that the targets of this round come from
        self._is_refined = self._is_settled = False

    @classmethod
    def phases(cls, training: TargetKeys, data: FitData, inner: Callable[[], Phase]) -> list[Phase]:
        """The rounds that the keys, or else the method of the target, ask for; none where the method knows none."""
        wanted = data.n_refinements if training.refinements is None else training.refinements
        return [cls(inner, data, wanted)] if wanted and data.n_refinements else []

    @property
    def n_intervals(self) -> int:
        return self._n_rounds * self._inner.n_intervals

    def optimizer(self, net: Any) -> Optimizer:
        return self._inner.optimizer(net)

    def run(self, interval: int, net: Any, frames: Frames, optimizer: Optimizer, step: Step) -> dict[str, float]:
        done, within = divmod(interval, self._inner.n_intervals)
        logged = {ROUND: float(done + 1)}
        if (done or within) and not self._is_refined:  # resumed
            self._refine(net)
        if self._is_settled:
            return logged
        if within == 0:
            before = self._sample()
            self._inner, self._reference = self._make(), copy.deepcopy(net.state_dict())
            self._refine(net)
            now = self._sample()
            self._is_settled = done > 0 and _hardly_changed(before, now, net, frames.activity.device)
            if self._is_settled:
                return logged
        current = self._data.frames("train").to(frames.activity.device)
        return {**self._inner.run(within, net, current, optimizer, step), **logged}

    def state_dict(self) -> dict[str, Any]:
        return {"reference": self._reference, "settled": self._is_settled}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._reference, self._is_refined = state["reference"], False
        self._is_settled = state["settled"]

    def restore_targets(self, net: nn.Module) -> None:
        """Estimate the targets of the last round again, which a process that resumes does not have."""
        if self._reference is not None and not self._is_refined:
            self._refine(net)

    def _sample(self) -> Frames:
        return self._data.frames("train").spread(_SAMPLE)

    def _refine(self, net: nn.Module) -> None:
        """Targets by the network of the beginning of the round, of which a process that resumes has only the state."""
        reference = copy.deepcopy(net)
        assert self._reference is not None  # set at the beginning of every round
        reference.load_state_dict(self._reference)
        device = next(net.parameters()).device

        def field(u: Tensor, external: Tensor | None) -> Tensor:
            held = None if external is None else external.to(device)
            return reference(u.to(device), held).to(u.device)

        self._data.refine(field)
        self._is_refined = True


@torch.no_grad()
def _hardly_changed(before: Frames, now: Frames, net: nn.Module, device: torch.device) -> bool:
    """Whether the targets of the same frames differ by less than the network leaves of them."""
    if not torch.equal(before.activity, now.activity):
        return False
    now = now.to(device)
    left = (now.target - net(now.activity, now.external)).square().mean()
    changed = (now.target - before.target.to(device)).square().mean()
    return bool(changed <= SETTLED**2 * left)
