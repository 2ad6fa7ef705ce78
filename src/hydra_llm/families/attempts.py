"""A fit is a result only if it beats plain baselines on the validation frames.

One that does not is tried again from another start and with stronger ridges, `training.retries` times; then the run
ends as FitFailed, with what was seen. A failed fit is never scored. One that beats them and leaves more than noise is
scored, and doubtful (families.doubt); so is one that beats them on frames of its own recording only, where the
validation frames lie elsewhere (families.kept_back).
"""

import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from hydra_llm.families import kept_back
from hydra_llm.families.doubt import doubt
from hydra_llm.families.errors import FitFailed
from hydra_llm.families.fitting import Fit, FitContext
from hydra_llm.families.hurdle import Hurdle
from hydra_llm.families.resume import RETRY, forget_fit, leave
from hydra_llm.identifiability.recorded_states import RecordedStates
from hydra_llm.schema.training import OpenTraining
from hydra_llm.systems.random_streams import stream_seed
from hydra_llm.training.datamodule import RecordingDataModule

log = logging.getLogger(__name__)

STRONGER = 100.0  # factor of every ridge from one attempt to the next
SAME = 1e-6  # relative difference of two losses below which the start and the ridges decide nothing
RIDGES = ("projection_ridge", "spline_ridge", "W_solve_ridge", "closed_form_strength", "k_solve_ridge")

Keys = TypeVar("Keys", bound=OpenTraining)
AnyFit = TypeVar("AnyFit", bound=Fit)


def fit_that_beats_baselines(
    keys: Keys,
    data: RecordingDataModule,
    context: FitContext,
    fit: Callable[[Keys, FitContext], AnyFit],
    loss: Callable[[AnyFit], float] | None = None,
) -> AnyFit:
    """The first of `1 + retries` fits that beats every baseline of `training.must_beat`; its minutes are those of all.

    fit(keys, context): builds a network and fits it. loss: the share of the variance of the validation target that a
    fit leaves; None: its validation loss is that. Raises FitFailed.
    """
    log.info("%s", data.estimates.sentence)
    hurdle, left = Hurdle.of(data, keys), loss or _best_validation_loss
    unseen: str | None = None  # nobody looked yet
    losses: list[float] = []
    minutes = 0.0
    for number in range(1 + keys.retries):
        tried = keys if number == 0 else another_start(keys, number)
        own = context if number == 0 else replace(context, folder=context.folder / f"{RETRY}{number}", loggers=())
        if number:
            data.forget()  # targets that a failed network refined
        try:
            fitted = fit(tried, own)
        except FitFailed as error:
            log.warning("Attempt %d of %d: %s", number + 1, 1 + keys.retries, error)
            losses.append(float("nan"))
            continue
        losses.append(left(fitted))
        minutes += fitted.minutes
        found = partial(replace, fitted, target=data.estimates.words, baselines=hurdle.baselines, retries=number)
        if hurdle.passes(losses[-1]):
            _keep(own, context)
            return found(
                minutes=minutes, doubt=doubt(losses[-1], data.recorded("train"), is_oracle=data.method is None)
            )
        log.warning(
            "Attempt %d of %d failed after %.1f min: validation loss %.4g, %s.",
            *(number + 1, 1 + keys.retries, fitted.minutes, losses[-1], hurdle.words()),
        )
        if unseen is None:
            unseen = kept_back.elsewhere(hurdle)
            judged = kept_back.judged(keys, data, own, partial(fit, tried), left) if unseen else None
            minutes += 0.0 if judged is None else judged.minutes
            if judged is not None and judged.passed:
                _keep(own, context)
                return found(minutes=minutes, doubt=f"{judged.sentence} {unseen}")
        if number and abs(losses[-1] - losses[-2]) < SAME * losses[-1]:
            break  # nothing was drawn, and the evidence chose the ridges: another attempt would be the same
    forget_fit(context.folder)
    seen = f"{RecordedStates.of(hurdle.train.activity.cpu().numpy()).sentence()} {unseen or ''}".strip()
    raise FitFailed(_sentence(losses, hurdle, seen, minutes))


def another_start(keys: Keys, number: int) -> Keys:
    """The keys of a retry: another seed of everything that is drawn, and ridges 100 times as strong each time."""
    changed: dict[str, Any] = {"seed": stream_seed(getattr(keys, "seed", 0), f"model_init/retry_{number}")}
    factor = STRONGER**number
    for name in RIDGES:
        value = getattr(keys, name, None)
        if value is not None:
            changed[name] = [factor * ridge for ridge in value] if isinstance(value, list) else factor * value
    return replace(keys, **changed)


def _sentence(losses: list[float], hurdle: Hurdle, seen: str, minutes: float) -> str:
    reached = ", ".join(f"{loss:.4g}" for loss in losses)
    return (
        f"The fit failed: it must beat {', '.join(hurdle.baselines)} by 1 % on the validation frames "
        f"({hurdle.words()}), and left {reached} of the variance in {len(losses)} attempts ({minutes:.1f} min). "
        f"{seen} Record more frames or a richer activity, train longer, choose another training.target, "
        "or raise training.retries."
    )


def _best_validation_loss(fitted: Fit) -> float:
    return fitted.losses()["best_val_loss"]


def _keep(own: FitContext, context: FitContext) -> None:
    """The checkpoint of a retry takes the place of the failed one."""
    if own.folder == context.folder:
        return
    for path in (own.folder / "checkpoints").glob("best*.ckpt"):
        shutil.move(path, context.folder / "checkpoints" / path.name)
    leave(own.folder)
