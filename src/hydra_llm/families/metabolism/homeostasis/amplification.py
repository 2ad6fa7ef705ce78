"""Signal amplification: the node function counts `start` times in the loss, and less and less until it counts once.

At every change of the factor the node function is rescaled by the opposite one, and after every interval it is divided
out altogether: the response that is learned never jumps, and what is validated, stored and measured has factor 1.
"""

from dataclasses import dataclass

from hydra_llm.families.metabolism.homeostasis.submodels import scale_output
from hydra_llm.families.metabolism.model.gnn import ReactionGNN


@dataclass(frozen=True)
class Amplification:
    """factor: `start` at first, geometrically down to 1 at the share `until` of the training."""

    start: float
    until: float

    def __post_init__(self) -> None:
        if self.start < 1 or not 0 < self.until <= 1:
            raise ValueError(
                f"amplification must have start at least 1 and until above 0 and at most 1, got {self.start} and "
                f"{self.until}."
            )

    def factor(self, progress: float) -> float:
        return self.start ** max(0.0, 1 - progress / self.until)


NONE = Amplification(start=1.0, until=1.0)


class Gain:
    """The factor that is in force on one network, as a context: divided out on leaving it."""

    def __init__(self, net: ReactionGNN) -> None:
        self._net = net
        self.factor = 1.0

    def set(self, factor: float) -> None:
        if factor != self.factor:
            scale_output(self._net, self.factor / factor)
            self.factor = factor

    def __enter__(self) -> "Gain":
        return self

    def __exit__(self, *_: object) -> None:
        self.set(1.0)
