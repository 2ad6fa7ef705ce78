"""Which method suits a recording, by what the recording shows."""

from dataclasses import dataclass

from hydra_llm.choice import check_choice
from hydra_llm.estimation.differences import Difference, best_order
from hydra_llm.estimation.flow import Flow
from hydra_llm.estimation.method import Method
from hydra_llm.estimation.noise import HIGHER, noise_levels
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.estimation.smoothing import Smoothed
from hydra_llm.estimation.weak import Weak
from hydra_llm.schema.target import RECORDING, TargetKeys

_MAP = "the map from one frame to the next is fitted, corrected for what happens within it."
_EXACT = 1e-3  # relative error below which finite differences are as good as a derivative
_FELT = 0.01  # share of the change per frame, in variance, above which measurement noise is treated


@dataclass(frozen=True)
class Choice:
    """A method and, in a sentence, why it was taken."""

    method: Method
    sentence: str


def choose(keys: TargetKeys, recorded: Recorded, *, filters: bool = False) -> Choice:
    """The method that the keys name, or for target=auto the one that the training trajectory asks for.

    filters: the family fits its flow through a filter, so that measurement noise does it no harm.
    """
    check_choice("target", keys.target, RECORDING)
    recorded = recorded.sample()
    if keys.target == "auto":
        return _by_the_data(recorded, filters)
    if keys.target == "finite_difference":
        order = keys.difference_order
        if order == "auto":
            order, _ = best_order(recorded)
        return Choice(Difference(order), f"The target is {order} differences of the recording, as configured.")
    method: Method = {"flow": Flow, "smoothed": Smoothed, "weak": Weak}[keys.target]()
    return Choice(method, f"The target is the recording by {method.name}, as configured.")


def _by_the_data(recorded: Recorded, filters: bool) -> Choice:
    if max(own.stop - own.start for own in recorded.sequences()) <= HIGHER:
        return Choice(Flow(), f"The recording is cut into stretches too short to tell its noise; {_MAP}")
    order, error = best_order(recorded)
    levels = noise_levels(recorded)
    measurement, process = levels.shares()
    moves = recorded.external is not None and bool((recorded.external.diff(dim=0) != 0).any())
    if error < _EXACT and not moves:
        text = f"{order} differences have an error of {error:.0e} of the derivative: the recording is smooth."
        return Choice(Difference(order), text.capitalize())
    if levels.is_noise and measurement > max(_FELT, process):
        text = (
            f"Of the change from frame to frame, {measurement:.0%} in variance is measurement noise and {process:.0%} "
            "process noise;"
        )
        if filters:
            return Choice(Flow(), f"{text} the map from one frame to the next is fitted through a filter.")
        return Choice(Smoothed(), f"{text} the recording is smoothed by cross-validation.")
    if levels.is_noise and not moves:
        why = f"{process:.0%} of the change from frame to frame, in variance, is process noise"
    elif moves:
        why = "The input moves in steps, which no derivative sees"
    else:
        why = f"Differences are accurate to {error:.0e} only"
    return Choice(Flow(), f"{why}; {_MAP}")
