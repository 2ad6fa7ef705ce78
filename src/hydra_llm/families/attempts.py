"""A fit is a result only if it beats plain baselines on the validation frames.

One that does not is tried again from another start and with stronger ridges, `training.retries` times; then the run
ends as FitFailed, with what was seen. A failed fit is never scored. One that beats them and leaves more than noise is
scored, and doubtful (families.doubt).
"""

import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from hydra_llm.data.windows import Frames
from hydra_llm.families.doubt import doubt
from hydra_llm.families.errors import FitFailed
from hydra_llm.families.fitting import Fit, FitContext
from hydra_llm.identifiability import unseen_states
from hydra_llm.identifiability.recorded_states import RecordedStates
from hydra_llm.schema.training import OpenTraining
from hydra_llm.systems.random_streams import stream_seed
from hydra_llm.training.baselines import baseline_losses
from hydra_llm.training.datamodule import RecordingDataModule

log = logging.getLogger(__name__)

RESOLVED = 1e-6  # losses below it are both perfect: which is smaller says nothing
CLEARLY = 0.99  # share of the best baseline's loss below which a fit beats it: an early checkpoint does so by a hair
STRONGER = 100.0  # factor of every ridge from one attempt to the next
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
    train, validation = _batch(data.train_dataloader()), _batch(data.val_dataloader())
    baselines = baseline_losses(train, validation, keys.must_beat)
    limit = max(RESOLVED, CLEARLY * min([1.0, *baselines.values()]))  # what leaves 1 explains nothing
    losses: list[float] = []
    minutes = 0.0
    for number in range(1 + keys.retries):
        tried = keys if number == 0 else another_start(keys, number)
        own = context if number == 0 else replace(context, folder=context.folder / f"retry_{number}", loggers=())
        if number:
            data.forget()  # targets that a failed network refined
        try:
            fitted = fit(tried, own)
        except FitFailed as error:
            log.warning("Attempt %d of %d: %s", number + 1, 1 + keys.retries, error)
            losses.append(float("nan"))
            continue
        reached = fitted.losses()["best_val_loss"] if loss is None else loss(fitted)
        losses.append(reached)
        minutes += fitted.minutes
        if not keys.must_beat or reached < limit:
            _keep(own, context)
            return replace(
                fitted,
                minutes=minutes,
                target=data.estimates.words,
                baselines=baselines,
                retries=number,
                doubt=doubt(reached, data.recorded("train"), is_oracle=data.method is None),
            )
        log.warning(
            "Attempt %d of %d failed after %.1f min: validation loss %.4g, %s.",
            *(number + 1, 1 + keys.retries, fitted.minutes, reached, _in_words(baselines)),
        )
    recorded, judged = (frames.activity.cpu().numpy() for frames in (train, validation))
    seen = f"{RecordedStates.of(recorded).sentence()} {unseen_states.sentence(recorded, judged)}".strip()
    raise FitFailed(_sentence(losses, baselines, seen, minutes))


def another_start(keys: Keys, number: int) -> Keys:
    """The keys of a retry: another seed of everything that is drawn, and ridges 100 times as strong each time."""
    changed: dict[str, Any] = {"seed": stream_seed(getattr(keys, "seed", 0), f"model_init/retry_{number}")}
    factor = STRONGER**number
    for name in RIDGES:
        value = getattr(keys, name, None)
        if value is not None:
            changed[name] = [factor * ridge for ridge in value] if isinstance(value, list) else factor * value
    return replace(keys, **changed)


def _sentence(losses: list[float], baselines: dict[str, float], seen: str, minutes: float) -> str:
    reached = ", ".join(f"{loss:.4g}" for loss in losses)
    return (
        f"The fit failed: it must beat {', '.join(baselines)} by 1 % on the validation frames "
        f"({_in_words(baselines)}), and left {reached} of the variance in {len(losses)} attempts ({minutes:.1f} min). "
        f"{seen} Record more frames or a richer activity, train longer, choose another training.target, "
        "or raise training.retries."
    )


def _in_words(baselines: dict[str, float]) -> str:
    return ", ".join(f"{name} {loss:.4g}" for name, loss in baselines.items()) or "no baseline"


def _keep(own: FitContext, context: FitContext) -> None:
    """The checkpoint of a retry takes the place of the failed one."""
    if own.folder == context.folder:
        return
    for path in (own.folder / "checkpoints").glob("best*.ckpt"):
        shutil.move(path, context.folder / "checkpoints" / path.name)
    shutil.rmtree(own.folder, ignore_errors=True)


def _batch(loader: Any) -> Frames:
    return next(iter(loader))
