"""Weights & Biases without a login: offline, said in one line, never a prompt. In a sweep a run knows its trial."""

import contextlib
import hashlib
import logging
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lightning.pytorch.loggers import Logger, WandbLogger

from hydra_llm import job
from hydra_llm.wandb_mode import choose_mode

log = logging.getLogger(__name__)

MAX_TAG = 64  # characters; the server refuses longer ones


def wandb_logger(
    *,
    project: str,
    entity: str | None,
    group: str | None,
    tags: Sequence[str],
    mode: str,
    save_dir: str,
    name: str | None = None,
    init_timeout_s: float = 30.0,
) -> Any:
    """A WandbLogger. mode auto: online with a login or key, offline without; WANDB_MODE in the environment wins.

    name: of a single run. In a sweep the run is named after its trial, grouped by sweep (job_type: block), tagged with
    role and proposer, and its config holds the trial's parent, mutation and configuration_id. A server that does not
    answer within `init_timeout_s` costs the upload, never the run.
    """
    import wandb

    chosen = choose_mode(mode)
    if chosen == "offline" and mode == "auto" and not os.environ.get("WANDB_MODE"):
        log.info("No W&B login found: logging offline to %s/wandb; `wandb sync` uploads it later.", save_dir)
    os.environ.setdefault("WANDB_SILENT", "true")
    if wandb.run is not None:  # of an earlier job of this process that was cut off
        wandb.finish()
    settings = wandb.Settings(console="off", x_disable_stats=True, init_timeout=init_timeout_s)
    place = {"project": project, "entity": entity, "save_dir": save_dir, "log_model": False, "settings": settings}
    trial = job.trial()
    about = _about(trial, group, tags) if trial is not None else {"group": group, "tags": list(tags), "name": name}
    if chosen == "online":
        logger = WandbLogger(**place, **about, offline=False, mode="online")
        try:
            _ = logger.experiment  # connects
            return logger
        except (wandb.Error, OSError) as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            log.warning("W&B does not answer (%s): logging offline to %s/wandb.", reason, save_dir)
    # mode as well: Lightning says offline in the environment, which wandb reads once per process
    return WandbLogger(**place, **about, offline=True, mode="offline")


def summarise(loggers: Sequence[Logger], metrics: Mapping[str, float], target: str) -> None:
    """Keys of the run's summary beside the metrics themselves.

    target: what was predicted, in words. selected/<metric>: what a search selects on; selected/minus_baseline: its
    difference to the baseline's mean as known at launch; test/<name>: held-out scores, which no search sees.
    """
    found: dict[str, float | str] = {"target": target}
    found |= {
        f"test/{name.removeprefix('test_')}": value for name, value in metrics.items() if name.startswith("test_")
    }
    trial = job.trial() or {}
    sought = trial.get("metric")
    several = sought if isinstance(sought, list) else [str(sought)]
    found |= {f"selected/{name}": metrics[name] for name in several if name in metrics}
    if isinstance(sought, str) and sought in metrics and trial.get("baseline") is not None:
        found["selected/minus_baseline"] = metrics[sought] - trial["baseline"]
    for logger in _ours(loggers):
        logger.experiment.summary.update(found)
    describe(loggers, target=target)


def describe(loggers: Sequence[Logger], **facts: object) -> None:
    """Plain keys of a run's config, by which runs are grouped and filtered: regime, family, target, block, ..."""
    for logger in _ours(loggers):
        logger.experiment.config.update(facts, allow_val_change=True)


@contextlib.contextmanager
def tracked(loggers: Sequence[Logger]) -> Iterator[None]:
    """Closes all loggers at the end, so that the next job of the same process opens its own.

    A run that an exception ends is a failed one at W&B, with the error in its summary; one that its sweep stopped is
    not.
    """
    try:
        yield
    except BaseException as error:
        _close(loggers, error)
        raise
    _close(loggers, None)


def _close(loggers: Sequence[Logger], error: BaseException | None) -> None:
    failed = error is not None and not isinstance(error, job.Stopped)
    for logger in loggers:
        logger.finalize("failed" if failed else "success")
    ours = _ours(loggers)
    if failed:
        for logger in ours:
            logger.experiment.summary.update({"error": f"{type(error).__name__}: {error}"})
    if ours:
        import wandb

        wandb.finish(exit_code=int(failed))


def _ours(loggers: Sequence[Logger]) -> list[WandbLogger]:
    return [logger for logger in loggers if isinstance(logger, WandbLogger)]


def _about(trial: Mapping[str, Any], group: str | None, tags: Sequence[str]) -> dict[str, Any]:
    """Arguments of wandb.init for a trial. The id is stable, so that a requeued job continues its own run."""
    folder = os.environ.get(job.LIMITS_VARIABLE, "")
    address = f"{socket.gethostname()}:{folder}:{trial['trial']}:{trial['attempt']}"
    proposer = str(trial["proposer"]).partition(" (")[0]
    return {
        "id": hashlib.sha256(address.encode()).hexdigest()[:16],
        "name": f"trial {trial['trial']}",
        "group": group or trial["sweep"],
        "job_type": f"block {trial['block']}" if trial["purpose"] == "search" else str(trial["purpose"]),
        "tags": [tag[:MAX_TAG] for tag in (*tags, f"role:{trial['role']}", f"proposer:{proposer}") if tag],
        "config": {"trial": dict(trial)},
    }
