"""Fits of the same recipe to resampled recordings: their scatter is what the recording leaves uncertain about a fit.

It holds for any network, counts what the learned functions are uncertain by, and costs a fit for each. A bias that all
of them share it does not see.
"""

import logging
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from omegaconf import DictConfig, OmegaConf

from hydra_llm.data.resampled import resampled
from hydra_llm.families.errors import FitFailed
from hydra_llm.families.fitting import Fit, FitContext
from hydra_llm.systems.random_streams import stream_seed

log = logging.getLogger(__name__)

LEAST = 5  # fits that say something of a scatter
AnyFit = TypeVar("AnyFit", bound=Fit)


def with_replicates(
    fit: Callable[[Path, DictConfig, DictConfig, FitContext], AnyFit],
    dataset: Path,
    model: DictConfig,
    training: DictConfig,
    context: FitContext,
) -> AnyFit:
    """The fit, with the networks of `training.bootstrap` further ones to resampled recordings as its replicates.

    One that fails is left out; where fewer than LEAST are left there are none. Raises ValueError under target=drift.
    """
    n = int(training.bootstrap)
    if n and training.target == "drift":
        raise ValueError(
            f"training.bootstrap={n} resamples a recording, and training.target=drift fits the oracle derivative. Set "
            "training.bootstrap=0 or training.target=auto."
        )
    if 0 < n < LEAST:
        raise ValueError(f"training.bootstrap must be 0 or at least {LEAST}, got {n}. 20 are usual.")
    found = fit(dataset, model, training, context)
    if not n:
        return found
    log.info("Fitting %d resampled recordings for intervals, some %.1f minutes.", n, n * found.minutes)
    began, nets = time.monotonic(), []
    for number in range(n):
        net = _replicate(fit, dataset, model, training, context, number)
        nets += [] if net is None else [net]
        log.info("Resampled recording %d of %d: %s.", number + 1, n, "fitted" if net is not None else "its fit failed")
    minutes = found.minutes + (time.monotonic() - began) / 60
    if len(nets) < LEAST:
        log.warning("No intervals by resampling: %d of %d fits failed.", n - len(nets), n)
        return replace(found, minutes=minutes)
    return replace(found, minutes=minutes, replicates=tuple(nets))


def error_of(values: Sequence[np.ndarray]) -> np.ndarray:
    """The standard error of a parameter [...] that every replicate has estimated."""
    return np.std(values, axis=0, ddof=1)


def _replicate(
    fit: Callable[[Path, DictConfig, DictConfig, FitContext], Fit],
    dataset: Path,
    model: DictConfig,
    training: DictConfig,
    context: FitContext,
    number: int,
) -> Any | None:
    """The network of one; None where its fit failed."""
    seed = stream_seed(int(training.seed), f"bootstrap/{number}")
    own = OmegaConf.merge(training, {"seed": seed, "bootstrap": 0})
    assert isinstance(own, DictConfig)
    folder = context.folder / "bootstrap"
    shutil.rmtree(folder, ignore_errors=True)
    around = FitContext(folder / "fit", context.trainer, keep_checkpoint=False, reports=False)
    try:
        with _quiet():
            drawn = resampled(dataset, folder / "data", np.random.default_rng(seed))
            return fit(drawn, model, own, around).net
    except FitFailed as error:
        log.debug("%s", error)
        return None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """What a fit says of itself is said once."""
    ours = logging.getLogger("hydra_llm")
    before = ours.level
    ours.setLevel(logging.ERROR)
    try:
        yield
    finally:
        ours.setLevel(before)
