"""The parameters of a network after every interval of a fit, so that recovery over training can be scored afterwards.

A fit knows no truth, so it cannot score itself. It leaves copies, and whoever knows the truth reads them when the fit
is over: nothing that selects or stops can see these scores.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn

MOST = 40  # points of a curve
MOST_BYTES = 2**27  # of all copies together


class IntervalSnapshot(NamedTuple):
    """interval: 0 is the first one. step: at which loggers have the losses of that interval."""

    interval: int
    step: int
    state: dict[str, Tensor]


class IntervalSnapshots(Callback):
    """taken: copies of `net` on the CPU, evenly spread over the fit: at most MOST, in at most MOST_BYTES. They go into
    checkpoints that are written within `in_checkpoints()`, and make them large.
    """

    def __init__(self, net: nn.Module, *, most: int = MOST) -> None:
        size = sum(value.numel() * value.element_size() for value in net.state_dict().values())
        self._most = max(2, min(most, MOST_BYTES // max(1, size)))
        self._net, self._goes_into_checkpoints = net, False
        self._every = 1
        self.taken: list[IntervalSnapshot] = []

    @contextmanager
    def in_checkpoints(self) -> Iterator[None]:
        self._goes_into_checkpoints = True
        try:
            yield
        finally:
            self._goes_into_checkpoints = False

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        interval = trainer.current_epoch
        is_last = interval + 1 == trainer.max_epochs
        if interval % self._every and not is_last:
            return
        state = {name: value.detach().cpu().clone() for name, value in self._net.state_dict().items()}
        self.taken.append(IntervalSnapshot(interval, max(0, trainer.global_step - 1), state))
        while len(self.taken) > self._most:
            self._every *= 2
            last = self.taken[-1:] if is_last and interval % self._every else []
            self.taken[:] = [shot for shot in self.taken if shot.interval % self._every == 0] + last

    def state_dict(self) -> dict[str, Any]:
        if not self._goes_into_checkpoints:
            return {}
        return {"every": self._every, "taken": [tuple(snapshot) for snapshot in self.taken]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._every = state_dict.get("every", 1)
        self.taken[:] = [IntervalSnapshot(*values) for values in state_dict.get("taken", ())]
