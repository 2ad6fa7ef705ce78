"""Is what one step misses white? What remains in its memory is law that the network has not found.

Measurement noise alone gives it a memory: noise g on both ends of a step and process noise s leave a correlation of
-g^2 / (2 g^2 + s^2) from one step to the next.
"""

import numpy as np

from hydra_llm.families.signal.recorded.channel_noise import ChannelNoise
from hydra_llm.families.signal.recorded.predictions import Next, Steps
from hydra_llm.families.signal.recorded.trust.verdict import UNTOLD, TrustVerdict, judged

TOLERANCE = 0.1  # of a correlation, beside what chance gives


def white_innovations(steps: Steps, step: Next, noise: ChannelNoise) -> TrustVerdict:
    """On the steps of held-out frames."""
    errors = steps.errors(step)
    follows = np.ones(len(errors) - 1, dtype=bool)
    if steps.first is not None:
        follows[steps.first.numpy()[1:] - 1] = False
    now, later = errors[:-1][follows], errors[1:][follows]
    memory = (now * later).sum(axis=0) / np.maximum((errors**2).sum(axis=0), 1e-300)
    return judged_memory(float(np.median(memory)), len(now), noise)


def judged_memory(found: float, n_steps: int, noise: ChannelNoise) -> TrustVerdict:
    """found: correlation of what a step misses with what the next one misses, median over units."""
    scores = {"test_innovation_correlation": found}
    if not noise.is_noise:
        return TrustVerdict(
            "Innovations",
            UNTOLD,
            "The recording is smooth, so what a step misses is the error of the fit itself, and cannot be white "
            f"(correlation from one step to the next: {found:.2f}).",
            scores,
        )
    g2, s2 = np.square(noise.measurement), np.square(noise.process)
    expected = float(np.median(-g2 / np.maximum(2 * g2 + s2, 1e-300)))
    limit = TOLERANCE + 2 / max(1, n_steps) ** 0.5
    sentence = (
        f"What a step misses has a correlation of {found:.3f} with what the next one misses (median over units); the "
        f"noise of the recording explains {expected:.3f}, and chance +-{limit:.2f}."
    )
    return judged("Innovations", abs(found - expected) < limit, sentence, scores)
