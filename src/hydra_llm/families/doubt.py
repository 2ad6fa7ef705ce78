"""Whether a fit that beats the baselines explains its recording: if not, what it recovered may be wrong.

On validation frames a fit that has found the law leaves the noise of the target and nothing else. How much of the
change from frame to frame noise can be is read off the recording (estimation.noise). More than that, and the functions,
the weights or the kind of law are wrong somewhere.
"""

from hydra_llm.estimation.noise import HIGHER, noise_levels
from hydra_llm.estimation.recorded import Recorded
from hydra_llm.identifiability.recorded_states import RecordedStates

UNEXPLAINED = 0.01  # share of the variance of the validation target that a fit may leave beside noise
NOISE = (
    2.0  # times its share in the recorded change: validation frames may be calmer, a target is made of several frames
)


def noise_share(recorded: Recorded, *, is_oracle: bool) -> float | None:
    """How much of the variance of a target noise is at most; None: the recording is too short to tell.

    is_oracle: the target is the oracle derivative, which has no process noise.
    """
    recorded = recorded.sample()
    if max(own.stop - own.start for own in recorded.sequences()) <= HIGHER:
        return None
    measurement, process = noise_levels(recorded).shares()
    return min(1.0, measurement if is_oracle else measurement + process)


def doubt(left: float, recorded: Recorded, *, is_oracle: bool) -> str | None:
    """What to know of a fit that leaves this share of the variance of the validation target; "" where all is well, None
    where the noise cannot be told.
    """
    share = noise_share(recorded, is_oracle=is_oracle)
    if share is None or left <= UNEXPLAINED + NOISE * share:
        return None if share is None else ""
    states = RecordedStates.of(recorded.activity.cpu().numpy()).sentence()
    return (
        f"The fit is doubtful: it leaves {left:.2%} of the variance of the validation rates, and noise is at most "
        f"{share:.2%} of it. What was recovered may be wrong. {states} Record more frames or a richer activity, or "
        "choose a network that can express the law."
    )
