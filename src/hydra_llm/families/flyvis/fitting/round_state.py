"""What a round of filter and regression leaves for the next one, and for validation."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hydra_llm.families.flyvis.fitting.joint_filter import Noise
from hydra_llm.families.flyvis.model.gnn import FlyvisGNN

_FIRST_GAIN = 0.5  # with 1, a law of differences passes for right: its false leak whitens the errors
_FINER = 4  # times as many steps per frame; the usual ones are wrong by some 1 % of the increments
_FINE_BELOW = 0.3  # of the increments: smaller prediction errors are not noise alone, and show the steps of the map
_MESSAGE_ERROR = 1e-4  # share of a message's variance that is doubted where errors are as large as the increments


@dataclass
class RoundState:
    """gain: K [neuron] of the filter, between trust and doubt at first. error: of predicting a frame, as a share of the
    increments (standard deviations). slow: whether frames are far apart (slow_frames). noise: where one filter for all
    neurons has taken over from single gains (joint_filter), what it knows of the noise. unexplained: share of the
    variance of their target that the regressions left.
    """

    gain: Tensor | None = None
    error: float = 1.0
    slow: bool = False
    noise: Noise | None = None
    unexplained: float = 0.0

    def gain_of(self, net: FlyvisGNN) -> Tensor:
        if self.gain is None:
            self.gain = torch.full((net.n_neurons,), _FIRST_GAIN, dtype=net.W.dtype)
        return self.gain.to(net.W.device)

    @property
    def finer(self) -> int:
        """Times as many steps of the map from frame to frame as usual."""
        return _FINER if self.error < _FINE_BELOW else 1

    @property
    def doubt(self) -> float:
        """Share of a message's variance with which regressions count as its error: the law that corrected their targets
        is wrong, and without noise nothing else keeps its error out of directions that the data hardly show.
        """
        return _MESSAGE_ERROR * min(1.0, self.error)

    def take(self, gain: Tensor, squared_error: float, noise: Noise | None = None) -> None:
        self.gain, self.error = gain.cpu(), squared_error**0.5
        self.noise = None if noise is None else noise.to(self.gain)

    def state_dict(self) -> dict[str, Any]:
        noise = None if self.noise is None else tuple(self.noise)
        own = {"gain": self.gain, "error": self.error, "slow": self.slow, "noise": noise}
        return {**own, "unexplained": self.unexplained}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.gain, self.error = state["gain"], state["error"]
        self.slow, self.unexplained = state["slow"], state.get("unexplained", 0.0)  # older checkpoints lack it
        self.noise = None if state["noise"] is None else Noise(*state["noise"])
