"""Two checks of W by regressions on a changed recording, given the functions: more noise, and every second frame.

What noise in the regressors takes from weights grows with the noise, so adding some shows what is still taken
(simulation and extrapolation: Cook & Stefanski 1994, Journal of the American Statistical Association 89, 1314). A
derivative that is biased by the distance of frames is so the more with twice the distance.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from hydra_llm.estimation.recorded import Recorded
from hydra_llm.families.signal.fitting.given_functions import Terms, Weights, weights_given_functions
from hydra_llm.families.signal.recorded.channel_noise import ChannelNoise
from hydra_llm.families.signal.recorded.trust.verdict import UNTOLD, TrustVerdict, judged
from hydra_llm.systems.random_streams import stream

MOST = 10_000  # frames that are regressed again
ADDED = (0.5, 1.0)  # variance of the noise that is added, in that of the measurement noise that was found
BIAS = 0.05  # of the size of the weights, from which on a check fails
APART = 1.5  # standard errors (rms) by which weights of every second frame may differ: below 1 if they are right
FELT = 0.05  # share of the change per frame, in variance, below which measurement noise cannot have taken much

ADDED_NOISE, EVERY_SECOND = "Added noise", "Every second frame"
LEFT_OUT = "Left out (training.regress_again=false), as in the short runs of a search, whose score it does not enter."

Read = Callable[[Recorded], Terms]  # the regression for W on a recording like the fitted one, given the functions


@dataclass(frozen=True)
class Regressed:
    """The first MOST training frames at most, and W as they give it. synapses: bool [target, source]; None: any."""

    recorded: Recorded
    read: Read
    first: Weights
    synapses: Tensor | None

    @classmethod
    def of(
        cls, recorded: Recorded, read: Read, terms: Terms, synapses: Tensor | None, given: Weights | None = None
    ) -> "Regressed":
        """terms: of all training frames; given: W by these, where somebody has it."""
        part = recorded.part(slice(0, MOST))
        if part is not recorded:
            return cls(part, read, weights_given_functions(read(part), synapses), synapses)
        return cls(part, read, weights_given_functions(terms, synapses) if given is None else given, synapses)

    def again(self, changed: Recorded) -> tuple[Weights, np.ndarray]:
        """W of a changed recording, and where both determine it, bool [target, source]."""
        found = weights_given_functions(self.read(changed), self.synapses)
        return found, found.determined & self.first.determined

    def size(self, found: Weights, told: np.ndarray) -> float:
        """Of the changed recording's weights, in that of the first ones: the slope of a line through the origin, each
        weight counted by its precision."""
        first, precision = self.first.value[told], 1 / np.maximum(self.first.error[told] ** 2, 1e-300)
        return float((precision * found.value[told] * first).sum() / max((precision * first**2).sum(), 1e-300))


def added_noise(own: Regressed, noise: ChannelNoise, seed: int) -> TrustVerdict:
    """How the weights shrink as measurement noise is added, and what that says of the noise that is there."""
    check = ADDED_NOISE
    if not noise.is_noise or noise.levels.shares()[0] < FELT:
        return TrustVerdict(check, UNTOLD, "Hardly any measurement noise was found, so more of it says nothing.")
    activity, lost = own.recorded.activity, []
    draws = torch.randn(activity.shape, generator=stream(seed, "controls/added_noise"), dtype=torch.float64)
    draws *= torch.from_numpy(noise.measurement)
    for level in ADDED:
        noisier = (activity + level**0.5 * draws).to(activity)
        found, told = own.again(replace(own.recorded, activity=noisier))
        if not told.any():
            return TrustVerdict(check, UNTOLD, "With more noise the training frames determine no weight.")
        lost.append(1 - own.size(found, told))
    bias = float(np.dot(ADDED, lost) / np.dot(ADDED, ADDED))
    levels = " and ".join(f"{1 + level:g}" for level in ADDED)
    sizes = " and ".join(f"{1 - part:.3f}" for part in lost)
    sentence = (
        f"With {levels} times the variance of the measurement noise, weights given the functions are {sizes} times as "
        f"large. Extrapolated to none, the noise that is there has taken {bias:.1%} of them."
    )
    return judged(check, abs(bias) < BIAS, sentence, {"added_noise_bias": bias})


def every_second(own: Regressed) -> TrustVerdict:
    """Whether twice the distance of frames gives the same weights."""
    check = EVERY_SECOND
    found, told = own.again(own.recorded.every(2))
    if not told.any():
        return TrustVerdict(check, UNTOLD, "Every second training frame determines no weight.")
    size, moved = own.size(found, told), (found.value - own.first.value)[told]
    z = float(np.sqrt(((moved / np.maximum(found.error[told], 1e-300)) ** 2).mean()))
    apart = float(np.sqrt((moved**2).sum() / max((own.first.value[told] ** 2).sum(), 1e-300)))
    sentence = (
        f"Weights from every second training frame, given the functions, are {size:.3f} times as large and differ by "
        f"{apart:.1%} of their size, {z:.2f} standard errors (rms; below 1 if frames are dense enough)."
    )
    scores = {"every_second_size": size, "every_second_z": z}
    return judged(check, abs(size - 1) < BIAS and (z < APART or apart < BIAS), sentence, scores)


def left_out() -> tuple[TrustVerdict, TrustVerdict]:
    """Both, where nobody asks for the regressions that they take."""
    return TrustVerdict(ADDED_NOISE, UNTOLD, LEFT_OUT), TrustVerdict(EVERY_SECOND, UNTOLD, LEFT_OUT)
