"""A second judge of a fit: frames of its own recording, where the validation frames lie elsewhere.

A recording that is short against the time that the system needs to come round may leave the region in which it is
validated unseen: a law found to the limit of the data predicts nothing there, and is behind a constant.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from hydra_llm.families.errors import FitFailed
from hydra_llm.families.fitting import Fit, FitContext
from hydra_llm.families.hurdle import Hurdle
from hydra_llm.families.resume import KEPT_BACK, leave
from hydra_llm.identifiability import unseen_states
from hydra_llm.schema.training import OpenTraining
from hydra_llm.training.datamodule import RecordingDataModule

log = logging.getLogger(__name__)

AnyFit = TypeVar("AnyFit", bound=Fit)

SHARE = 0.1  # of the training frames, at their end


def elsewhere(hurdle: Hurdle) -> str:
    """The sentence on validation frames that lie where the training frames never were; "" where they do not."""
    recorded, judged = (frames.activity.cpu().numpy() for frames in (hurdle.train, hurdle.validation))
    return unseen_states.sentence(recorded, judged)


@dataclass(frozen=True)
class Judgement:
    """passed: whether the fit beats the baselines where it was recorded; minutes: what it took to tell."""

    passed: bool
    sentence: str
    minutes: float


def judged(
    keys: OpenTraining,
    data: RecordingDataModule,
    context: FitContext,
    fit: Callable[[FitContext], AnyFit],
    loss: Callable[[AnyFit], float],
) -> Judgement | None:
    """The same fit again without the last training frames, and what it leaves of these; None where it fails."""
    log.info("Fitting again without the last %.0f%% of the training frames, to judge the fit on these.", 100 * SHARE)
    folder = context.folder / KEPT_BACK
    own = replace(context, folder=folder, loggers=(), keep_checkpoint=False, reports=False)
    with data.kept_back(SHARE):
        hurdle = Hurdle.of(data, keys)
        try:
            found = fit(own)
        except FitFailed as error:
            log.warning("%s", error)
            return None
        left = loss(found)
    leave(folder)
    part = f"the last {SHARE:.0%} of the training frames when fitted to the others"
    said = f"it leaves {left:.4g} of {part} ({hurdle.words()})"
    if hurdle.passes(left):
        sentence = f"The fit is behind the baselines on the validation frames, and ahead where it was recorded: {said}."
        return Judgement(True, sentence, found.minutes)
    log.warning("The fit is no better where it was recorded: %s.", said)
    return Judgement(False, f"Where it was recorded {said}.", found.minutes)
