"""The sweep's own run at W&B, where the application logs there; `hydra-llm sync` does the same by hand."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from hydra_llm.report.errors import ExportError
from hydra_llm.wandb_mode import choose_mode

log = logging.getLogger(__name__)


def track(folder: Path, options: Mapping[str, Any], config: DictConfig) -> None:
    """Write the run. A tracker is never worth a sweep: what goes wrong is a line in the log."""
    node = OmegaConf.select(config, "logger.wandb", default=None)
    node = node if isinstance(node, DictConfig) else OmegaConf.create({})
    project = options["wandb_project"] if options["wandb_project"] is not None else node.get("project")
    if not project:
        return
    from hydra_llm.report.wandb_run import write_run
    from hydra_llm.search.log.reader import read_sweep

    try:
        mode = choose_mode(str(node.get("mode") or "auto"))
        if mode != "disabled":
            where = write_run(
                read_sweep(folder),
                project=str(project),
                entity=node.get("entity"),
                mode=mode,
                tags=_plain_tags(node),
                choices=_choices(config),
            )
            log.info("The sweep's own W&B run is in %s.", where)
    except ExportError as error:
        log.warning("%s", error)
    except Exception as error:  # whatever a tracker raises
        log.warning("The sweep's W&B run could not be written (%s: %s).", type(error).__name__, error)


def _plain_tags(node: DictConfig) -> list[str]:
    """Those that do not ask what a job is: that is known in a job alone."""
    tags = OmegaConf.to_container(node, resolve=False).get("tags") or ()  # type: ignore[union-attr]
    return [str(tag) for tag in tags if "${hydra:" not in str(tag)]


def _choices(config: DictConfig) -> dict[str, str]:
    """The option of each config group of the application."""
    chosen = OmegaConf.select(config, "hydra.runtime.choices", default={})
    return {str(group): str(option) for group, option in chosen.items() if not str(group).startswith("hydra/")}
