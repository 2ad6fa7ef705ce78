"""Recovery under Lightning: a network, a sequence of phases, a validation after every interval.

Optimisation is manual: one training_step is one interval of a phase, many optimiser steps long, so that Lightning's
price is paid per interval and not per step. An epoch of Lightning is an interval here.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer

from hydra_llm.data.windows import Frames
from hydra_llm.training.phases.base import Phase, Resumable, Stepwise


def unexplained_variance(net: Callable[[Tensor, Tensor | None], Tensor], frames: Frames) -> Tensor:
    """Mean squared error of the one-step prediction over the variance of the target, scalar."""
    with torch.no_grad():
        error = net(frames.activity, frames.external) - frames.target
        return error.pow(2).mean() / frames.target.var(dim=0, unbiased=False).mean()


@runtime_checkable
class Planned(Protocol):
    """A LightningModule that knows how long it takes."""

    @property
    def n_intervals(self) -> int:
        """Epochs that the trainer has to run."""
        ...


class RecoveryModule(LightningModule):
    """Fits `net` to a recording by working through `phases`.

    Logs train_* per interval and val_loss, the share of the variance of the validation target that the network does not
    explain (0 is perfect, 1 is a constant), or what `validate(net, frames)` says. The best checkpoint is chosen on it.
    """

    def __init__(
        self, net: nn.Module, phases: Sequence[Phase], validate: Callable[[Any, Frames], Tensor] = unexplained_variance
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.net = net
        self._validate = validate
        self._phases = tuple(phase for phase in phases if phase.n_intervals)
        if not self._phases:
            raise ValueError(
                "There is nothing to fit with: every phase is empty. Set training.max_steps (or "
                "data_augmentation_loop) or training.projection_iterations above 0."
            )

    @property
    def n_intervals(self) -> int:
        return sum(phase.n_intervals for phase in self._phases)

    @property
    def is_resumable(self) -> bool:
        """Whether a checkpoint holds all that the rest of the fit depends on."""
        return all(isinstance(phase, Resumable) for phase in self._phases)

    def told_after(self, epoch: int) -> str:
        """What is fitted and how far it is: in rounds, or in steps, of which every tenth is told; "" in between."""
        number, interval = self._place(epoch)
        phase = self._phases[number]
        what = f"Fitting ({phase.name.replace('_', ' ')})"
        if not isinstance(phase, Stepwise):
            return f"{what}, round {interval + 1} of {phase.n_intervals}"
        before, done = phase.steps_after(interval - 1), phase.steps_after(interval)
        is_told = 10 * done // phase.n_steps > 10 * before // phase.n_steps
        return f"{what}, step {done:,} of {phase.n_steps:,}" if is_told else ""

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["phases"] = [p.state_dict() if isinstance(p, Resumable) else {} for p in self._phases]

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        for phase, state in zip(self._phases, checkpoint["phases"], strict=True):
            if isinstance(phase, Resumable):
                phase.load_state_dict(state)

    def configure_optimizers(self) -> list[Optimizer]:
        return [phase.optimizer(self.net) for phase in self._phases]

    def training_step(self, batch: Frames, batch_idx: int) -> None:
        number, interval = self._place(self.current_epoch)
        phase = self._phases[number]
        lightning_optimizers = self.optimizers()
        chosen = lightning_optimizers[number] if isinstance(lightning_optimizers, list) else lightning_optimizers
        assert hasattr(chosen, "optimizer")  # Lightning's wrapper
        plain: Optimizer = chosen.optimizer  # type: ignore[union-attr]
        counted = False

        def step(closure: Callable[[], Tensor]) -> Any:
            nonlocal counted
            if counted:
                return plain.step(closure)  # type: ignore[arg-type]  # torch types closures as floats
            counted = True  # Lightning has to see one step per interval, and its hooks cost too much for all
            return chosen.step(closure=closure)  # type: ignore[union-attr]

        with torch.enable_grad():
            logged = phase.run(interval, self.net, batch, plain, step)
        self.log_dict(logged, prog_bar=True, on_step=False, on_epoch=True, batch_size=1)

    def validation_step(self, batch: Frames, batch_idx: int) -> None:
        self.log("val_loss", self._validate(self.net, batch), prog_bar=True, batch_size=1)

    def _place(self, epoch: int) -> tuple[int, int]:
        """Which phase, and which of its intervals, an epoch is."""
        for number, phase in enumerate(self._phases):
            if epoch < phase.n_intervals:
                return number, epoch
            epoch -= phase.n_intervals
        raise IndexError(
            f"The fit has {self.n_intervals} intervals, interval {epoch + self.n_intervals} was asked for."
        )
